"""The page of a segmentation's run: pictures first, then numbers, then caveats."""

from datetime import datetime
from pathlib import Path
from typing import Any

from pearlite.card import model_card
from pearlite.data.split import Split
from pearlite.judge.interval import Interval
from pearlite.judge.looks import SPLIT
from pearlite.recipes.repeat import repeat_section
from pearlite.recipes.segment.pictures import confusion_picture, image_section, legend
from pearlite.run import TEST, Run
from pearlite.see import page
from pearlite.see.html import Html, tag

PICTURED = 6  # images on the page
LOAD = """
import pearlite as pl

run = pl.load({path!r})
labels = run.apply("new.tif")  # or an array
"""


def html(run: Run) -> str:
    """Return the page of `run`, made from its folder and its inputs."""
    test = run.read_json(TEST)
    images = test["images"]
    single = len(run.inputs) == 1
    first = Path(next(iter(images.values()))["input"]).name
    named = first if len(images) == 1 else f"{len(images)} images"
    title = f"{named}, segmented"
    sections = [page.section("", legend(test["classes"]))]
    for name, facts in list(images.items())[:PICTURED]:
        sections += image_section(run, name, facts, single)
    sections += [_numbers(test), _fractions(images, single), _model(test), _caveats(run, test)]
    return page.page(title, _subtitle(run, test), *sections, repeat_section(run))


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first: one line a score, the model beside the baselines."""
    test = run.read_json(TEST)
    return _scores(test) if test["metrics"] else _fraction_table(test["images"])


def card(run: Run) -> str:
    """Return the model card, as Markdown."""
    test = run.read_json(TEST)
    known = {name: own for name, own in test["metrics"].items() if own["value"] is not None}
    named = ", ".join(test["classes"]["names"])
    return model_card(
        "Segmentation",
        about=f"Gives every pixel of an image one of the classes: {named}.",
        network=f"method: {test['method']}",
        data=run.record["inputs"],
        split=Split.load(run.path / SPLIT),
        seed=run.seed,
        metrics={
            own["title"]: Interval(own["value"], own["low"], own["high"]) for own in known.values()
        },
        baselines={
            name: {
                known[key]["title"]: value
                for key, value in other.items()
                if key in known and value is not None
            }
            for name, other in test["baselines"].items()
        },
        limits=limits(run, test),
        load=LOAD.format(path=str(run.path)),
        looks=max(1, test["looks"]),
    )


def limits(run: Run, test: dict[str, Any]) -> list[str]:
    """Return sentences on what the numbers hold for, and for what they do not."""
    sentences = [test["split"], test["looks_sentence"]]
    if test["fractions"]:
        sentences.append(test["fractions"])
    if test["shared"] and test["metrics"]:
        sentences.append(
            "Training and test share images: the scores hold for more of the same images, not for "
            "new ones. They are those of a model that did not see the test part; the one that is "
            "kept learned from all labels."
        )
    if not test["metrics"]:
        sentences.append("Nothing was withheld, so nothing is known of how good the labels are.")
    told: dict[str, list[str]] = {}
    for own in test["metrics"].values():
        told.setdefault(own["note"], []).append(own["title"])
    sentences += [f"{note} ({', '.join(titles)})" for note, titles in told.items() if note]
    sentences += test["notes"]
    sentences += [note for facts in test["images"].values() for note in facts["notes"]]
    sentences += [f"{name} gave no result: {error}" for name, error in run.failures.items()]
    return list(dict.fromkeys(sentences))


def _numbers(test: dict[str, Any]) -> Html:
    if not test["metrics"]:
        return page.section("In numbers", tag("p", test["split"]))
    cards = []
    for name in ("macro", "micro", "fraction"):
        own = test["metrics"][name]
        beside = ", ".join(f"{k} {_number(v[name])}" for k, v in test["baselines"].items())
        title = own["title"][0].upper() + own["title"][1:]
        cards.append((title, _number(own["value"]), f"95 % interval {_interval(own)}; {beside}"))
    head, *lines = _scores(test)
    picture = confusion_picture(test)
    table = page.table(lines, head)
    beside = page.side_by_side(table, picture) if picture else table
    return page.section("In numbers", page.tiles(cards), beside)


def _scores(test: dict[str, Any]) -> list[tuple[str, ...]]:
    others = test["baselines"]
    lines = [
        (
            own["title"],
            _number(own["value"]),
            _interval(own),
            *(_number(other[name]) for other in others.values()),
        )
        for name, own in test["metrics"].items()
    ]
    return [("on the test part", "model", "95 % interval", *others), *lines]


def _fractions(images: dict[str, Any], single: bool) -> Html:
    """Return the area fractions: of one image in full, of several as a table."""
    title = "Area fractions"
    head, *lines = _fraction_table(images)
    if not single:
        return page.section(title, page.table(lines, head))
    (facts,) = images.values()
    cards = []
    for name, known in facts["fractions"].items():
        image, material = (
            f"{known[low]:.1%} to {known[high]:.1%}"
            for low, high in (("low", "high"), ("material_low", "material_high"))
        )
        note = f"90 % intervals: of this image {image}, of the material {material}"
        cards.append((name[0].upper() + name[1:], f"{known['value']:.2%}", note))
    return page.section(title, page.tiles(cards))


def _fraction_table(images: dict[str, Any]) -> list[tuple[str, ...]]:
    names = list(next(iter(images.values()))["fractions"])
    lines = [
        (Path(facts["input"]).name, *(_fraction(facts["fractions"][n]) for n in names))
        for facts in images.values()
    ]
    return [("image", *names), *lines]


def _fraction(known: dict[str, Any]) -> str:
    return f"{known['value']:.2%} ({known['low']:.1%} to {known['high']:.1%})"


def _model(test: dict[str, Any]) -> Html:
    return page.section("How it was decided", page.notes(test["reasons"] or ["As was asked for."]))


def _caveats(run: Run, test: dict[str, Any]) -> Html:
    return page.section("To keep in mind", page.notes(limits(run, test)))


def _subtitle(run: Run, test: dict[str, Any]) -> str:
    when = datetime.fromisoformat(run.record["created"]).strftime("%d %B %Y, %H:%M")
    how = "scribbles" if test["sparse"] else "masks"
    labelled = len(test["labelled"])
    learned = f"learned from {how} on {labelled} image{'s' * (labelled > 1)}"
    return " · ".join(["pearlite segment", when, learned, f"method: {test['method']}"])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(known: dict[str, Any]) -> str:
    if known["low"] is None or (known["low"], known["high"]) == (0.0, 1.0):
        return "not known"
    return f"{known['low']:.3f} to {known['high']:.3f}"
