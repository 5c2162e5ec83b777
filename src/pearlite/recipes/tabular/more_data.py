"""Whether more rows would help: the error of a quick portfolio at several sizes of training part.

Axes: N rows.
"""

from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.judge.learning_curve import learning_curve
from pearlite.judge.scores import CLASSES
from pearlite.recipes.tabular.examine import answer
from pearlite.recipes.tabular.files import Model
from pearlite.recipes.tabular.prepare import Prepared
from pearlite.recipes.tabular.train import new_estimator
from pearlite.see.progress import track

LEAST = 0.1  # share of the training part from which the curve begins
REPEATS = (3, 2, 2, 1, 1)  # different rows at each size
FEWEST = 20  # rows of the smallest training; the largest has at least three times as many
FEWEST_UNITS = 10  # rows or groups of the smallest training
MOST = 50_000  # rows of the largest, to spare the time
BEYOND = 4  # times the training part to which the law is drawn


def more_data(
    table: Prepared, seed: int, threads: int | None, minutes: float, progress: bool
) -> dict[str, Any] | None:
    """Measure a learning curve on the validation part; None where that cannot be.

    That is where there are too few rows, groups or rows of a class, more than `MOST` rows, or too
    little time.

    Returns
    -------
    dict
        ``sizes`` and ``errors`` as measured, ``law``: ``size``, ``value``, ``low`` and ``high`` of
        the fitted power law, ``label`` of the error, and a ``sentence``.
    """
    train, judged = table.split.train, table.split.validation
    units = len(train) if table.group is None else len(np.unique(table.group[train]))
    least = max(FEWEST, LEAST * len(train), FEWEST_UNITS / units * len(train))
    if not (3 * least <= len(train) <= MOST and len(judged)):
        return None
    sizes = np.geomspace(least, len(train), len(REPEATS)).round().astype(int).tolist()
    random = np.random.default_rng(seed)
    repeats = dict(zip(sizes, REPEATS, strict=True))
    end = monotonic() + 60 * minutes

    def errors(size: int) -> list[float]:
        found = []
        for _ in range(repeats[size]):
            rows = _some(table, train, size, random)
            model = new_estimator(
                table,
                quality="fast",
                minutes=max(0.0, (end - monotonic()) / 60),
                seed=seed,
                threads=threads,
            )
            model.fit(table.inputs.iloc[rows], table.truth.labels[rows], **table.of(rows))
            if model.portfolio_.stopped:
                raise TimeoutError if model.portfolio_.stopped == "minutes" else KeyboardInterrupt
            found.append(_error(table, judged, model))
        return found

    counted = track(sizes, "Measuring the learning curve", show=progress)
    try:
        measured = {size: errors(size) for size in counted}
    except (InputError, TimeoutError):  # a small part lacks a class
        return None
    curve = learning_curve(measured.__getitem__, sizes, seed=seed)
    shown = np.geomspace(sizes[0], BEYOND * sizes[-1], 60)
    law = [curve.at(size) for size in shown]
    metric = table.metric
    return {
        "label": f"1 − {metric.title}" if metric.higher_is_better else metric.title,
        "sizes": curve.sizes,
        "errors": curve.errors,
        "law": {
            "size": shown,
            "value": [point.value for point in law],
            "low": [point.low for point in law],
            "high": [point.high for point in law],
        },
        "sentence": curve.worth(),
    }


def _some(
    table: Prepared, rows: NDArray[np.int64], size: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return about `size` rows: the latest, or at random in whole groups, or of every class."""
    if size >= len(rows):
        return rows
    if table.time is not None:
        return np.sort(rows[np.argsort(table.time[rows], kind="stable")[-size:]])
    if table.group is not None:
        _, unit = np.unique(table.group[rows], return_inverse=True)
    elif table.truth.goal in CLASSES:
        return _of_each_class(table.truth.values, rows, size, random)
    else:
        unit = np.arange(len(rows))
    order = random.permutation(unit.max() + 1)
    taken = np.bincount(unit)[order].cumsum() <= size
    taken[0] = True
    return rows[np.isin(unit, order[taken])]


def _of_each_class(
    codes: NDArray[np.int64], rows: NDArray[np.int64], size: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return rows of which every class has its share, and at least one."""
    shuffled = rows[random.permutation(len(rows))]
    kept = []
    for code in np.unique(codes[rows]):
        members = shuffled[codes[shuffled] == code]
        kept.append(members[: max(1, round(size * len(members) / len(rows)))])
    return np.sort(np.concatenate(kept))


def _error(table: Prepared, judged: NDArray[np.int64], model: Model) -> float:
    said = answer(model, table.inputs.iloc[judged], table.truth.classes, intervals=False)
    weight = None if table.weight is None else table.weight[judged]
    score = table.metric(table.truth.values[judged], said.to(table.metric), weight)
    return 1 - score if table.metric.higher_is_better else score
