"""A Parquet table larger than memory: counted, sampled and read batch by batch.

Rows are numbered from 0 through all files in the order of their names; the index of every table
that comes from here holds these numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from pearlite.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

BATCH_ROWS, BATCH_CELLS = 1 << 17, 1 << 23
"""Most rows, and most cells, that are read at a time."""
_SAMPLED_PIECES = 32  # row groups that a sample reads: enough to see a table that is sorted
_BUFFER = 1 << 20  # bytes read ahead of one column


@dataclass(frozen=True)
class Piece:
    """One row group: its file, its number there, its first row in the table, and its rows."""

    path: Path
    number: int
    start: int
    rows: int


@dataclass(frozen=True)
class Parquet:
    """What is known of a Parquet file, or a folder of them, before its rows are read."""

    source: Path
    schema: "pa.Schema"
    pieces: tuple[Piece, ...]

    @classmethod
    def open(cls, source: str | Path) -> Self:
        """Read the names, types and counts of a file or of all ``*.parquet`` in a folder.

        Raises
        ------
        InputError
            If there is none, one is damaged or without rows, or their columns differ.
        """
        source = Path(source)
        paths = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
        if not paths:
            raise InputError(f"the folder {source} holds no .parquet file")
        pieces: list[Piece] = []
        schema = None
        for path in paths:
            file = _opened(path)
            found = file.schema_arrow.remove_metadata()
            schema = found if schema is None else schema
            if not found.equals(schema):
                raise InputError(
                    f"{path} has other columns or types than {paths[0]}; one table has the same in "
                    "all its files"
                )
            for number in range(file.num_row_groups):
                start = pieces[-1].start + pieces[-1].rows if pieces else 0
                rows = file.metadata.row_group(number).num_rows
                pieces += [Piece(path, number, start, rows)] * (rows > 0)
            file.close()
        if not pieces:
            raise InputError(f"{source} holds no rows; give a table with some")
        assert schema is not None
        _check_types(source, schema)
        return cls(source, schema, tuple(pieces))

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.pieces[-1].start + self.pieces[-1].rows

    @property
    def columns(self) -> list[str]:
        """The columns' names, without the index that pandas may have left."""
        return [name for name in self.schema.names if not name.startswith("__index_level_")]

    @property
    def gib(self) -> float:
        """What the numbers take as a matrix in memory: 8 bytes a cell, in GiB."""
        return self.rows * len(self.columns) * 8 / 2**30

    def batches(
        self,
        columns: Sequence[str] | None = None,
        *,
        pieces: Sequence[Piece] | None = None,
        rows: int = BATCH_ROWS,
        threads: int = 1,
    ) -> Iterator["pd.DataFrame"]:
        """Yield the rows of all or some row groups, at most `rows` and `BATCH_CELLS` at a time.

        Raises
        ------
        InputError
            If a file is damaged, or has changed since it was opened.
        """
        import pyarrow as pa

        wanted = self.columns if columns is None else list(columns)
        rows = min(rows, batch_rows(len(wanted)))
        for piece in self.pieces if pieces is None else pieces:
            file, start = _opened(piece.path), piece.start
            try:
                for batch in file.iter_batches(
                    rows, row_groups=[piece.number], columns=wanted, use_threads=threads > 1
                ):
                    yield _frame(batch, start)
                    start += len(batch)
            except (pa.ArrowException, OSError, IndexError) as error:
                raise InputError(
                    f"{piece.path} cannot be read behind row {start - piece.start + 1} of its row "
                    f"group {piece.number} ({error}); it is damaged or has changed"
                ) from error
            finally:
                file.close()

    def sample(
        self,
        count: int,
        seed: int,
        *,
        columns: Sequence[str] | None = None,
    ) -> "pd.DataFrame":
        """Return about `count` random rows from row groups that are spread over the whole table.

        Parameters
        ----------
        count
            How many rows; all where there are fewer.
        seed
            Determines which.
        columns
            All of them by default.

        Raises
        ------
        InputError
            If a file is damaged.
        """
        import pandas as pd

        random = np.random.default_rng(seed)
        spread = np.linspace(0, len(self.pieces) - 1, min(_SAMPLED_PIECES, len(self.pieces)))
        pieces = [self.pieces[number] for number in np.unique(spread.round().astype(int))]
        numbers = np.concatenate([piece.start + np.arange(piece.rows) for piece in pieces])
        if count < len(numbers):
            numbers = np.sort(random.choice(numbers, count, replace=False, shuffle=False))
        taken = []
        for batch in self.batches(columns, pieces=pieces):
            first, last = np.searchsorted(numbers, [batch.index[0], batch.index[-1] + 1])
            taken.append(batch.loc[numbers[first:last]])
        return pd.concat(taken)


def batch_rows(columns: int) -> int:
    """Return how many rows of so many columns are read at a time."""
    return min(BATCH_ROWS, max(1, BATCH_CELLS // max(1, columns)))


def is_parquet(source: object) -> bool:
    """Say whether `source` is a Parquet file or a folder that holds some."""
    if not isinstance(source, str | Path):
        return False
    path = Path(source)
    if path.is_dir():
        return next(path.rglob("*.parquet"), None) is not None
    return path.suffix.lower() in (".parquet", ".pq")


def _opened(path: Path) -> "ParquetFile":
    """Open a file so that a row group is read in small pieces, not at once."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet ({error})") from error


def _check_types(source: Path, schema: "pa.Schema") -> None:
    import pyarrow as pa

    doubled = {name for name in schema.names if schema.names.count(name) > 1}
    if doubled:
        raise InputError(f"{source} has several columns named {min(doubled)!r}; rename them")
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    if nested:
        raise InputError(
            f"column {nested[0]!r} of {source} holds {schema.field(nested[0]).type}, no single "
            "value; leave it out or spread it over columns"
        )


def _frame(batch: "pa.RecordBatch", start: int) -> "pd.DataFrame":
    """Return a batch as pandas holds it, decimals as floats, with the rows' numbers as index."""
    import pandas as pd
    import pyarrow as pa

    for place, field in enumerate(batch.schema):
        if pa.types.is_decimal(field.type):
            floats = batch.column(place).cast(pa.float64())
            batch = batch.set_column(place, field.name, floats)
    frame = batch.to_pandas(date_as_object=False, ignore_metadata=True)
    frame.index = pd.RangeIndex(start, start + len(frame))
    return frame
