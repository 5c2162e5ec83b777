"""Columns that number the rows, say nothing, or hold hardly anything."""

import re

import numpy as np

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import listed, quoted

MOSTLY = 0.5  # share of missing values from which a column is mostly missing
ENOUGH = 20  # rows from which numbers in sequence are no accident
NAMED_LIKE_ID = re.compile(
    r"(^|[_\W])(id|ids|nr|no|number|num|index|idx|uid|uuid|key|code|serial)([_\W]|$)|[a-z]I[dD]$",
    re.IGNORECASE,
)


def find_columns(table: Prepared, measure: Measure | None) -> list[Finding]:
    """Find identifiers, constant columns and mostly missing ones."""
    missing = (table.codes_ND < 0).mean(0)
    distinct = table.distinct
    names = np.array(table.names, dtype=object)
    found = [_identifier(table, measure, int(c)) for c in np.flatnonzero(_ids(table, distinct))]
    constant = list(names[(distinct <= 1) & (missing < 1) & (missing <= MOSTLY)])
    if constant:
        what = f"{listed(constant)} {_is(constant)} the same in every row and can teach nothing."
        found.append(Finding("constant column", False, what, tuple(constant[:5]), len(constant)))
    for column in np.flatnonzero(missing > MOSTLY):
        what = f"{names[column]} is missing in {missing[column]:.0%} of the rows."
        found.append(
            Finding(
                "mostly missing",
                False,
                what,
                (names[column],),
                int((table.codes_ND[:, column] < 0).sum()),
            )
        )
    return found


def _ids(table: Prepared, distinct: np.ndarray) -> np.ndarray:
    unique = distinct == table.rows
    result = np.zeros(len(distinct), bool)
    if table.rows < ENOUGH:
        return result
    for column in np.flatnonzero(unique):
        kind, name = table.kinds[column], table.names[column]
        if kind == "identifier":
            result[column] = True
        elif kind == "number":
            values = table.numbers_ND[:, column]
            whole = bool((values == np.round(values)).all())
            running = whole and np.ptp(values) <= 1.05 * (table.rows - 1)
            result[column] = running or (whole and bool(NAMED_LIKE_ID.search(name)))
        elif kind == "category":
            result[column] = True
    return result


def _identifier(table: Prepared, measure: Measure | None, column: int) -> Finding:
    name = table.names[column]
    inflation = None
    what = f"{name} is different in every row: it names the row and says nothing of a new one."
    if measure and table.kinds[column] == "number":
        inflation = measure.without([column], name)
    grave = bool(inflation and inflation.real)
    return Finding("identifier", grave, what, (name,), 1, inflation, f"--drop {quoted([name])}")


def _is(names: list[object]) -> str:
    return "is" if len(names) == 1 else "are"
