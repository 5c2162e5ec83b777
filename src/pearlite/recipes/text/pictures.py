"""The pictures of a run on texts, drawn from the predictions and the facts in its folder.

Axes: N test texts, K classes.
"""

from typing import Any

import numpy as np
import pandas as pd

from pearlite.judge.classes import confusion
from pearlite.judge.scores import CLASSES
from pearlite.see.confusion import draw_confusion
from pearlite.see.figure import framed, png
from pearlite.see.html import Html
from pearlite.see.page import side_by_side
from pearlite.see.predicted import draw_predicted
from pearlite.see.reliability import draw_reliability
from pearlite.see.residuals import draw_residuals
from pearlite.see.style import panels, styled

HALF = (4.6, 4.3)  # inches of pictures that share their row
MOST_CLASSES = 12  # in a confusion matrix


def first_pictures(test: dict[str, Any], predictions: pd.DataFrame) -> Html:
    """Return what was predicted, and how far to trust it."""
    if test["goal"] in CLASSES:
        shown = [_confusion(test, predictions), _reliability(test)]
    else:
        shown = [_predicted(test, predictions), _residuals(test, predictions)]
    return side_by_side(*filter(None, shown))


@styled
def _confusion(test: dict[str, Any], rows: pd.DataFrame) -> Html | None:
    classes = [str(name) for name in test["classes"]]
    if len(classes) > MOST_CLASSES:
        return None
    truth, said = (
        pd.Categorical(rows[name].astype(str), classes).codes.astype(int)
        for name in ("truth", "prediction")
    )
    figure, axes = panels(size=HALF)
    draw_confusion(axes[0, 0], confusion(truth, said, len(classes)))
    places = range(len(classes))
    axes[0, 0].set_xticks(places, classes, rotation=30 if len(classes) > 3 else 0)
    axes[0, 0].set_yticks(places, classes)
    caption = f"What was taken for what, among the {len(rows):,} withheld texts; orange: mistakes."
    return framed(png(figure), "Confusion matrix", caption)


@styled
def _reliability(test: dict[str, Any]) -> Html:
    bins = test["reliability"]["bins"]
    found = np.array([[b["found"][end] for end in ("value", "low", "high")] for b in bins]).T
    figure, axes = panels(size=HALF)
    draw_reliability(
        axes[0, 0],
        np.array([b["said"] for b in bins]),
        found[0],
        found[1:],
        np.array([b["count"] for b in bins]),
    )
    return framed(png(figure), "Reliability of probabilities", test["reliability"]["sentence"])


@styled
def _predicted(test: dict[str, Any], rows: pd.DataFrame) -> Html:
    interval = rows[["low", "high"]].to_numpy().T
    truth, said = rows["truth"].to_numpy(), rows["prediction"].to_numpy()
    missed = ((truth < interval[0]) | (truth > interval[1])).mean()
    figure, axes = panels(size=HALF)
    draw_predicted(axes[0, 0], truth, said, interval, None, test["target"])
    caption = (
        f"The {len(rows):,} withheld texts, with 90 % intervals; {100 * missed:.0f} % of the "
        "truths lie outside (orange)."
    )
    return framed(png(figure), "Predicted against true values", caption)


@styled
def _residuals(test: dict[str, Any], rows: pd.DataFrame) -> Html:
    figure, axes = panels(size=HALF)
    said = rows["prediction"].to_numpy()
    draw_residuals(axes[0, 0], said, rows["truth"].to_numpy() - said, test["target"])
    caption = "Residuals: a line that leaves zero shows where predictions are biased."
    return framed(png(figure), "Residuals", caption)
