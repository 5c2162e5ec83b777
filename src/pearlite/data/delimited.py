"""Read tables of text: comma, semicolon, tab, bar or space between the fields, found by itself."""

import csv
import io
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from pearlite.data.cells import Reading, read_column
from pearlite.data.dialect import COMMENT, ROWS, find_start, is_number, records, spaces_to_tabs
from pearlite.data.encoding import read_text
from pearlite.errors import InputError

_BLOCK = 2**24
_ODD = re.compile(r"[:~^/\\!&]")
_EMPTY = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "n/a", "#N/A"]


def read_delimited(path: Path) -> tuple[dict[str, Reading], list[str]]:
    """Read a text file as columns.

    Parameters
    ----------
    path
        The file, plain or packed by gzip; UTF-8 or UTF-16, else Windows-1252.

    Returns
    -------
    columns, notes
        What each column was read as, by name; sentences on what was done to the file's content.

    Raises
    ------
    InputError
        If it is empty or a header only, is no text, has rows of different lengths, or repeats or
        lacks column names.
    """
    text, notes = read_text(path)
    first, delimiter = find_start(text, path)
    if delimiter == " ":
        text, delimiter = spaces_to_tabs(text), "\t"
    header, used, first_line = _header(text, delimiter, first, path)
    body = text[used:]
    sample = records(body, delimiter, ROWS)
    if all(map(is_number, header)) and not text[:used].lstrip().startswith(COMMENT):
        notes.append("the first line holds numbers only and was read as a row, not as names")
        body, sample = text[_skipped(text, first) :], [header, *sample]
        header, first_line = [f"x{number}" for number in range(1, len(header) + 1)], first
    if not sample:
        raise InputError(f"{path} holds a header but no rows; a table with rows is expected")
    lengths = Counter(map(len, sample))
    usual, often = lengths.most_common(1)[0]
    if lengths.keys() == {len(header) + 1}:
        last_empty = all(not record[-1].strip() for record in sample)
        header = [*header, ""] if last_empty else ["", *header]
    elif usual != len(header) and often > len(sample) / 2:
        raise InputError(
            f"{path}: line {first + 1} was taken for the header but has {_fields(len(header))}, "
            f"most others {usual}; begin what precedes the header with #{_unclosed(text)}"
        )
    table = _parsed(body, delimiter, len(header), path, first_line)
    if units := _units(sample, len(header)):
        notes.append(f"the line below the header names units ({units}) and was left out")
        table = table.slice(1)
    return _columns(table, header, delimiter, path, notes), notes


def _skipped(text: str, lines: int) -> int:
    """Return how many characters the first lines take."""
    stream = io.StringIO(text)
    for _ in range(lines):
        stream.readline()
    return stream.tell()


def _header(text: str, delimiter: str, first: int, path: Path) -> tuple[list[str], int, int]:
    """Return the names of columns, the characters up to the rows, and the lines up to them."""
    start = _skipped(text, first)
    stream = io.StringIO(text[start:])
    used = 0

    def lines() -> Any:
        nonlocal used
        while line := stream.readline():
            used += len(line)
            yield line

    reader = csv.reader(lines(), delimiter=delimiter)
    try:
        record = next(reader)
    except csv.Error as error:
        raise InputError(
            f"{path}: line {first + 1} is no header that can be read: {error}"
        ) from error
    record[0] = record[0].lstrip().removeprefix(COMMENT)
    return [" ".join(name.split()) for name in record], start + used, first + reader.line_num


def _units(sample: list[list[str]], width: int) -> str:
    """Return the units that the first record names above columns of numbers; empty if none.

    It must hold no number, and name units of two columns at least that hold numbers only.
    """
    first, *others = sample
    if len(others) < 2 or any(map(is_number, first)):
        return ""
    columns = zip(*(row for row in sample if len(row) == width), strict=True)
    named = [
        unit
        for unit, *values in columns
        if unit.strip() and unit.strip() not in _EMPTY and all(map(is_number, values))
    ]
    return ", ".join(unit.strip() for unit in first) if len(named) > 1 else ""


def _unclosed(text: str) -> str:
    return "; a quotation mark is not closed" if text.count('"') % 2 else ""


def _fields(count: int) -> str:
    return f"{count} field{'s' * (count != 1)}"


def _parsed(text: str, delimiter: str, width: int, path: Path, before: int) -> pa.Table:
    """Return the rows that are not empty as texts, columns named 0, 1, …."""
    wrong: list[Any] = []

    def judge(row: Any) -> str:
        if not row.text.lstrip().startswith(COMMENT) and row.text.strip(delimiter + " \t\r\n"):
            wrong.append(row)
        return "skip"

    names = [str(number) for number in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            arrow_csv.ReadOptions(column_names=names, block_size=_BLOCK, use_threads=False),
            arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=judge
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=_EMPTY,
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(f"{path} is no table that can be read: {error}") from error
    if wrong:
        first = wrong[0]
        more = f" ({len(wrong)} such lines)" if len(wrong) > 1 else ""
        raise InputError(
            f"{path}: line {before + first.number} has {_fields(first.actual_columns)} where "
            f"the header has {width}{more}; mend it, or begin it with # if it is no row"
            f"{_unclosed(text)}"
        )
    filled = np.zeros(table.num_rows, dtype=bool)
    for column in table.columns:
        filled |= column.is_valid().to_numpy()
    if not filled.any():
        raise InputError(f"{path} holds a header but no rows; a table with rows is expected")
    return table if filled.all() else table.filter(pa.array(filled))


def _columns(
    table: pa.Table, header: list[str], delimiter: str, path: Path, notes: list[str]
) -> dict[str, Reading]:
    """Return what each column is read as; nameless ones are dropped if empty, else named."""
    columns: dict[str, Reading] = {}
    twice = [name for name, count in Counter(filter(None, header)).items() if count > 1]
    if twice:
        raise InputError(
            f"{path} has {header.count(twice[0])} columns named {twice[0]!r}; give every column "
            "its own name"
        )
    empty = 0
    for place, name in enumerate(header):
        values = table.column(place)
        if not name and values.null_count == len(values):
            empty += 1
            continue
        named = name or f"column {place + 1}"
        columns[named] = _column(values, named, decimal_comma=delimiter != ",")
    if empty:
        columns_were = "column was" if empty == 1 else "columns were"
        notes.append(f"{empty} {columns_were} dropped that had neither name nor content")
    if len(columns) == 1 and delimiter == ",":
        _check_single(next(iter(columns.items())), path)
    return columns


def _column(values: pa.ChunkedArray, name: str, decimal_comma: bool) -> Reading:
    for kind in (pa.float64(),) if values.null_count else (pa.int64(), pa.float64()):
        try:
            return Reading(pd.Series(values.cast(kind).to_pandas(), name=name))
        except pa.ArrowInvalid:
            continue
    return read_column(pd.Series(values.to_pandas(), name=name), decimal_comma=decimal_comma)


def _check_single(column: tuple[str, Reading], path: Path) -> None:
    """Refuse a single column that another character divides in every row."""
    name, reading = column
    marks = _ODD.findall(name)
    if not marks or not isinstance(reading.values.iloc[0], str):
        return
    count = name.count(marks[0])
    if (reading.values.astype(str).str.count(re.escape(marks[0])) == count).mean() > 0.9:
        raise InputError(
            f"{path} seems to have {marks[0]!r} between its fields; save it with commas, "
            "semicolons or tabs"
        )
