"""Rows that are there more than once."""

import numpy as np
from numpy.typing import NDArray

from pearlite.audit.agreement import by_chance, labels, pairs, row_hashes
from pearlite.audit.finding import Finding
from pearlite.audit.inflation import Measure
from pearlite.audit.prepared import Prepared
from pearlite.audit.words import counted, number, rows_named

BEYOND = 3.0  # times what chance gives, from which equal rows mean something


def find_duplicates(table: Prepared, measure: Measure | None) -> list[Finding]:
    """Find rows with equal inputs, more than chance makes, in different declared groups.

    Raises
    ------
    Nothing: a table without equal rows gives an empty list.
    """
    hashes = row_hashes(table.codes_ND)
    key = hashes.sum(1)
    same = labels(key)
    observed, expected = pairs(key), 0.0
    if table.group is not None:
        observed -= pairs(key + row_hashes(table.group[:, None], seed=1)[:, 0])
    if observed:
        columns = list(range(table.codes_ND.shape[1]))
        expected = by_chance(table.coarse_ND, hashes, columns)
    if not _means_something(observed, expected) and not _copied(table, hashes):
        return []
    first = np.unique(same, return_index=True)[1]
    later = np.setdiff1d(np.arange(table.rows), first)
    if table.group is not None:
        later = later[table.group[later] != table.group[first[same[later]]]]
    origin = first[same[later]]
    have = "has" if len(later) == 1 else "have"
    what = f"{counted(len(later), 'row')} {have} the inputs of an earlier row"
    if table.truth is not None:
        equal = int((table.truth[later] == table.truth[origin]).sum())
        what += f", {equal} of them its {table.target} too"
    what += f"; chance alone would make {number(expected)} equal pairs."
    inflation = measure.grouped(same, "equal rows together") if measure else None
    grave = inflation.real if inflation else len(later) > 0.2 * table.rows
    return [
        Finding(
            "exact duplicates",
            grave,
            what,
            rows_named(table, later, origin),
            len(later),
            inflation,
            "--group all",
        )
    ]


def _means_something(observed: float, expected: float) -> bool:
    return observed > BEYOND * expected + BEYOND * np.sqrt(expected)


def _copied(table: Prepared, hashes_ND: NDArray[np.uint64]) -> bool:
    """Tell whether inputs and a target of many values are equal together, beyond chance."""
    if table.truth is None or table.classes or table.group is not None:
        return False
    codes = np.unique(table.truth, return_inverse=True)[1].astype(np.int64)
    target_hash = row_hashes(codes[:, None], seed=1)
    observed = pairs(hashes_ND.sum(1) + target_hash[:, 0])
    if not observed:
        return False
    inner = np.quantile(table.truth, np.linspace(0.1, 0.9, 9))
    coarse = np.searchsorted(inner, table.truth, side="right")
    hashes = np.column_stack([hashes_ND, target_hash])
    both = np.column_stack([table.coarse_ND, coarse])
    columns = list(range(hashes.shape[1]))
    return _means_something(observed, by_chance(both, hashes, columns))
