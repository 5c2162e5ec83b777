"""Read tables of text: comma, semicolon, tab, bar or space between the fields, found by itself."""

import csv
import gzip
import io
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from pearlite.data.cells import Reading, read_column
from pearlite.errors import InputError

_DELIMITERS = ("\t", ";", "|", ",")
_SAMPLE_BYTES = 2**18
_SAMPLE_ROWS = 200
_BLOCK = 2**24
_COMMENT = "#"
_ODD = re.compile(r"[:~^/\\!&]")
_EMPTY = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "n/a", "#N/A"]
_STRANGE = 0.3
"""Share of letters beyond ASCII from which on text that is not UTF-8 is no Western language."""


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
    notes: list[str] = []
    text = _decoded(path, notes)
    first, delimiter = _start(text, path)
    if delimiter == " ":
        text = "\n".join("\t".join(line.split()) for line in text.splitlines())
        delimiter = "\t"
    header, used, first_line = _header(text, delimiter, first)
    body = text[used:]
    sample = _records(body, delimiter, _SAMPLE_ROWS)
    if all(map(_is_number, header)) and not text[:used].lstrip().startswith(_COMMENT):
        notes.append("the first line holds numbers only and was read as a row, not as names")
        body, sample = text[_skipped(text, first) :], [header, *sample]
        header, first_line = [f"x{number}" for number in range(1, len(header) + 1)], first
    if not sample:
        raise InputError(f"{path} holds a header but no rows; a table with rows is expected")
    lengths = {len(record) for record in sample}
    if lengths == {len(header) + 1}:
        last_empty = all(not record[-1].strip() for record in sample)
        header = [*header, ""] if last_empty else ["", *header]
    table = _parsed(body, delimiter, len(header), path, first_line)
    return _columns(table, header, delimiter, path, notes), notes


def _decoded(path: Path, notes: list[str]) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {why}") from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in content[:_SAMPLE_BYTES]:
        raise InputError(
            f"{path} is no table of text: it holds bytes of zero; give a CSV, TSV, Excel, Parquet "
            "or Arrow file"
        )
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        text = _western(content, path, error)
        notes.append("the file is not UTF-8; it was read as Windows-1252 (Western European)")
    if not text.strip():
        raise InputError(f"{path} is empty; a table with a header and rows is expected")
    return text


def _western(content: bytes, path: Path, error: UnicodeDecodeError) -> str:
    """Decode what is not UTF-8, unless that would give nonsense."""
    refusal = InputError(
        f"{path} is not in UTF-8 (byte {error.start + 1} is 0x{content[error.start]:02x}) nor in a "
        "Western European encoding; save it as UTF-8"
    )
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as other:
        raise refusal from other
    start = text[:_SAMPLE_BYTES]
    letters = sum(character.isalpha() or character > "\x7f" for character in start)
    beyond = sum(character > "\x7f" for character in start)
    control = sum(character < " " and character not in "\t\r\n\f" for character in start)
    if beyond > _STRANGE * letters or control:
        raise refusal
    return text


def _start(text: str, path: Path) -> tuple[int, str]:
    """Return the number of lines before the header, and the delimiter."""
    lines = io.StringIO(text[:_SAMPLE_BYTES]).readlines()
    skipped = 0
    while skipped < len(lines) and _is_skipped(lines[skipped]):
        skipped += 1
    if skipped == len(lines):
        raise InputError(f"{path} holds comments only; a table with rows is expected")
    if told := re.fullmatch(r"\"?sep=(.)\"?\s*", lines[skipped]):
        return skipped + 1, told[1]
    if len(text) > _SAMPLE_BYTES and len(lines) > skipped + 2:
        lines = lines[:-1]
    body = "".join(lines[skipped:])
    if skipped and _names_in_comment(lines, skipped):
        skipped -= 1
    scores = {
        delimiter: score
        for delimiter in _DELIMITERS
        if (score := _fit([len(r) for r in _records(body, delimiter, _SAMPLE_ROWS)]))
    }
    if scores:
        return skipped, max(scores, key=lambda one: (scores[one], -_DELIMITERS.index(one)))
    rows = [line.split() for line in lines[skipped:][:_SAMPLE_ROWS] if not _is_skipped(line)]
    if _fit(list(map(len, rows))) and all(_is_number(field) for row in rows[1:] for field in row):
        return skipped, " "
    return skipped, ","


def _is_skipped(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith(_COMMENT)


def _names_in_comment(lines: list[str], skipped: int) -> bool:
    """Tell whether the last comment names the columns of lines of numbers, as NumPy writes it."""
    comment, first = lines[skipped - 1], lines[skipped]
    for delimiter in (*_DELIMITERS, None):
        names = comment.lstrip().removeprefix(_COMMENT).strip().split(delimiter)
        fields = first.split(delimiter)
        if comment.strip() and len(names) == len(fields) > 1 and all(map(_is_number, fields)):
            return not any(map(_is_number, names))
    return False


def _fit(lengths: list[int]) -> tuple[float, bool] | None:
    """Return how well a delimiter divides records alike: share of rows, and whether the header."""
    if not lengths:
        return None
    usual, _ = Counter(lengths[1:] or lengths).most_common(1)[0]
    if usual < 2 or (lengths[0] < 2 and usual > 2):
        return None
    alike = sum(length == usual for length in lengths[1:]) / max(1, len(lengths) - 1)
    return (alike, lengths[0] == usual) if lengths[0] > 1 or usual == 2 else None


def _records(text: str, delimiter: str, most: int) -> list[list[str]]:
    """Return the first records that are neither empty nor comments."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    kept = (r for r in reader if any(f.strip() for f in r) and not r[0].startswith(_COMMENT))
    try:
        return list(islice(kept, most))
    except csv.Error:
        return []


def _skipped(text: str, lines: int) -> int:
    """Return how many characters the first lines take."""
    stream = io.StringIO(text)
    for _ in range(lines):
        stream.readline()
    return stream.tell()


def _header(text: str, delimiter: str, first: int) -> tuple[list[str], int, int]:
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
    record = next(reader)
    record[0] = record[0].lstrip().removeprefix(_COMMENT)
    return [" ".join(name.split()) for name in record], start + used, first + reader.line_num


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _parsed(text: str, delimiter: str, width: int, path: Path, before: int) -> pa.Table:
    """Return the rows as texts, columns named 0, 1, …."""
    wrong: list[Any] = []

    def judge(row: Any) -> str:
        if not row.text.lstrip().startswith(_COMMENT) and row.text.strip(delimiter + " \t\r\n"):
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
            f"{path}: line {before + first.number} has {first.actual_columns} fields where the "
            f"header has {width}{more}; mend these lines, or begin those that are no rows with #"
        )
    if not table.num_rows:
        raise InputError(f"{path} holds a header but no rows; a table with rows is expected")
    return table


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
        notes.append(f"{empty} columns without name or content were dropped")
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
