"""What each column of a table is: a number, a category, a date, a text, a formula, or of no use."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.cells import Reading, read_column
from pearlite.data.composition import is_composition
from pearlite.data.names import known_column
from pearlite.errors import InputError

KINDS = (
    "number",
    "flag",
    "category",
    "date",
    "text",
    "composition",
    "identifier",
    "constant",
    "empty",
)
_NAMED = re.compile(r"(?:^|[^a-z])(?:id|uuid|index|key|serial)(?:$|[^a-z])", re.I)
_COUNTED = 10
"""Rows from which on numbers that count the rows are taken for an identifier."""
_UNIQUE = 0.99
_TRIED = 10_000
"""Different texts whose words are counted."""
_WORDS = 3.0
_FEW = 30


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name
        Its name.
    kind
        One of `KINDS`. A flag has two values; a constant one; an identifier names or numbers rows.
    missing
        Share of rows without a value, 0 to 1.
    distinct
        Number of different values, missing ones not counted.
    note
        What should be known of it, such as entries that count as missing; empty if nothing.
    """

    name: str
    kind: str
    missing: float
    distinct: int
    note: str = ""


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns are float64, int64, bool, datetime64 or text.

    A column in which nearly all entries are numbers (dates) becomes one. By columns' names
    ``attrs["note"]`` keeps how they were read and ``attrs["lost"]`` which entries count as missing;
    `describe` says both.

    Raises
    ------
    InputError
        If a cell holds what is no number, date or text.
    """
    readings = {str(name): read_column(pd.Series(frame[name])) for name in frame.columns}
    return cleaned(readings, frame)


def cleaned(readings: dict[str, Reading], frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table of columns that have been read; what is known of `frame` is kept."""
    table = pd.DataFrame({name: reading.values for name, reading in readings.items()}, frame.index)
    table.attrs["notes"] = list(frame.attrs.get("notes", []))
    for kind in ("note", "lost"):
        said = {n: getattr(r, kind) for n, r in readings.items() if getattr(r, kind)}
        table.attrs[kind] = {**frame.attrs.get(kind, {}), **said}
    return table


def describe(frame: pd.DataFrame) -> list[Column]:
    """Say what every column is.

    Parameters
    ----------
    frame
        A table, best from `pearlite.data.table.read_table`.

    Returns
    -------
    list of Column
        In the order of the columns.

    Raises
    ------
    InputError
        If a column holds infinite numbers, mixes numbers or dates with other entries, or holds
        what is no cell of a table.
    """
    known = [frame.attrs.get(kind, {}) for kind in ("note", "lost")]
    return [
        _describe(pd.Series(frame[name]), [said.get(name, "") for said in known])
        for name in frame.columns
    ]


def moments(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column to order rows by: its numbers, or its dates in seconds since 1970.

    Returns
    -------
    array
        float64 (rows,).

    Raises
    ------
    InputError
        If there is no such column, it holds neither, or a row has no value.
    """
    known_column(frame, name, "time column")
    reading = read_column(pd.Series(frame[name]))
    values = reading.values
    if pd.api.types.is_datetime64_any_dtype(values):
        found = ((values - pd.Timestamp(0)) / pd.Timedelta(seconds=1)).to_numpy(np.float64)
    elif pd.api.types.is_numeric_dtype(values):
        found = values.to_numpy(np.float64)
    else:
        why = reading.doubt or f"column {name!r} holds neither numbers nor dates"
        raise InputError(f"{why}; a time such as 2026-01-31 is expected in every row")
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found))[0]) + 1
        raise InputError(
            f"column {name!r} orders the rows but says no time in {(~np.isfinite(found)).sum()} of "
            f"{len(found)}, first in row {row}; fill them in or leave these rows out"
        )
    return found


def _describe(values: pd.Series, said: list[str]) -> Column:
    reading = read_column(values)
    name, read = str(values.name), reading.values
    note = "; ".join(dict.fromkeys(filter(None, [reading.note, reading.lost, *said])))
    known = read.dropna()
    missing = 1 - len(known) / len(read) if len(read) else 0.0
    distinct = int(known.nunique())
    if pd.api.types.is_float_dtype(known):
        _check_finite(read)
    if not distinct:
        return Column(name, "empty", missing, 0, note)
    if distinct == 1 and not missing:
        return Column(name, "constant", missing, 1, note)
    if distinct <= 2 and not pd.api.types.is_datetime64_any_dtype(known):
        return Column(name, "flag", missing, distinct, note)
    if pd.api.types.is_datetime64_any_dtype(known):
        return Column(name, "date", missing, distinct, note)
    if pd.api.types.is_numeric_dtype(known):
        why = _numbering(name, known, distinct) if not missing else ""
        return Column(name, "identifier" if why else "number", missing, distinct, note or why)
    kind = _kind_of_texts(known, distinct)
    if reading.doubt and distinct > _FEW:
        raise InputError(reading.doubt)
    return Column(name, kind, missing, distinct, note or reading.doubt)


def _check_finite(values: pd.Series) -> None:
    infinite = np.isinf(values.to_numpy(np.float64))
    if infinite.any():
        raise InputError(
            f"column {values.name!r} holds an infinite number in row {int(infinite.argmax()) + 1} "
            f"({infinite.sum()} in all); leave the cell empty if the value is not known"
        )


def _numbering(name: str, known: pd.Series, distinct: int) -> str:
    """Say why numbers only name the rows; empty if they may say more."""
    if distinct < len(known) or len(known) < _COUNTED:
        return ""
    numbers = known.to_numpy(np.float64)
    if (numbers != np.round(numbers)).any():
        return ""
    if numbers[0] in (0, 1) and (np.diff(numbers) == 1).all():
        return "it counts the rows"
    return "it names the rows: whole numbers, all different" if _NAMED.search(name) else ""


def _kind_of_texts(known: pd.Series, distinct: int) -> str:
    entries = known.drop_duplicates()
    if is_composition(entries):
        return "composition"
    words = entries.iloc[:: 1 + len(entries) // _TRIED].str.split().str.len()
    sentences = float(words.mean()) >= _WORDS
    if sentences and (distinct > _FEW or distinct > len(known) / 2):
        return "text"
    if distinct >= _UNIQUE * len(known) and len(known) >= _COUNTED:
        return "identifier" if float((words == 1).mean()) > 0.5 else "text"
    return "category"
