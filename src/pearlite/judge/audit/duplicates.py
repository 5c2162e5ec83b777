"""Rows that are there more than once."""

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.agreement import beyond_chance, by_chance, labels, pairs, row_hashes
from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.prepared import Prepared, roughly
from pearlite.judge.audit.words import counted, number, quoted, rows_named


def find_duplicates(table: Prepared, measure: Measure | None) -> list[Finding]:
    """Find rows with equal inputs, or equal inputs and target, beyond what chance makes.

    Rows of one declared group are not compared.
    """
    columns = list(range(table.codes_ND.shape[1]))
    coarse, hashes = table.coarse_ND, row_hashes(table.codes_ND)
    observed, expected = _observed(table, hashes), 0.0
    if observed:
        expected = by_chance(coarse, hashes, columns)
    same_as = "the inputs"
    if not beyond_chance(observed, expected):
        if table.truth is None or table.classes or not observed:
            return []
        codes = np.unique(table.truth, return_inverse=True)[1].astype(np.int64)
        tenth = roughly(codes, table.truth)
        hashes = np.column_stack([hashes, row_hashes(codes[:, None], seed=1)])
        coarse = np.column_stack([coarse, tenth])
        observed = _observed(table, hashes)
        expected = by_chance(coarse, hashes, [*columns, len(columns)])
        same_as = f"the inputs and {table.target}"
        if not beyond_chance(observed, expected):
            return []
    return [_finding(table, measure, labels(hashes.sum(1)), same_as, expected)]


def _observed(table: Prepared, hashes_ND: NDArray[np.uint64]) -> float:
    key = hashes_ND.sum(1)
    if table.group is None:
        return pairs(key)
    return pairs(key) - pairs(key + row_hashes(table.group[:, None], seed=2)[:, 0])


def _finding(
    table: Prepared,
    measure: Measure | None,
    same: NDArray[np.int64],
    same_as: str,
    expected: float,
) -> Finding:
    first = np.unique(same, return_index=True)[1]
    later = np.setdiff1d(np.arange(table.rows), first)
    if table.group is not None:
        later = later[table.group[later] != table.group[first[same[later]]]]
    origin = first[same[later]]
    what = f"{counted(len(later), 'row')} {'has' if len(later) == 1 else 'have'} {same_as} of an "
    what += "earlier row"
    if table.truth is not None and same_as == "the inputs":
        equal = int((table.truth[later] == table.truth[origin]).sum())
        what += f", {equal} of them its {table.target} too"
    what += f"; chance alone would make {number(round(expected, 2))} equal pairs."
    inflation = measure.grouped(same, "equal rows together") if measure else None
    grave = inflation.real if inflation else len(later) > 0.2 * table.rows
    where = rows_named(table, later, origin)
    declare = _declare(table) if grave else ""
    return Finding("exact duplicates", grave, what, where, len(later), inflation, declare)


def _declare(table: Prepared) -> str:
    """Return a group that keeps equal rows together, and hardly any others."""
    if len(table.names) == 1:
        return f"--group {quoted(table.names)}"
    hashes = row_hashes(table.codes_ND)
    key = hashes.sum(1)
    loose = [pairs(key - column) for column in hashes.T]
    return f"--group {quoted([f'all but {table.names[int(np.argmin(loose))]}'])}"
