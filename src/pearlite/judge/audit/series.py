"""A series whose sensor stood still, or that says two things of one moment."""

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import counted, listed, row_name, rows_named

LONG = 20  # equal values in a row
USUAL = 5.0  # times as many as all but 1 % of the stretches of equal values have
VARIED = 20  # different values, from which a column is continuous


def find_series(table: Prepared) -> list[Finding]:
    """Look at a table whose rows are in the order of a column of dates, or of the declared time."""
    times = _times(table)
    if times is None:
        return []
    found = []
    twice = np.flatnonzero(np.diff(times) == 0) + 1
    if len(twice):
        what = (
            f"{counted(len(twice), 'row')} of the series {'has' if len(twice) == 1 else 'have'} "
            "the time of the row before."
        )
        found.append(Finding("repeated time", False, what, rows_named(table, twice), len(twice)))
    return found + _stuck(table)


def _stuck(table: Prepared) -> list[Finding]:
    still, names = np.zeros(table.rows, bool), []
    longest = (0, 0)
    for column, (name, kind) in enumerate(zip(table.names, table.kinds, strict=True)):
        if kind != "number" or table.distinct[column] < VARIED:
            continue
        starts, lengths = _stretches(table.codes_ND[:, column])
        bound = max(LONG, USUAL * float(np.quantile(lengths, 0.99)))
        for start, length in zip(starts[lengths >= bound], lengths[lengths >= bound], strict=True):
            still[start : start + length] = True
            longest = max(longest, (int(length), int(start)))
            names.append(name)
    if not names:
        return []
    rows = np.flatnonzero(still)
    columns = list(dict.fromkeys(names))
    what = (
        f"{listed(columns)} {'stands' if len(columns) == 1 else 'stand'} still in "
        f"{counted(len(rows), 'row')}, {longest[0]} at a time from {row_name(table, longest[1])} "
        "on: was the sensor stuck, or were gaps filled?"
    )
    begin = rows[np.diff(rows, prepend=-2) > 1]
    return [Finding("stuck values", False, what, rows_named(table, begin), len(rows))]


def _times(table: Prepared) -> NDArray[np.float64] | None:
    """Return the times of a table that is sorted by them, each hardly ever twice."""
    dates = [table.numbers_ND[:, c] for c, kind in enumerate(table.kinds) if kind == "date"]
    for times in [*([] if table.time is None else [table.time]), *dates]:
        steps = np.diff(times)
        if len(steps) and (steps >= 0).all() and (steps > 0).mean() > 0.95:
            return times
    return None


def _stretches(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row and the length of each stretch of equal, present values."""
    starts = np.flatnonzero(np.diff(codes, prepend=-2) != 0)
    lengths = np.diff(starts, append=len(codes))
    present = codes[starts] >= 0
    return starts[present], lengths[present]
