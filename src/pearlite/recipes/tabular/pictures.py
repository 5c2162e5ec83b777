"""The pictures of a table's report, drawn from the predictions and the facts in the run's folder.

Axes: N test rows, K classes.
"""

from typing import Any

import numpy as np
import pandas as pd

from pearlite.judge.classes import confusion
from pearlite.judge.scores import BINARY, CLASSES
from pearlite.recipes.tabular.reuse import OUTSIDE
from pearlite.see.confusion import draw_confusion
from pearlite.see.figure import framed, png
from pearlite.see.html import Html, tag
from pearlite.see.importance import draw_dependence, draw_importance
from pearlite.see.learning_curve import draw_learning_curve
from pearlite.see.page import side_by_side
from pearlite.see.predicted import draw_predicted, draw_probabilities
from pearlite.see.reliability import draw_reliability
from pearlite.see.residuals import draw_residuals, draw_residuals_by_group
from pearlite.see.style import panels, styled

HALF, THIRD = (4.6, 4.3), (3.3, 3.3)  # inches of pictures that share their row
MOST_CLASSES = 12  # in a confusion matrix


def first_pictures(test: dict[str, Any], predictions: pd.DataFrame) -> Html:
    """Return the two pictures that say most: what was predicted, and where it is wrong."""
    if test["goal"] in CLASSES:
        binary = test["goal"] == BINARY
        size = THIRD if binary else HALF
        shown = [_confusion(test, predictions, size), _reliability(test, size)]
        shown[1:1] = [_probabilities(test, predictions)] if binary else []
    else:
        shown = [_predicted(test, predictions), _residuals(test, predictions)]
    return side_by_side(*filter(None, shown))


def importance_pictures(test: dict[str, Any], explained: dict[str, Any]) -> Html:
    """Return what the model leans on, and how its answer follows the columns that matter most."""
    curves = explained["dependence"]
    unknown = tag("p", "No column that matters can be drawn as a curve.", class_="subtitle")
    return side_by_side(
        _importance(explained["importance"]), _dependence(curves) if curves else unknown
    )


@styled
def more_data_picture(curve: dict[str, Any]) -> Html:
    """Return the learning curve."""
    figure, axes = panels(size=(HALF[0], 3.2))
    law = curve["law"]
    draw_learning_curve(
        axes[0, 0],
        np.array(curve["sizes"]),
        np.array(curve["errors"]),
        np.array(law["size"]),
        np.array([law["value"], law["low"], law["high"]]),
        ("training rows", curve["label"]),
    )
    caption = "Points: measured on the validation part. Line: the fitted law with its 95 % band."
    return framed(png(figure), "Error against the number of training rows", caption)


@styled
def _predicted(test: dict[str, Any], rows: pd.DataFrame) -> Html:
    interval = rows[["low", "high"]].to_numpy().T
    truth, outside = rows["truth"].to_numpy(), rows[OUTSIDE].to_numpy(bool)
    missed = ((truth < interval[0]) | (truth > interval[1])).mean()
    figure, axes = panels(size=HALF)
    draw_predicted(
        axes[0, 0],
        truth,
        rows["prediction"].to_numpy(),
        interval,
        outside,
        test["target"],
    )
    hollow = " Hollow: unlike what was trained on." if outside.any() else ""
    caption = (
        f"The {len(rows):,} withheld rows, with 90 % intervals; {100 * missed:.0f} % of the truths "
        f"lie outside (orange).{hollow}"
    )
    return framed(png(figure), "Predicted against true values", caption)


@styled
def _residuals(test: dict[str, Any], rows: pd.DataFrame) -> Html:
    residual = (rows["truth"] - rows["prediction"]).to_numpy()
    figure, axes = panels(size=HALF)
    if "group" in rows:
        group = rows["group"].astype(str).to_numpy(str)
        shown = draw_residuals_by_group(axes[0, 0], residual, group)
        caption = (
            f"Residuals by group (and its rows): the {shown} of {len(np.unique(group))} withheld "
            "groups that are farthest off on average (orange)."
        )
    else:
        draw_residuals(axes[0, 0], rows["prediction"].to_numpy(), residual, test["target"])
        caption = "Residuals: a line that leaves zero shows where predictions are biased."
    return framed(png(figure), "Residuals", caption)


@styled
def _confusion(test: dict[str, Any], rows: pd.DataFrame, size: tuple[float, float]) -> Html | None:
    classes = [str(name) for name in test["classes"]]
    if len(classes) > MOST_CLASSES:
        return None
    truth, said = (_codes(rows, name, classes) for name in ("truth", "prediction"))
    figure, axes = panels(size=size)
    draw_confusion(axes[0, 0], confusion(truth, said, len(classes)))
    places = range(len(classes))
    axes[0, 0].set_xticks(places, classes, rotation=30 if len(classes) > 3 else 0)
    axes[0, 0].set_yticks(places, classes)
    caption = f"What was taken for what, among the {len(rows):,} withheld rows; orange: mistakes."
    return framed(png(figure), "Confusion matrix", caption)


def _codes(rows: pd.DataFrame, column: str, classes: list[str]) -> np.ndarray:
    return pd.Categorical(rows[column].astype(str), classes).codes.astype(int)


@styled
def _probabilities(test: dict[str, Any], rows: pd.DataFrame) -> Html:
    names = [str(name) for name in test["classes"]]
    figure, axes = panels(size=THIRD)
    share = rows[f"p {test['classes'][1]}"].to_numpy()
    draw_probabilities(axes[0, 0], _codes(rows, "truth", names) == 1, share, (names[0], names[1]))
    caption = "How often each probability was given to rows of either class."
    return framed(png(figure), "Predicted probabilities", caption)


@styled
def _reliability(test: dict[str, Any], size: tuple[float, float]) -> Html:
    bins = test["reliability"]["bins"]
    found = np.array([[b["found"][end] for end in ("value", "low", "high")] for b in bins]).T
    figure, axes = panels(size=size)
    draw_reliability(
        axes[0, 0],
        np.array([b["said"] for b in bins]),
        found[0],
        found[1:],
        np.array([b["count"] for b in bins]),
    )
    return framed(png(figure), "Reliability of probabilities", test["reliability"]["sentence"])


@styled
def _importance(found: dict[str, Any]) -> Html:
    height = max(2.0, 0.6 + 0.32 * min(len(found["names"]), 12))
    figure, axes = panels(size=(HALF[0], height))
    draw_importance(axes[0, 0], found["names"], np.array(found["loss"], np.float64), found["label"])
    elements = "Formulas are taken apart into elements. " if found["elements"] else ""
    caption = (
        "How much worse withheld predictions get when a column is shuffled; columns that go "
        f"together are shuffled together. {elements}Grey: perhaps no effect."
    )
    return framed(png(figure), "Importance of the columns", caption)


@styled
def _dependence(shown: list[dict[str, Any]]) -> Html:
    rows, columns = -(-len(shown) // 2), min(2, len(shown))
    figure, axes = panels(rows, columns, size=(HALF[0], 2.15 * rows if columns > 1 else HALF[1]))
    for axis, curve in zip(axes.flat, shown, strict=False):
        number = not isinstance(curve["values"][0], str)
        draw_dependence(
            axis,
            np.array(curve["values"]) if number else curve["values"],
            np.array(curve["mean"]),
            np.array([curve["low"], curve["high"]]),
            (curve["column"], curve["label"]),
            np.array(curve["local"]) if curve["local"] else None,
        )
    for axis in axes.flat[len(shown) :]:
        axis.remove()
    caption = (
        "How the prediction follows one column, all others as they are: mean (line) and the "
        "middle 80 % of single rows (band). Dotted: the mean from small steps that rows really "
        "take; where the two part, believe the dotted line."
    )
    return framed(png(figure), "Dependence on single columns", caption)
