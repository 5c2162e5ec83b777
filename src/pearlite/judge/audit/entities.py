"""Columns that say which rows are of one specimen, batch, person or place."""

import re

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.agreement import labels, pairs, row_hashes, within
from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import counted, listed, quoted

NAMED_LIKE_ENTITY = re.compile(
    r"(^|[_\W])(id|nr|no|index|sample|specimen|patient|subject|person|individual|participant|donor|"
    r"animal|mouse|rat|family|household|batch|lot|plate|wafer|coupon|run|session|experiment|site|"
    r"station|school|hospital|firm|company|paper|doi|reference|group|cluster|mix|heat|melt)s?"
    r"([_\W\d]|$)|[a-z]I[dD]$",
    re.IGNORECASE,
)
FEWEST, MEASURED = 8, 3  # different values; columns that are measured
ALWAYS = 0.98  # share of pairs of one entity that agree in what belongs to it
TELLING = 0.7  # share of all pairs that agree in it, at most


def find_entities(
    table: Prepared, measure: Measure | None, together: NDArray[np.int64] | None = None
) -> list[Finding]:
    """Find repeated names or numbers whose values predict rows of their own, not new ones.

    Such a column is called like one (specimen, batch, person) or fixes what stands in others.

    Parameters
    ----------
    table, measure
        What is looked at, and the quick model.
    together
        Labels of rows that were found to belong together: a column that is the same in each is no
        news, and neither is one whose values lie within the declared groups.
    """
    if measure is None:
        return []
    hashes = row_hashes(table.codes_ND)
    agree = np.array([(n * (n - 1.0) / 2).sum() for n in table.counts])
    total = table.rows * (table.rows - 1) / 2
    found = []
    for column in np.argsort(agree):
        name, kind = table.names[column], table.kinds[column]
        codes = table.codes_ND[:, column]
        distinct = int(table.distinct[column])
        numbers = table.numbers_ND[:, column]
        whole = kind == "number" and bool((numbers[np.isfinite(numbers)] % 1 == 0).all())
        if not (whole or kind in ("category", "identifier", "text", "composition")):
            continue
        if distinct < FEWEST or distinct > table.rows / 2 or (codes < 0).mean() > 0.1:
            continue
        fixed = [
            table.names[other]
            for other in range(len(agree))
            if other != column
            and agree[other] <= TELLING * total
            and pairs(hashes[:, column] + hashes[:, other]) >= ALWAYS * agree[column]
        ]
        called = bool(NAMED_LIKE_ENTITY.search(name))
        if whole and (
            not called or name.lower().endswith("s")
        ):  # "stations" counts, "station" names
            continue
        if not called and not fixed:
            continue
        if together is not None and within(together, codes):
            continue
        if table.group is not None and within(codes[codes >= 0], table.group[codes >= 0]):
            continue
        found.append((not called, int(column), distinct, fixed))
    found.sort(key=lambda one: one[0])
    return [
        finding
        for _, column, distinct, fixed in found[:MEASURED]
        if (finding := _finding(table, measure, column, distinct, fixed)) is not None
    ]


def _finding(
    table: Prepared, measure: Measure, column: int, distinct: int, fixed: list[str]
) -> Finding | None:
    name = table.names[column]
    label = labels(row_hashes(table.codes_ND[:, [column]])[:, 0])
    inflation = measure.grouped(label, f"grouped by {name}")
    if not inflation.real:
        return None
    grave = bool(NAMED_LIKE_ENTITY.search(name))
    says = f" and fixes {listed(fixed)}" if fixed else ""
    what = (
        f"{name} has {counted(distinct, 'value')} in {table.rows:,} rows{says}: a random split "
        f"tests on known ones. If new data bring new ones, declare it."
    )
    declare = f"--group {quoted([name])}"
    return Finding("undeclared group", grave, what, (name,), distinct, inflation, declare)
