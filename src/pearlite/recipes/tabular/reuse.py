"""Use a run's model on a new table.

Axes: N rows, K classes, Q quantiles.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pearlite.data.columns import clean
from pearlite.data.disk import replacing
from pearlite.data.parquet import Parquet
from pearlite.data.table import read_table
from pearlite.errors import InputError
from pearlite.folders import as_folder, check_free
from pearlite.judge.domain import Domain
from pearlite.recipes.tabular.big import is_big
from pearlite.recipes.tabular.examine import Answer, answer
from pearlite.recipes.tabular.files import Model, load
from pearlite.recipes.tabular.members.arrays import load_arrays
from pearlite.recipes.tabular.regressor import TabularRegressor
from pearlite.run import Run
from pearlite.see.progress import track

MODEL, DOMAIN = "model", "domain.safetensors"
OUTSIDE = "outside_domain"


def apply(
    run: Run,
    new: Any,
    out: str | Path | None = None,
    *,
    sheet: str | None = None,
    progress: bool = False,
) -> Any:
    """Predict the target of `run` for new rows.

    Parameters
    ----------
    run
        A run with a finished model.
    new
        A file, a list of files, or a table as `pearlite.data.table.read_table` takes.
        It has the columns of training; others are kept, and not looked at.
    out
        Folder for the files; ``None`` means ``applied/`` inside the run. Nothing is overwritten.
    sheet
        Of an Excel file.
    progress
        Draw a progress bar.

    Returns
    -------
    DataFrame, or list of Path
        The table with columns behind its own: ``prediction``; for a number ``low`` and ``high``,
        between which the truth of nine in ten such rows lies; for quantiles one column each; for
        classes their probabilities; and ``outside_domain``, which is True where a row is unlike
        those of training. For files a CSV file each.

    Raises
    ------
    InputError
        If a table cannot be read, or lacks a column.
    """
    predictor = Predictor.open(run)
    if not isinstance(new, str | Path | list | tuple):
        return predictor(read_table(new))
    sources = [Path(source) for source in ([new] if isinstance(new, str | Path) else new)]
    folder = run.path / "applied" if out is None else as_folder(out)
    targets = [folder / f"{source.stem}.csv" for source in sources]
    check_free(targets)
    written = []
    for source, path in track(
        list(zip(sources, targets, strict=True)), "Predicting", show=progress
    ):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as hidden:
            for number, table in enumerate(_tables(source, sheet)):
                predictor(table).to_csv(hidden, mode="a", header=number == 0, index=False)
        written.append(path)
    return written


def _tables(source: Path, sheet: str | None) -> Iterator[pd.DataFrame]:
    """Yield the table of a file: at once, or in parts where it is larger than memory."""
    if is_big(source):
        yield from map(clean, Parquet.open(source).batches())
    else:
        yield read_table(source, sheet=sheet)


class Predictor:
    """A run's model with the domain that it knows.

    Parameters
    ----------
    model
        Fitted.
    domain
        Of the rows that it was fitted to.
    """

    def __init__(self, model: Model, domain: Domain) -> None:
        self.model, self.domain = model, domain

    @classmethod
    def open(cls, run: Run) -> "Predictor":
        """Read the model of a run.

        Raises
        ------
        InputError
            If the run has none yet, or it is damaged.
        """
        if not (run.path / MODEL).is_dir():
            raise InputError(f"{run.path} holds no model yet: it is {run.status}; finish it first")
        domain = Domain.from_arrays(load_arrays(run.path / DOMAIN))
        return cls(load(run.path / MODEL), domain)

    def __call__(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the table with predictions behind its own columns."""
        classes = () if isinstance(self.model, TabularRegressor) else self.model.classes_.tolist()
        said = answer(self.model, table, classes)
        levels = self.model.quantiles if isinstance(self.model, TabularRegressor) else None
        columns = named(said, classes, levels or ())
        columns[OUTSIDE] = self.outside(table)
        if both := [name for name in columns if name in table]:
            raise InputError(
                f"the table has a column {both[0]!r}, as the prediction would; rename it"
            )
        return pd.concat([table, pd.DataFrame(columns, index=table.index)], axis=1)

    def outside(self, table: pd.DataFrame) -> np.ndarray:
        """Return which rows are unlike those of training, bool (N,)."""
        return self.domain.outside(self.model.portfolio_.features.matrix(table, "dense"))


def named(said: Answer, classes: Sequence[Any], levels: Sequence[float]) -> dict[str, Any]:
    """Return an answer as columns of a table."""
    if said.shares is not None:
        columns = {"prediction": np.asarray(classes)[said.values]}
        return columns | {f"p {name}": said.shares[:, k] for k, name in enumerate(classes)}
    columns = {"prediction": said.middle(levels)}
    if said.interval is not None:
        columns |= {"low": said.interval[:, 0], "high": said.interval[:, 1]}
    return columns | {f"quantile {level:g}": said.values[:, q] for q, level in enumerate(levels)}


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as a CSV file, whole or not at all."""
    with replacing(path) as hidden:
        table.to_csv(hidden, index=False)
    return path
