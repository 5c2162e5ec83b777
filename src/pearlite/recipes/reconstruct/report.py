"""The page of a reconstruction: the volume first, then what it is worth, then caveats."""

import math
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.read import read
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.known import Known, Phases, too_small
from pearlite.recipes.reconstruct.low_runs import agreement_said, seen_beside
from pearlite.recipes.reconstruct.texture import seen_flat
from pearlite.recipes.reconstruct.told_apart import caveat
from pearlite.recipes.reconstruct.watch import GOAL
from pearlite.recipes.repeat import repeat_section
from pearlite.run import TEST, Run
from pearlite.see import page, preview
from pearlite.see.curves import training_section
from pearlite.see.figure import framed, png
from pearlite.see.html import Html, tag
from pearlite.see.volume_slices import orthoslices
from pearlite.see.volume_viewer import viewer

SHOWN = 256  # pixels a side of what is shown of an image
_MAIN = ("fraction", "surface", "interface", "two-point correlation", "mean chord", "faces")
_AXES = "zyx"  # normals of the images; one image stands for all
_SIGNS = {True: "passed", False: "failed"}


def html(run: Run, pictures: Pictures) -> str:
    """Return the page of `run`.

    Parameters
    ----------
    run
        A finished run.
    pictures
        What it learned from.
    """
    test = run.read_json(TEST)
    volume = read(next(iter(run.results.values())))
    array = np.asarray(volume.array)
    if "C" in volume.axes:
        array = np.moveaxis(array, -3, -1)
    about: dict[str, Any] = {}
    if spacing := volume.pixel_size.get("X"):
        about = {"voxel_size": spacing, "unit": volume.unit}
    structure = _table(run, "structure.csv")
    known = [Known(**each) for each in test["known"]]
    flat = pictures.dims == 2
    return page.page(
        f"{run.inputs[0].name}, a {'texture' if flat else 'volume'} of it",
        _subtitle(run, array.shape[: pictures.dims]),
        *(seen_flat(array, pictures) if flat else _seen(array, pictures, about)),
        *seen_beside(array, pictures),
        _numbers(test, known),
        _compared(structure, test, pictures),
        *([] if flat else [_transport(_table(run, "transport.csv"))]),
        training_section(_table(run, "history.csv"), _learned(test), GOAL),
        _caveats(test, known, structure, flat),
        repeat_section(run),
    )


def _seen(array: NDArray[Any], pictures: Pictures, about: dict[str, Any]) -> list[Html]:
    slices = framed(
        png(orthoslices(array, **about)),
        "three slices of the volume",
        "Slices of the volume in the middle of each axis.",
    )
    return [
        page.section("", viewer(array, title="The volume", **about)),
        page.section("Slices and the image", page.side_by_side(slices, *_images(pictures))),
    ]


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first: the fractions, surfaces and correlations."""
    shown = _AXES[: len(run.inputs) - ("factor" in run.options)]
    return [
        _HEAD,
        *(
            _row(row)
            for row in _table(run, "structure.csv")
            if row["measure"] in _MAIN[:4] and row["direction"] == "all" and row["slices"] in shown
        ),
    ]


def _table(run: Run, name: str) -> list[dict[str, Any]]:
    return pd.read_csv(run.path / name, dtype={"phase": str}).to_dict("records")


_HEAD = ("measure", "phase", "slices", "direction", "image", "made", "floor", "inside")


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["measure"],
        row["phase"],
        f"normal to {row['slices']}" if row["slices"] != "-" else "-",
        row["direction"],
        _number(row["real"]),
        f"{_number(row['generated'])} ({_number(row['low'])} to {_number(row['high'])})",
        f"± {_number(row['floor'])}",
        "yes" if row["inside"] else "no",
    )


def _images(pictures: Pictures) -> list[Html]:
    shown = []
    for number, labels in enumerate(Phases(pictures).images):
        part = labels[:SHOWN, :SHOWN]
        values = np.searchsorted(np.unique(labels), part).astype(np.float32)
        grey = preview.grey(values, (0.0, float(max(1, values.max()))))
        named = ("the image", "the second image", "the third image")[number]
        caption = f"{named.capitalize()}, {'x'.join(map(str, part.shape))} pixels of it."
        shown.append(page.picture(preview.data_uri(grey, exact=True), part.shape, named, caption))
    return shown


def _numbers(test: dict[str, Any], known: list[Known]) -> Html:
    cards = [
        ("Measures inside the floor", f"{test['inside']} of {test['measures']}", test["sentence"]),
        *([agreement_said(test["low"])] if "low" in test else []),
        *_told_apart(test["two_sample"]),
        *(
            (f"Phase {each.phase}", f"{each.share:.1%}", each.sentence() + " (95 %)")
            for each in known
        ),
    ]
    return page.section("In numbers", page.tiles(cards))


def _told_apart(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    if not found:
        return []
    value = f"{found['value']:.0%}" if "value" in found else "-"
    return [("Told from real slices", value, found["sentence"])]


def _compared(structure: list[dict[str, Any]], test: dict[str, Any], pictures: Pictures) -> Html:
    shown = _AXES[: pictures.different]
    main = [row for row in structure if row["measure"] in _MAIN and row["slices"] in shown]
    rest = [row for row in structure if row not in main]
    flat = pictures.dims == 2
    made = f"textures of {test['side']}² pixels" if flat else f"volumes of {test['side']}³ voxels"
    said = (
        f"{test['volumes']} {made}, each from its own seed, against pieces of the image. The floor "
        "is how far one real piece of this size is off: no more can be asked for. Two-point "
        "correlations and chord lengths are errors, 0 is perfect."
    )
    tables = [
        page.table([(*_row(r)[:-1], page.badge(_SIGNS[r["inside"]])) for r in part], _HEAD)
        for part in (main, rest)
    ]
    return page.section(
        "The textures against the image" if flat else "Slices of the volumes against the image",
        tag("p", said, class_="subtitle"),
        tables[0],
        page.details("All other measures and slices", tables[1]) if rest else None,
    )


def _transport(transport: list[dict[str, Any]]) -> Html:
    head = ("phase", "direction", "percolates", "effective diffusivity", "tortuosity factor")
    lines = []
    found = {(row["measure"], row["phase"], row["direction"]): row for row in transport}
    for measure, phase, direction in found:
        if measure != "diffusivity":
            continue
        flux = found[measure, phase, direction]
        share = found["percolating", phase, direction]
        fraction = found["fraction", phase, "all"]["mean"]
        factor = f"{fraction / flux['mean']:.3g}" if flux["mean"] > 0 else "∞"
        lines.append((phase, direction, _ranged(share), _ranged(flux), factor))
    return page.section(
        "Transport",
        tag(
            "p",
            "Of one phase among insulators: the share of it that reaches from side to side, its "
            "diffusivity over that of its bulk, and fraction over diffusivity. Mean and range over "
            "the same volumes. No image can confirm these numbers.",
            class_="subtitle",
        ),
        page.table(lines, head),
    )


def _learned(test: dict[str, Any]) -> str:
    began = test.get("began") or ""  # of a run stopped before it was written, or an older one
    said = (
        f"{began} The distances are those of the newest four small volumes from the image, "
        "made with the averaged weights, each measure's worst phase; fractions before they are "
        "corrected."
    )
    if test["near"] is None:
        return said
    return (
        f"{said} After {test['near']:.0%} of its time all were well below the floor at several "
        "rows, so learning went through the rest of its schedule in another tenth, and ended."
    )


def _ranged(row: Any) -> str:
    return f"{_number(row['mean'])} ({_number(row['low'])} to {_number(row['high'])})"


def _caveats(
    test: dict[str, Any], known: list[Known], structure: list[dict[str, Any]], flat: bool
) -> Html:
    said = [too_small(known), *test["notes"], caveat(test["two_sample"])]
    off = [f"{row['measure']} of {row['phase']}" for row in structure if not row["inside"]]
    if off:
        said.append(f"Outside the floor: {', '.join(dict.fromkeys(off))}.")
    if not flat:
        said.append(
            "One image says nothing of what cannot be seen in slices: two materials with the same "
            "slices may connect differently in space."
        )
    return page.section("To keep in mind", page.notes([each for each in said if each]))


def _subtitle(run: Run, shape: tuple[int, ...]) -> str:
    when = datetime.fromisoformat(run.record["created"]).strftime("%d %B %Y, %H:%M")
    cells = "pixels" if len(shape) == 2 else "voxels"
    return f"pearlite reconstruct · {when} · {' × '.join(map(str, shape))} {cells}"


def _number(value: float) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3g}"
