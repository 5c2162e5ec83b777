"""The page of a styling run: pictures first, then how near and how faithful, then caveats."""

from datetime import datetime
from typing import Any

from pearlite.data.read import read
from pearlite.recipes.repeat import repeat_section
from pearlite.recipes.style.pictures import limits, middle_plane, small, uri
from pearlite.run import TEST, Run
from pearlite.see import page, preview
from pearlite.see.curves import training_section
from pearlite.see.html import Html, tag

PICTURED = 6  # files of a run that are shown; the table lists all
OVERVIEW, DETAIL = 960, 192  # longest side of the overview, side of the detail, in pixels
_HEAD = ("image", "distance before", "after", "real", "boundaries kept", "time")


def html(run: Run) -> str:
    """Return the page of `run`, made from its folder."""
    test = run.read_json(TEST)
    names = list(test)
    single = test[names[0]] if len(names) == 1 else None
    title = f"{single['input'] if single else f'{len(names)} images'}, styled"
    sections = [
        part for name in names[:PICTURED] for part in _pictures(run, name, test[name], not single)
    ]
    if single:
        sections += [_numbers(single), _texture(single), _phases(single)]
        if single["loss"]:
            sections.append(training_section(single["loss"], "Distance of the patches, summed."))
    else:
        sections.append(page.section("All files", page.table(_rows(test), _HEAD)))
    return page.page(
        title, _subtitle(run, single), *sections, _caveats(run, test), repeat_section(run)
    )


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first: one line a file with what was measured on it."""
    return [_HEAD, *_rows(run.read_json(TEST))]


def _rows(test: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            facts["input"],
            *(_number(facts["texture"][name]) for name in ("before", "after", "floor")),
            _kept(facts)[0],
            f"{facts['seconds']['wall']:.1f} s",
        )
        for facts in test.values()
    ]


def _pictures(run: Run, name: str, facts: dict[str, Any], named: bool) -> list[Html]:
    after_CYX, which = middle_plane(read(run.results[name]))
    before_CYX, _ = middle_plane(read(run.path / "before" / f"{name}.tif"))
    theirs_CYX, _ = middle_plane(read(run.path / run.record["style"][0]["kept"]))
    shown, real = limits(after_CYX), limits(theirs_CYX)
    if facts["dtype"] == facts["result_dtype"] or facts["labelled"]:
        shown = real
    shrunk = [small(plane, OVERVIEW) for plane in (before_CYX, after_CYX)]
    words = [f"{after_CYX.shape[2]} × {after_CYX.shape[1]} pixels", which]
    overview = page.compare(
        *(uri(plane, shown) for plane in shrunk),
        shape=shrunk[1].shape[1:],
        caption="Drag the divider, or use the arrow keys. "
        f"{'; '.join(word for word in words if word)}.",
        labels=("before", "styled"),
    )
    reference = small(theirs_CYX, OVERVIEW)
    picture = page.picture(
        uri(reference, real), reference.shape[1:], "reference", "The reference.", exact=False
    )
    parts = [page.section(facts["input"] if named else "", page.side_by_side(overview, picture))]
    if max(after_CYX.shape[1:]) > DETAIL:
        square = preview.busiest(after_CYX[0], DETAIL)
        other = preview.busiest(theirs_CYX[0], DETAIL)
        closer = [
            page.picture(uri(plane, bounds, exact=True), plane.shape[1:], words, words)
            for plane, bounds, words in (
                (before_CYX[:, *square], shown, "before, pixel by pixel"),
                (after_CYX[:, *square], shown, "styled, the same place"),
                (theirs_CYX[:, *other], real, "a part of the reference"),
            )
        ]
        parts.append(page.section("", page.side_by_side(*closer)))
    return parts


def _numbers(facts: dict[str, Any]) -> Html:
    near, seconds = facts["texture"], facts["seconds"]
    kept, note = _kept(facts)
    cards = [
        (
            "Texture distance",
            _number(near["after"]),
            f"{_number(near['before'])} before; {_number(near['floor'])} between real images",
        ),
        ("Boundaries kept", kept, note),
        ("Time", f"{seconds['wall']:.1f} s", f"{seconds['cpu']:.1f} s of processor time"),
    ]
    return page.section("In numbers", page.tiles(cards))


def _kept(facts: dict[str, Any]) -> tuple[str, str]:
    """Return how well the phases are kept, and what that number is."""
    found = facts["boundaries"]
    if found is None:
        return (
            f"r = {facts['steepness']:.2f}",
            "correlation of the blurred gradients before and after; with labels, boundaries are "
            "sought instead",
        )
    real = facts["boundaries_of_reference"]
    said = "of the labels' boundaries, within 2 pixels, by a classifier of pixels"
    if real:
        said += f"; {real['found']:.1%} in the reference itself"
    return f"{found['found']:.1%}", said


def _texture(facts: dict[str, Any]) -> Html:
    near = facts["texture"]
    table = page.table(
        [
            (f"{scale} pixel{'s' * (int(scale) > 1)}", *(_number(value) for value in values))
            for scale, values in near["by_scale"].items()
        ],
        ("seen at", "before", "after", "real and real"),
    )
    withheld = (
        "a part of the reference that nothing was fitted to"
        if near["withheld"]
        else "half of the reference, which was fitted to as well"
    )
    said = (
        "Sliced Wasserstein distance of patches of 5 and 9 pixels, phase by phase, in standard "
        f"deviations of the reference's greys, from {withheld}. “Real and real” is the distance "
        "of the rest of the reference from it: no method can be asked for less."
    )
    return page.section("How near is the texture?", table, tag("p", said, class_="subtitle"))


def _phases(facts: dict[str, Any]) -> Html:
    found, real = facts["boundaries"], facts["boundaries_of_reference"]
    head = ["phase", "share of the content", "share of the reference", "mean grey there"]
    lines = [
        [
            f"label {one['value']:g}" if facts["labelled"] else f"phase {int(one['value']) + 1}",
            f"{one['content']:.1%}",
            f"{one['reference']:.1%}",
            f"{one['grey']:.4g}",
        ]
        for one in facts["classes"]
    ]
    said = "Greys were split into phases; like was compared with like."
    if found:
        head += ["IoU in the result"] + ["IoU in the reference"] * bool(real)
        for number, line in enumerate(lines):
            line += [_share(one, number) for one in (found, real) if one]
        said = (
            "IoU: a classifier of pixels learns from half of the squares of a chessboard and "
            "segments the others; how much of a phase it finds where the labels have it."
        )
    return page.section(
        "Are the phases where they were?",
        page.table(lines, head),
        tag("p", said, class_="subtitle"),
    )


def _share(found: dict[str, Any], number: int) -> str:
    value = found["iou_of"].get(str(number))
    return "absent" if value is None else f"{value:.3f}"


def _caveats(run: Run, test: dict[str, Any]) -> Html:
    sentences = list(dict.fromkeys(note for facts in test.values() for note in facts["notes"]))
    sentences.append(
        "A styled image shows what the microscope could have shown, not what it did: measure "
        "nothing on it but how a program copes with such images."
    )
    sentences += [f"{name} gave no result: {error}" for name, error in run.failures.items()]
    return page.section("To keep in mind", page.notes(sentences))


def _subtitle(run: Run, single: dict[str, Any] | None) -> str:
    when = datetime.fromisoformat(run.record["created"]).strftime("%d %B %Y, %H:%M")
    parts = ["pearlite style", when, run.options["method"]]
    if single:
        size = " × ".join(str(length) for length in single["shape"])
        parts.append(f"{size} ({single['axes']}), {single['result_dtype']}")
        if spacing := single["pixel_size"].get("X"):
            parts.append(f"{spacing:g} {single['unit']} a pixel")
    return " · ".join(parts)


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3f}"
