"""Rows that are windows cut from one series so that they share values.

Axes: N rows, W columns of one window, in the order of the table.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import quoted, rows_named

FEWEST = 4  # columns that a window has at least
STRIDES = 24
SHARE = 0.2  # of the rows that must overlap with another
STRETCHES = 5
BEYOND = 5.0  # times as many rows as when windows are read backwards


def find_overlapping_windows(table: Prepared, measure: Measure | None) -> list[Finding]:
    """Find rows of which the end is the beginning of another row, not of one declared group.

    A declared time keeps all but the windows at the border apart.
    """
    if table.time is not None:
        return []
    columns = [c for c, kind in enumerate(table.kinds) if kind == "number"]
    if len(columns) < FEWEST or table.rows < 10:
        return []
    values_NW = table.numbers_ND[:, columns]
    for stride in range(1, min(len(columns) // 2, STRIDES) + 1):
        follower = _followers(values_NW, stride)
        if table.group is not None:
            follower = np.where(table.group[follower] == table.group, -1, follower)
        share = float((follower >= 0).mean())
        if share >= SHARE and share >= BEYOND * _by_chance(values_NW, stride):
            return [_finding(table, measure, follower, stride, len(columns), share)]
    return []


def _followers(values_NW: NDArray[np.float64], stride: int) -> NDArray[np.int64]:
    """Return the row that begins with this row's values from `stride` on, -1 if there is none."""
    return _matches(values_NW[:, stride:], values_NW[:, :-stride])


def _matches(ends: NDArray[np.float64], starts: NDArray[np.float64]) -> NDArray[np.int64]:
    random = np.random.default_rng(0).integers(2**63, size=ends.shape[1], dtype=np.uint64) | 1
    end_keys, start_keys = (
        (np.ascontiguousarray(part).view(np.uint64) * random).sum(1) for part in (ends, starts)
    )
    telling = (np.ptp(ends, axis=1) > 0) & np.isfinite(ends).all(1)
    order = np.argsort(start_keys, kind="stable")
    place = np.searchsorted(start_keys[order], end_keys)
    row = order[np.minimum(place, len(order) - 1)]
    same = telling & (start_keys[row] == end_keys) & (row != np.arange(len(row)))
    return np.where(same, row, -1)


def _by_chance(values_NW: NDArray[np.float64], stride: int) -> float:
    """Return the share of rows whose end, read backwards, is the beginning of another row."""
    ends, starts = values_NW[:, stride:][:, ::-1], values_NW[:, :-stride]
    return float((_matches(ends, starts) >= 0).mean())


def _finding(
    table: Prepared,
    measure: Measure | None,
    follower: NDArray[np.int64],
    stride: int,
    width: int,
    share: float,
) -> Finding:
    inflation = None
    if measure and len(measure.rows) == table.rows:
        position = _positions(follower)
        answer = np.full_like(measure.answer, np.nan)
        reach = -(-width // stride)
        cuts = np.quantile(position, np.linspace(0, 1, STRETCHES + 1))
        for low, high in pairwise(cuts):
            asked = (position >= low) & ((position < high) | (high == cuts[-1]))
            known = (position < low - reach) | (position >= high + reach)
            answer[asked] = measure.fit(known, asked) if known.any() else measure.answer[asked]
        inflation = measure.against(answer, "stretches of the series, windows apart")
    rows = np.flatnonzero(follower >= 0)
    what = (
        f"{share:.0%} of the rows are windows of {width} values that another row repeats, shifted "
        f"by {stride}: a random split tests on what was trained on. Split the series first and cut "
        "windows afterwards, or declare the column that says when each begins (--time)."
    )
    where = tuple(p.replace("=", "overlaps") for p in rows_named(table, rows, follower[rows]))
    grave = inflation.real if inflation else True
    dates = [name for name, kind in zip(table.names, table.kinds, strict=True) if kind == "date"]
    declare = f"--time {quoted(dates)}" if len(dates) == 1 else ""
    return Finding("overlapping windows", grave, what, where, len(rows), inflation, declare)


def _positions(follower: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each row stands when every row is put before its follower, chain after chain."""
    count = len(follower)
    starts = np.setdiff1d(np.arange(count), follower[follower >= 0])
    position = np.full(count, -1, np.int64)
    place = 0
    for start in [*starts.tolist(), *range(count)]:
        row = start
        while row >= 0 and position[row] < 0:
            position[row] = place
            place += 1
            row = int(follower[row])
    return position
