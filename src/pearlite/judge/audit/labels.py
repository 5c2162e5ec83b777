"""Targets that their inputs contradict.

Axes: N rows, K classes.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import counted, rows_named

ENOUGH = 100  # rows
LEAST = 0.025  # share of wrong labels in the half of the rows of which the model is surer
USUAL = 0.015  # share that a model of clean labels has there at most
EVEN = 0.7  # of the second quarter's number, less chance: overlapping classes have fewer
TELLING = 0.25  # balanced error above which the model cannot judge labels
DECADE = 10.0  # times, by which numbers that are judged by their logarithm spread
GROSS = 12.0  # standard deviations, taken from the 95 % of rows that are nearest


def find_label_noise(table: Prepared, measure: Measure | None) -> list[Finding]:
    """Find classes that are wrong where the quick model is surest, or numbers far from any answer.

    Classes that overlap are confused where the model is unsure; wrong labels are spread evenly. The
    rows are those whose class is improbable by the confident joint of Northcutt et al. (Journal of
    Artificial Intelligence Research 70, 1373, 2021). What was tuned here was measured on
    scikit-learn's wine, iris and digits, and on concrete, steels and diabetes cut into two classes.
    """
    if measure is None or len(measure.rows) < ENOUGH:
        return []
    return _classes(table, measure) if table.classes else _numbers(table, measure)


def _classes(table: Prepared, measure: Measure) -> list[Finding]:
    truth = measure.truth.astype(np.int64)
    shares = measure.answer
    wrong = shares.argmax(1) != truth
    recall = np.array([(~wrong)[truth == k].mean() for k in np.unique(truth)])
    surest = np.argsort(-shares.max(1), kind="stable")
    quarter = len(surest) // 4
    first, second, half = (
        wrong[surest[part]]
        for part in (slice(quarter), slice(quarter, 2 * quarter), slice(2 * quarter))
    )
    chance = float(binom.sf(half.sum() - 1, len(half), USUAL))
    even = first.sum() + np.sqrt(second.sum()) >= EVEN * second.sum()
    if 1 - recall.mean() > TELLING or half.mean() < LEAST or chance > 0.01 or not even:
        return []
    rows = _contradicted(shares, truth)
    what = (
        f"About {half.mean():.0%} of the classes look wrong: the model is contradicted even where "
        f"it is surest. {counted(len(rows), 'row')} are worth a look."
    )
    return [_finding(table, measure, what, rows)]


def _contradicted(shares_NK: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows that the confident joint puts into another class, the clearest first."""
    usual = np.array(
        [
            shares_NK[truth == k, k].mean() if (truth == k).any() else np.inf
            for k in range(shares_NK.shape[1])
        ]
    )
    confident = np.where(shares_NK >= usual, shares_NK, -1.0)
    other = confident.argmax(1)
    odd = np.flatnonzero((confident.max(1) >= 0) & (other != truth))
    margin = shares_NK[odd, other[odd]] - shares_NK[odd, truth[odd]]
    return odd[np.argsort(-margin, kind="stable")]


def _numbers(table: Prepared, measure: Measure) -> list[Finding]:
    truth = measure.truth
    answer = np.clip(measure.answer, truth.min(), truth.max())
    far = _far(truth - answer)
    low, high = np.quantile(truth, [0.05, 0.95])
    if truth.min() >= 0 and high > DECADE * low:
        least = np.quantile(truth[truth > 0], 0.05)
        far = np.minimum(far, _far(np.log(truth + least) - np.log(answer + least)))
    rows = np.flatnonzero(far > GROSS)
    if not len(rows) or len(rows) > 0.01 * len(truth) + 1:
        return []
    rows = rows[np.argsort(-far[rows])]
    what = (
        f"{table.target} of {counted(len(rows), 'row')} is more than {GROSS:.0f} standard "
        "deviations from what the other columns say."
    )
    return [_finding(table, measure, what, rows)]


def _far(left: NDArray[np.float64]) -> NDArray[np.float64]:
    away = np.abs(left - np.median(left))
    return away / (np.quantile(away, 0.95) / 1.96 or np.inf)


def _finding(table: Prepared, measure: Measure, what: str, rows: NDArray[np.int64]) -> Finding:
    where = rows_named(table, measure.rows[rows])
    return Finding("label noise", False, what, where, len(rows))
