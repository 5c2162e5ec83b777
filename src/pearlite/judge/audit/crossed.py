"""Rows that are equal but for one column, in which they are never equal: one thing, varied.

Equal rows that chance makes are at least as often equal in one more column as any two rows are.
Where each specimen is measured once at every setting they never are.
"""

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.agreement import pairs, row_hashes, within
from pearlite.judge.audit.prepared import Prepared

FILLED = 0.5  # share of all combinations of values that a planned experiment has, at least
FEWER = 0.5  # times as many equal values of the varied column as among any two rows, at most
EXPECTED = 25.0  # equal pairs, without which nothing can be said
COVERED = 0.2  # share of rows that are equal but for the column


def find_crossed(table: Prepared) -> list[int] | None:
    """Return the columns that stay when one other is varied, or ``None``.

    Columns that a declared group fixes are left aside.
    """
    hashes = row_hashes(table.codes_ND)
    base = [column for column in range(hashes.shape[1]) if not _is_of_group(table, column)]
    if len(base) < 2:
        return None
    key = hashes[:, base].sum(1)
    everything = pairs(key)
    most: tuple[float, int] | None = None
    for column in base:
        counts = table.counts[column].astype(np.float64)
        chance = (counts * (counts - 1)).sum() / (table.rows * (table.rows - 1.0))
        rest = key - hashes[:, column]
        agreeing = pairs(rest)
        if agreeing * chance < EXPECTED or everything > FEWER * agreeing * chance:
            continue
        covered = _covered(rest)
        if covered >= COVERED and (most is None or covered > most[0]):
            most = covered, column
    return None if most is None else [column for column in base if column != most[1]]


def is_planned(table: Prepared, columns: list[int]) -> bool:
    """Tell whether most combinations of the columns' values are there, as in a factorial design."""
    combinations = float(np.prod(table.distinct[columns].astype(np.float64)))
    different = len(np.unique(row_hashes(table.codes_ND[:, columns]).sum(1)))
    return different >= FILLED * combinations


def _is_of_group(table: Prepared, column: int) -> bool:
    """Tell whether the declared group says what stands in the column."""
    return table.group is not None and within(table.group, table.codes_ND[:, column])


def _covered(key: NDArray[np.uint64]) -> float:
    _, place, counts = np.unique(key, return_inverse=True, return_counts=True)
    return float((counts[place] > 1).mean())
