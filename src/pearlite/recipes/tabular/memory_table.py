"""A table in memory as a run sees it; `BigTable` is its like on disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from pearlite.data.table import read_table
from pearlite.recipes.tabular.files import Model
from pearlite.recipes.tabular.prepare import Prepared, Settings, prepare
from pearlite.recipes.tabular.train import new_estimator

STATE = "state"


@dataclass(frozen=True)
class MemoryTable:
    """All rows of a table, as `pearlite.data.table.read_table` reads them."""

    frame: pd.DataFrame

    @classmethod
    def open(cls, source: Any, settings: Settings) -> Self:
        """Read a table from a file or from memory.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        return cls(read_table(source, sheet=settings.sheet))

    def prepare(self, settings: Settings, subject: str, progress: bool = False) -> Prepared:
        """Audit and divide the table; see `pearlite.recipes.tabular.prepare.prepare`."""
        return prepare(self.frame, settings, subject, progress)

    def fit(
        self,
        prepared: Prepared,
        settings: Settings,
        folder: Path,
        minutes: float | None,
        progress: bool = False,
    ) -> tuple[Model, tuple[str, ...]]:
        """Return an estimator fitted to train and validation, and what should be said of it.

        Parameters
        ----------
        prepared, settings
            What `prepare` returned, and for what.
        folder
            Where finished trials are kept, in `STATE`.
        minutes
            A budget of time.
        progress
            Show bars.
        """
        model = new_estimator(
            prepared,
            quality=settings.quality,
            minutes=minutes,
            seed=settings.seed,
            threads=settings.workers,
            progress=progress,
        )
        model.state = folder / STATE
        rows = prepared.known
        model.fit(prepared.inputs.iloc[rows], prepared.truth.labels[rows], **prepared.of(rows))
        return model, ()
