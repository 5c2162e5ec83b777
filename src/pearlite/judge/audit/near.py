"""Rows that differ by less than measuring twice would make them differ.

Axes: N rows, D columns, P projections.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from pearlite.judge.audit.agreement import beyond_chance
from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import counted, number, rows_named

CLOSE = 1e-3  # of each column's spread
WIDER = 10.0  # times as far, where chance is measured
PROJECTIONS = 6
FEWEST_VALUES = 20  # distinct ones, from which a column is continuous
MOST_PAIRS, ASKED = 2_000_000, 1_000  # pairs looked at; rows from which their number is told


def find_near_duplicates(
    table: Prepared, measure: Measure | None, together: NDArray[np.int64] | None
) -> list[Finding]:
    """Find pairs whose numbers differ a little and whose other columns are equal.

    Parameters
    ----------
    table, measure
        What is looked at, and the quick model for the inflation.
    together
        Labels of rows that are known to belong together: pairs within one are no news.

    Notes
    -----
    For points that lie anywhere, pairs ten times as close are at least ten times rarer for every
    column in which they differ; the pairs within a wider distance therefore bound
    those that chance makes within the smaller one.
    """
    continuous = [
        c
        for c, kind in enumerate(table.kinds)
        if kind == "number" and table.distinct[c] >= FEWEST_VALUES
    ]
    if not continuous or table.rows < 10:
        return []
    numbers = table.numbers_ND[:, continuous]
    spread = np.nanquantile(numbers, 0.95, axis=0) - np.nanquantile(numbers, 0.05, axis=0)
    full = np.nanmax(numbers, axis=0) - np.nanmin(numbers, axis=0)
    spread = np.where(spread > 0, spread, full)
    scaled = np.nan_to_num(numbers / spread, nan=1e3)
    others = [c for c in range(table.codes_ND.shape[1]) if c not in continuous]
    close = _news(table, _pairs(scaled, CLOSE), others, together)
    if not len(close):
        return []
    wide = _news(table, _pairs(scaled, CLOSE * WIDER), others, together)
    apart = table.codes_ND[close[:, 0]] != table.codes_ND[close[:, 1]]
    told = max(1.0, float(np.median(apart.sum(1))))  # columns in which the pairs differ
    expected = max(0, len(wide) - len(close)) / WIDER ** min(3.0, told)
    if not beyond_chance(len(close), expected):
        return []
    first, later = np.sort(close, axis=1).T
    rows, place = np.unique(later, return_index=True)
    what = (
        f"{counted(len(rows), 'row')} {'differs' if len(rows) == 1 else 'differ'} from an earlier "
        f"one by less than {CLOSE:.1%} of the spread in every column; chance alone would make "
        f"{number(round(expected, 2))} such pairs. Keep one of each, or a column that names them."
    )
    inflation = (
        measure.grouped(_linked(table.rows, close), "near rows together") if measure else None
    )
    grave = inflation.real if inflation else len(rows) > 0.2 * table.rows
    where = tuple(p.replace("=", "like") for p in rows_named(table, rows, first[place]))
    return [Finding("near duplicates", grave, what, where, len(rows), inflation)]


def _pairs(scaled_ND: NDArray[np.float64], distance: float) -> NDArray[np.int64]:
    """Return pairs (M, 2) that no column separates by more, none if there are too many.

    Found among those that are near in a few random projections.
    """
    dimensions = scaled_ND.shape[1]
    seen_NP = scaled_ND
    if dimensions > PROJECTIONS:
        turned = np.random.default_rng(0).normal(size=(dimensions, PROJECTIONS))
        seen_NP = scaled_ND @ (turned / np.abs(turned).sum(0))  # never farther than a column is
    tree = KDTree(seen_NP)
    some = seen_NP[:: max(1, len(seen_NP) // ASKED)]
    around = tree.query_ball_point(some, distance, p=np.inf, return_length=True)
    if (np.mean(around) - 1) * len(seen_NP) / 2 > MOST_PAIRS:
        return np.empty((0, 2), np.int64)
    near = tree.query_pairs(distance, p=np.inf, output_type="ndarray").astype(np.int64)
    apart = np.zeros(len(near))
    for column in scaled_ND.T:
        np.maximum(apart, np.abs(column[near[:, 0]] - column[near[:, 1]]), out=apart)
    return near[apart <= distance]


def _news(
    table: Prepared,
    pairs: NDArray[np.int64],
    others: list[int],
    together: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """Keep pairs that are equal in the other columns, not equal in all, and not known as one."""
    left, right = table.codes_ND[pairs[:, 0]], table.codes_ND[pairs[:, 1]]
    keep = (left[:, others] == right[:, others]).all(1) & (left != right).any(1)
    for label in (together, table.group):
        if label is not None:
            keep &= label[pairs[:, 0]] != label[pairs[:, 1]]
    return pairs[keep]


def _linked(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(pairs)), pairs.T), shape=(count, count))
    return connected_components(edges, directed=False)[1].astype(np.int64)
