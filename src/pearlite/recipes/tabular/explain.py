"""What a fitted model leans on, how its answers follow single columns, and what more rows bring.

Axes: N rows, C columns, K classes.
"""

from time import monotonic
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.columns import describe
from pearlite.judge.dependence import dependence
from pearlite.judge.importance import REPEATS, Importance, importance
from pearlite.judge.related import related_columns
from pearlite.judge.scores import CLASSES
from pearlite.recipes.tabular.examine import answer
from pearlite.recipes.tabular.files import Model
from pearlite.recipes.tabular.more_data import more_data
from pearlite.recipes.tabular.prepare import Prepared, Settings
from pearlite.recipes.tabular.unfold import Unfolded
from pearlite.see.progress import track

FEWEST_ROWS = 100  # to shuffle
DRAWN = 4  # columns whose dependence is drawn
MOST_LEVELS = 20  # of a column whose dependence is drawn
SHARE = 0.25  # of the time, for importance and for dependence each


def explain(
    table: Prepared, model: Model, minutes: float, settings: Settings, progress: bool
) -> dict[str, Any]:
    """Explain a model on the test part; formulas are taken apart into their elements.

    Parameters
    ----------
    table, model
        What was fitted, and how it was divided.
    minutes
        That it may take, about.
    settings
        Of the run.
    progress
        Show bars.

    Returns
    -------
    dict
        ``importance``: ``names``, ``loss`` with its interval, ``label``, and whether ``elements``
        are among the names; ``dependence``: a dict a column; ``more_data``: see `more_data`, or
        None.
    """
    rows, end = table.split.test, monotonic() + 60 * minutes
    unfolded = Unfolded(table.inputs.iloc[rows])
    seconds = SHARE * 60 * minutes
    found = _importance(table, model, unfolded, seconds, settings.seed)
    columns = [name for each in found for name in each.columns if each.loss.value > 0]
    curves = _dependence(table, model, unfolded, columns, seconds, settings.seed, progress)
    metric = table.metric
    worse = "falls" if metric.higher_is_better else "grows"
    left = max(0.0, end - monotonic()) / 60
    return {
        "importance": {
            "names": [each.name for each in found],
            "loss": [[each.loss.value, each.loss.low, each.loss.high] for each in found],
            "label": f"{metric.title} {worse} by",
            "elements": bool(unfolded.elements),
        },
        "dependence": curves,
        "more_data": more_data(table, settings.seed, settings.workers, left, progress),
    }


def _importance(
    table: Prepared, model: Model, unfolded: Unfolded, seconds: float, seed: int
) -> list[Importance]:
    """Return the importance of sets of related columns, in about so many seconds."""
    frame, rows = unfolded.frame, table.split.test
    sets = related_columns(frame.loc[:, unfolded.common])
    if len(frame) < 2 or len(sets) < 2:
        return []

    def predict(changed: pd.DataFrame) -> NDArray[Any]:
        said = answer(model, unfolded.fold(changed), table.truth.classes, intervals=False)
        return said.to(table.metric)

    start = monotonic()
    predict(frame)
    affordable = seconds / (monotonic() - start) / len(sets)
    if affordable < 1:
        kept = max(FEWEST_ROWS, int(affordable * len(frame)))
        chosen = np.sort(np.random.default_rng(seed).permutation(len(frame))[:kept])
        frame, rows = frame.iloc[chosen], rows[chosen]
    return importance(
        predict,
        frame,
        table.truth.values[rows],
        table.metric,
        columns=sets,
        group=None if table.group is None else table.group[rows],
        weight=None if table.weight is None else table.weight[rows],
        repeats=int(np.clip(affordable, 1, REPEATS)),
        seed=seed,
    )


def _dependence(
    table: Prepared,
    model: Model,
    unfolded: Unfolded,
    columns: list[str],
    seconds: float,
    seed: int,
    progress: bool,
) -> list[dict[str, Any]]:
    """Return the curves of the first columns that can be drawn, until the time is up."""
    label, predict = _one_number(table, model, unfolded)
    drawable = {
        column.name
        for column in describe(unfolded.frame)
        if column.kind == "number"
        or (column.kind in ("flag", "category") and column.distinct <= MOST_LEVELS)
    }
    chosen = [name for name in columns if name in drawable][:DRAWN]
    curves, end = [], monotonic() + seconds
    for name in track(chosen, "Drawing dependence", show=progress):
        if monotonic() < end:
            curve = dependence(predict, unfolded.frame, name, seed=seed)
            facts = {"column": name, "label": label, "values": curve.values, "mean": curve.mean}
            curves.append(facts | {"low": curve.low, "high": curve.high, "local": curve.local})
    return curves


def _one_number(table: Prepared, model: Model, unfolded: Unfolded) -> tuple[str, Any]:
    """Return what is drawn, and the function that gives it: a number, or a class's probability."""
    if table.truth.goal not in CLASSES:
        return table.target, lambda frame: answer(
            model, unfolded.fold(frame), intervals=False
        ).middle(table.quantiles)
    codes = table.truth.values
    code = 1 if len(table.truth.classes) == 2 else int(np.bincount(codes).argmax())

    def share(frame: pd.DataFrame) -> NDArray[np.float64]:
        shares_NK = answer(model, unfolded.fold(frame), table.truth.classes).shares
        assert shares_NK is not None
        return shares_NK[:, code]

    return f"probability of {table.truth.classes[code]}", share
