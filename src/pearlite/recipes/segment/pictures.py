"""The pictures of a segmentation's page.

Axes: Y rows, X columns, 3 red, green and blue, K classes.
"""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pearlite.data.read import read
from pearlite.errors import InputError
from pearlite.recipes.segment.planes import Planes, opaque
from pearlite.recipes.segment.results import places
from pearlite.run import Run
from pearlite.see import page, preview
from pearlite.see.confusion import draw_confusion
from pearlite.see.figure import framed, png
from pearlite.see.html import Html, tag
from pearlite.see.style import styled

OVERVIEW = 1200  # pixels a side of a picture, at most
UNSURE = 600
MOST_CLASSES = 12  # in a confusion matrix
_SHARE = 1000  # a confusion matrix's rows add up to it


def legend(classes: dict[str, Any]) -> Html:
    """Return the classes with their colours and values."""
    known = zip(classes["names"], classes["colours"], classes["values"], strict=True)
    entries = [
        tag("span", tag("span", "■ ", style=f"color:{colour}"), f"{name} ({value})   ")
        for name, colour, value in known
    ]
    return tag("p", *entries, class_="subtitle")


def image_section(run: Run, name: str, facts: dict[str, Any], single: bool) -> list[Html]:
    """Return an image and its overlay with a divider between them, and where it is unsure."""
    files = places(run.path, None if single else name)
    drawn_YX3 = np.moveaxis(np.asarray(read(files["overlay"]).array), 0, -1)
    step = -(-max(drawn_YX3.shape[:2]) // OVERVIEW)
    drawn_YX3 = drawn_YX3[::step, ::step]
    shape = drawn_YX3.shape[:2]
    heading = "" if single else Path(facts["input"]).name
    try:
        plane_YX = _plane(run, facts)
    except InputError as error:
        shown = page.picture(preview.data_uri(drawn_YX3), shape, "labels", str(error))
    else:
        step = -(-max(plane_YX.shape) // max(shape))
        grey_YX = preview.grey(plane_YX[::step, ::step], preview.limits(plane_YX))
        shown = page.compare(
            preview.data_uri(grey_YX),
            preview.data_uri(drawn_YX3),
            shape=shape,
            caption="Drag the divider, or use the arrow keys.",
            labels=("image", "labels"),
        )
    words: list[Html] = []
    if verdict := facts["verdict"]:
        state = "failed" if verdict["outside"] else "passed"
        words.append(page.verdict(state, verdict["sentence"]))
    beside = page.side_by_side(_unsure(files["uncertainty"], facts), _particles(facts))
    return [page.section(heading, shown, *words), page.section("", beside)]


@styled
def confusion_picture(test: dict[str, Any]) -> Html | None:
    """Return how the withheld pixels of each class were labelled, in thousandths."""
    counts_KK = np.array(test["confusion"], float)
    names = test["classes"]["names"]
    if len(names) > MOST_CLASSES:
        return None
    shares_KK = _SHARE * counts_KK / np.maximum(counts_KK.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 0.55 * len(names)
    figure = Figure(figsize=(side + 1, side))
    axis = figure.subplots()
    draw_confusion(axis, shares_KK.round().astype(int))
    axis.set_xticklabels(names, rotation=30, ha="right")
    axis.set_yticklabels(names)
    return framed(
        png(figure),
        "Confusion matrix of the withheld pixels",
        "Withheld pixels: of a thousand of each class, how many got which label.",
    )


def _unsure(path: Path, facts: dict[str, Any]) -> Html:
    array = np.asarray(read(path).array)
    unsure_YX = array[tuple(n // 2 for n in array.shape[:-2])]
    small_YX = preview.shrink(unsure_YX, UNSURE)
    caption = (
        f"Where it is unsure: white pixels could as well be of another class. Mean "
        f"{facts['uncertainty']:.2f} of 1."
    )
    uri = preview.data_uri(preview.grey(small_YX, (0.0, 1.0)))
    return page.picture(uri, small_YX.shape, "uncertainty", caption)


def _particles(facts: dict[str, Any]) -> Html:
    """Return how many particles there are of each class, and how large they are."""
    known = facts["particles"]
    if not known["means"]:
        return tag("p", f"{known['count']:,} particles, in particles.csv.")
    rows = [
        (
            name,
            f"{own['count']:,}",
            *(_mean(own[size]) for size in ("diameter", "diameter_by_area")),
        )
        for name, own in known["means"].items()
    ]
    head = ("particles", "count", f"diameter ({facts['length']})", "weighted by area")
    words = "Mean equivalent diameters of whole particles with their 95 % intervals."
    return tag("div", page.table(rows, head), tag("p", words, class_="subtitle"))


def _mean(known: dict[str, float | None]) -> str:
    if known["value"] is None:
        return "–"
    reach = "" if known["high"] is None else f" ({known['low']:.3g} to {known['high']:.3g})"
    return f"{known['value']:.3g}{reach}"


def _plane(run: Run, facts: dict[str, Any]) -> NDArray[np.float32]:
    image = opaque(read(facts["input"], axes=run.options["axes"]))
    layout = Planes(tuple(image.array.shape), image.axes)
    piece_CYX = layout.read(image.array, len(layout) // 2)
    return piece_CYX[0].astype(np.float32)
