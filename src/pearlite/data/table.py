"""Tables from files and from memory, and the target in them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pearlite.data.cells import read_column
from pearlite.data.columns import clean, cleaned
from pearlite.data.delimited import read_delimited
from pearlite.data.names import known_column
from pearlite.errors import InputError

TABLES = (".csv", ".tsv", ".xlsx", ".parquet", ".pq", ".feather", ".arrow", ".ipc")
"""How files of tables end; text tables may also end otherwise, and be packed by gzip."""

_ARROW = (b"ARROW1", b"\xff\xff\xff\xff")
_OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel file; save it as .xlsx",
    b"%PDF": "a PDF; export the table as CSV",
    b"\x93NUMPY": "an array of NumPy; give the array itself, or save it as CSV",
    b"\x89HDF": "an HDF5 file; export the table as CSV or Parquet",
    b"SQLite format 3": "a database; export the table as CSV or Parquet",
}


def read_table(source: Any, *, sheet: str | None = None) -> pd.DataFrame:
    """Read a table from a file or from memory.

    Columns of numbers become float64 or int64, of true and false bool, of dates datetime64 in UTC,
    all others text. An unnamed first column that only counts the rows is dropped. What was done to
    the content is said in ``attrs["notes"]``, a list of sentences; to a column, by `describe`.

    Parameters
    ----------
    source
        Path of a CSV, TSV, Excel (.xlsx), Parquet or Arrow (Feather) file, what it is being told
        by its first bytes, or of a folder of Parquet files; or a DataFrame of pandas, polars or
        pyarrow, a dict of columns, or a two-dimensional array (its columns become x1, x2, …).
        The index of a DataFrame is no column.
    sheet
        Name of the sheet of an Excel file; the first unless given.

    Returns
    -------
    DataFrame
        Rows numbered from 0, column names unique texts.

    Raises
    ------
    InputError
        If the file cannot be read, there are no rows, rows have different lengths, names repeat,
        all fields lie in one column, or `source` is no table.
    """
    if isinstance(source, str | Path):
        return _drop_counter(_from_file(Path(source), sheet))
    if sheet is not None:
        raise InputError("a sheet was named, but only Excel files have sheets")
    return _drop_counter(clean(_named(_from_memory(source), "the table")))


def take_target(frame: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.Series]:
    """Part a table into inputs and target; rows without a target are dropped and counted.

    Parameters
    ----------
    frame
        From `read_table`.
    target
        Name of the column that is predicted.

    Returns
    -------
    inputs, target
        Rows numbered anew from 0 in both; ``attrs["notes"]`` of the inputs says what was dropped.

    Raises
    ------
    InputError
        If there is no such column or no other; if the target is missing everywhere, always the
        same, infinite, or mixes numbers with words; if fewer than two rows are left.
    """
    known_column(frame, target, "target")
    if frame.shape[1] < 2:
        raise InputError(f"the table has no column but the target {target!r}; inputs are expected")
    if len(frame) < 2:
        raise InputError("the table has one row; a model needs many to learn from and some to test")
    reading = read_column(pd.Series(frame[target]))
    values = reading.values
    why = reading.doubt or reading.lost or frame.attrs.get("lost", {}).get(target)
    if why:
        raise InputError(f"the target {target!r} cannot be learnt as it stands: {why}")
    kept = values.notna().to_numpy(bool)
    known = values.dropna()
    if not len(known):
        raise InputError(f"the target {target!r} is missing in all {len(frame)} rows")
    if pd.api.types.is_datetime64_any_dtype(values):
        raise InputError(
            f"the target {target!r} holds dates; give the time in days or hours as a number"
        )
    if pd.api.types.is_float_dtype(values) and np.isinf(values).any():
        row = int(np.isinf(values.to_numpy()).argmax()) + 1
        raise InputError(
            f"the target {target!r} is infinite in {int(np.isinf(values).sum())} rows, first in "
            f"row {row}; leave the cell empty if the value is not known"
        )
    if known.nunique() < 2:
        raise InputError(
            f"the target {target!r} is {known.iloc[0]} in all {len(known)} rows that have "
            "one; there is nothing to learn"
        )
    notes = list(frame.attrs.get("notes", []))
    if len(known) < len(frame):
        lacking = len(frame) - len(known)
        notes.append(f"{lacking} of {len(frame)} rows have no {target!r} and were left out")
    inputs = frame.drop(columns=target).loc[kept].reset_index(drop=True)
    inputs.attrs["notes"] = notes
    return inputs, known.reset_index(drop=True).rename(target)


def _from_file(path: Path, sheet: str | None) -> pd.DataFrame:
    if not path.exists():
        raise InputError(f"{path} does not exist; give the path of a table")
    if path.is_dir():
        return clean(_named(_read_parquet(path), str(path)))
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}") from error
    if not start:
        raise InputError(f"{path} is empty (0 bytes); a table with a header and rows is expected")
    excel = start.startswith(b"PK\x03\x04")
    if sheet is not None and not excel:
        raise InputError(f"a sheet was named, but {path} is no Excel file")
    if excel:
        from pearlite.data.excel import read_excel

        frame, notes = read_excel(path, sheet)
        frame.attrs["notes"] = notes
        return clean(frame)
    if start.startswith(b"PAR1"):
        return clean(_named(_read_parquet(path), str(path)))
    if start.startswith(_ARROW):
        return clean(_named(_read_arrow(path), str(path)))
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            raise InputError(f"{path} is {what}")
    if start.lstrip()[:1] in (b"{", b"<"):
        raise InputError(f"{path} is JSON, XML or HTML; export the table as CSV or Parquet")
    columns, notes = read_delimited(path)
    lengths = {len(reading.values) for reading in columns.values()}
    table = pd.DataFrame(index=pd.RangeIndex(max(lengths)))
    table.attrs["notes"] = notes
    return cleaned(columns, table)


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import parquet

    if path.is_dir() and not any(path.rglob("*.parquet")):
        raise InputError(f"{path} is a folder without .parquet files; give the path of a table")
    try:
        return _from_arrow(parquet.read_table(path))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is no whole Parquet file: {_sentence(error)}") from error


def _read_arrow(path: Path) -> pd.DataFrame:
    import pyarrow as pa

    try:
        with pa.OSFile(str(path)) as file:
            if file.read(6) == b"ARROW1":
                return _from_arrow(pa.ipc.open_file(file).read_all())
            file.seek(0)
            return _from_arrow(pa.ipc.open_stream(file).read_all())
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is no whole Arrow file: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _from_arrow(table: Any) -> pd.DataFrame:
    """Return the columns of an Arrow table, those stored as a pandas index among them."""
    names = list(map(str, table.column_names))
    numbered = table.rename_columns([str(number) for number in range(len(names))])
    frame = numbered.replace_schema_metadata().to_pandas(types_mapper=None)
    return frame.set_axis(names, axis=1)


def _from_memory(source: Any) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, pd.Series):
        return source.to_frame()
    if hasattr(source, "collect") and hasattr(source, "collect_schema"):  # polars, not yet computed
        source = source.collect()
    if hasattr(source, "__arrow_c_stream__"):
        import pyarrow as pa

        return _from_arrow(pa.table(source))
    if isinstance(source, Mapping):
        try:
            return pd.DataFrame(dict(source))
        except ValueError as error:
            raise InputError(f"the columns do not make a table: {_sentence(error)}") from error
    try:
        array = np.asarray(source)
    except ValueError as error:
        raise InputError("the rows have different lengths; a table is expected") from error
    if array.dtype.names:
        return pd.DataFrame(array)
    if array.ndim != 2:
        raise InputError(
            f"a {type(source).__name__} of shape {array.shape} is no table; a path, a DataFrame, a "
            "dict of columns or an array of two dimensions is expected"
        )
    return pd.DataFrame(array, columns=[f"x{number}" for number in range(1, array.shape[1] + 1)])


def _named(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return a table with unique texts as names and rows numbered from 0."""
    names = [
        " ".join(str(part) for part in name).strip() if isinstance(name, tuple) else str(name)
        for name in frame.columns
    ]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"{what} has {names.count(twice)} columns named {twice!r}; give every column its own "
            "name"
        )
    if not len(frame) or not names:
        raise InputError(
            f"{what} has {len(frame)} rows and {len(names)} columns; rows are expected"
        )
    if len(names) == 1 and (mark := next((m for m in ";\t" if m in names[0]), None)):
        raise InputError(
            f"{what} has one column, {names[0]!r}, with {mark!r} in its name: it was read with the "
            "wrong delimiter; read it anew, or give pearlite the path of the file"
        )
    return frame.set_axis(names, axis=1).reset_index(drop=True)


def _drop_counter(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop an unnamed first column that counts the rows, as pandas writes it."""
    first = str(frame.columns[0])
    if min(frame.shape) < 2 or first not in ("column 1", "Unnamed: 0", "__index_level_0__"):
        return frame
    values = frame[first]
    if pd.api.types.is_integer_dtype(values) and (np.diff(values) == 1).all():
        notes = [*frame.attrs.get("notes", []), "the first column only counts the rows; dropped"]
        frame = frame.drop(columns=first)
        frame.attrs["notes"] = notes
    return frame
