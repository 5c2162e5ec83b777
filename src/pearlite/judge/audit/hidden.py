"""Groups that nobody declared: rows that agree in all columns but few, beyond any chance.

Many rows of one specimen, mix or person repeat what describes it and differ in what was varied. A
model that has seen some of them knows the answer to the others.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.agreement import NEVER, by_chance, labels, pairs, row_hashes
from pearlite.judge.audit.crossed import find_crossed, is_planned
from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import counted, listed, quoted, rows_named

LIFT = 10.0  # times as many agreeing pairs as by chance
SURE = 100.0
COVERED = 0.05  # least share of rows that agree with another
MOST_COLUMNS = 40
MOST_STARTS = 12
SEARCHED = 10_000  # rows
MOST_OTHERS = 12  # columns that "all but" names at most, unless the group has more
BREAK = 0.7  # a column that leaves fewer of the agreeing pairs was varied, not repeated

Hashes = NDArray[np.uint64]


def find_hidden_groups(
    table: Prepared, measure: Measure | None
) -> tuple[list[Finding], NDArray[np.int64] | None]:
    """Find the columns that repeat together in most rows, across declared groups.

    Returns
    -------
    findings
        One, or none.
    together
        A label a row: which rows belong together; ``None`` without a finding.
    """
    best: tuple[float, list[int], float] | None = None
    sample = _distinct_rows(table)
    if len(sample) < 10:
        return [], None
    codes, coarse = table.codes_ND[sample], table.coarse_ND[sample]
    hashes = row_hashes(codes)
    group = np.zeros(len(sample), np.int64) if table.group is None else table.group[sample]
    group_hash = None if table.group is None else row_hashes(group[:, None], seed=1)[:, 0]
    named = (coarse == NEVER).all(0)
    for columns in _candidates(hashes, group_hash):
        if len(columns) == 1 and not named[columns[0]]:
            continue
        if table.codes_ND.shape[1] == len(columns):
            continue
        key = hashes[:, columns].sum(1)
        covered = _covered(key, group_hash)
        if covered < COVERED:
            continue
        expected = by_chance(coarse, hashes, columns)
        lift = _agreeing(key, group_hash) / max(expected, 0.5)
        if lift >= LIFT and (best is None or covered * np.log(lift) > best[0]):
            best = covered * float(np.log(lift)), columns, float(lift)
    sets = [] if best is None else [(best[1], best[2])]
    crossed = find_crossed(table)
    if crossed is not None:
        sets.append((crossed, 0.0))
    for columns, lift in sets:
        label = labels(row_hashes(table.codes_ND[:, columns]).sum(1))
        found = _finding(table, measure, sorted(columns), label, lift)
        if found:
            return found, None if is_planned(table, columns) else label
    return [], None


def _finding(
    table: Prepared,
    measure: Measure | None,
    columns: list[int],
    label: NDArray[np.int64],
    lift: float,
) -> list[Finding]:
    names = [table.names[column] for column in columns]
    others = [name for name in table.names if name not in names]
    brief = len(others) <= max(len(names), MOST_OTHERS)
    by = f"all but {','.join(others)}" if brief else ",".join(names)
    sizes = np.bincount(label)
    shared = sizes[label] > 1
    inflation = measure.grouped(label, f"grouped by {by}") if measure else None
    sure = lift >= SURE and shared.mean() >= 4 * COVERED
    real = inflation.real if inflation else sure
    if not inflation and lift < LIFT:
        return []
    if inflation and not real and not (sure and table.group is None):
        return []
    planned = is_planned(table, columns)
    same = f"in everything but {listed(others)}" if brief else f"in {listed(names)}"
    across = " of another declared group" if table.group is not None else ""
    what = (
        f"{shared.mean():.0%} of the rows equal another row{across} {same}: "
        f"{len(sizes):,} different things, measured up to {counted(int(sizes.max()), 'time')}."
    )
    if planned:
        what += (
            f" Most combinations of {listed(names)} are there, as in a planned experiment: declare "
            "the group if such rows are of one specimen."
        )
    first = np.unique(label, return_index=True)[1]
    later = np.setdiff1d(np.flatnonzero(shared), first)
    declare = f"--group {quoted([by])}"
    where = rows_named(table, later, first[label[later]])
    where = tuple(pair.replace("=", "like") for pair in where)
    grave = real and not planned
    return [Finding("hidden group", grave, what, where, int(shared.sum()), inflation, declare)]


def _distinct_rows(table: Prepared) -> NDArray[np.int64]:
    """Return rows that are all different, at most `SEARCHED`, in their order."""
    first = np.unique(row_hashes(table.codes_ND).sum(1), return_index=True)[1]
    first.sort()
    if len(first) <= SEARCHED:
        return first
    random = np.random.default_rng(0)
    return np.sort(random.choice(first, SEARCHED, replace=False))


def _agreeing(key: Hashes, group_hash: Hashes | None) -> float:
    return pairs(key) - (0.0 if group_hash is None else pairs(key + group_hash))


def _covered(key: Hashes, group_hash: Hashes | None) -> float:
    label = labels(key)
    if group_hash is None:
        return float((np.bincount(label)[label] > 1).mean())
    groups_of = np.unique(np.column_stack([label, labels(group_hash)]), axis=0)[:, 0]
    return float((np.bincount(groups_of)[label] > 1).mean())


def _candidates(hashes: Hashes, group_hash: Hashes | None) -> Iterator[list[int]]:
    """Yield sets of columns after which no further column agrees as well.

    From each of the most telling columns, the column that keeps the most agreeing pairs is added
    until none is left; a set ends where the next would break most pairs.
    """
    single = np.array([_agreeing(column, group_hash) for column in hashes.T])
    useful = [int(c) for c in np.argsort(single) if 0 < single[c] < pairs(np.zeros(len(hashes)))]
    useful = useful[:MOST_COLUMNS]
    seen: set[frozenset[int]] = set()
    for start in useful[:MOST_STARTS]:
        chosen, count = [start], single[start]
        while len(chosen) < len(useful) and frozenset(chosen) not in seen:
            seen.add(frozenset(chosen))
            key = hashes[:, chosen].sum(1)
            label = labels(key)
            some = np.flatnonzero(np.bincount(label)[label] > 1)
            within = None if group_hash is None else group_hash[some]
            left = [c for c in useful if c not in chosen]
            kept = [_agreeing(key[some] + hashes[some, c], within) for c in left]
            place = int(np.argmax(kept))
            if kept[place] < BREAK * count:
                yield list(chosen)
            if not kept[place]:
                break
            chosen.append(left[place])
            count = kept[place]
