"""A Parquet table larger than memory as a run sees it: a sample that is audited, then the fit."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from joblib import cpu_count

from pearlite.data.columns import clean
from pearlite.data.groups import group_columns
from pearlite.data.names import known_column
from pearlite.data.parquet import Parquet
from pearlite.data.part_rule import PartRule
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.big import Limits, fit_big
from pearlite.recipes.tabular.cluster import fit_on_cluster
from pearlite.recipes.tabular.dealing import chosen_rows
from pearlite.recipes.tabular.files import Model
from pearlite.recipes.tabular.prepare import Prepared, Settings, prepare
from pearlite.recipes.tabular.question import Question
from pearlite.recipes.tabular.train import new_estimator


@dataclass(frozen=True)
class BigTable:
    """A table on disk, the rule that divides it, and rows from all over it.

    Attributes
    ----------
    table
        What is known of the files.
    rule
        Which rows train, choose and are withheld.
    sample
        Rows of all parts, their numbers as index; they decide what columns are and where bins lie.
    """

    table: Parquet
    rule: PartRule
    sample: pd.DataFrame

    @classmethod
    def open(cls, source: str | Path, settings: Settings) -> Self:
        """Look at a Parquet file, or a folder of them.

        Raises
        ------
        InputError
            If it cannot be read, or a column that `settings` name is not there.
        """
        table = Parquet.open(source)
        frame = clean(table.sample(chosen_rows(len(table.columns)), settings.seed))
        known_column(frame, settings.target, "target")
        group = []
        if settings.group is not None:
            unseen = [*settings.drop, *filter(None, [settings.weight])] if settings.all_but else []
            seen = frame.drop(columns=unseen, errors="ignore")
            group = group_columns(seen, settings.group, settings.target)
        if settings.time is not None:
            known_column(frame, settings.time, "time column")
        rule = PartRule.learn(table, group=group, time=settings.time, seed=settings.seed)
        return cls(table, rule, frame)

    def prepare(self, settings: Settings, subject: str, progress: bool = False) -> Prepared:
        """Audit the sample, and divide it as the whole table is divided.

        Raises
        ------
        InputError
            If the target or an option is wrong, or a part stays empty.
        Refused
            If no honest test is possible, unless `settings` force it.
        """
        prepared = prepare(self.sample, settings, subject, progress)
        rows = self.sample.loc[prepared.inputs.index]
        said = f"{len(rows):,} of {self.table.rows:,} rows were audited and stand for the others."
        return replace(prepared, split=self.rule.split(rows), notes=(*prepared.notes, said))

    def fit(
        self,
        prepared: Prepared,
        settings: Settings,
        folder: Path,
        minutes: float | None,
        progress: bool = False,
    ) -> tuple[Model, tuple[str, ...]]:
        """Return an estimator fitted to the training part, and what should be said of it.

        Parameters
        ----------
        prepared, settings
            What `prepare` returned, and for what.
        folder
            Where the shuffled rows may lie meanwhile.
        minutes
            A budget of time.
        progress
            Show bars.

        Raises
        ------
        InputError
            If disk or memory are too small, or other rows are not like the sample.
        KeyboardInterrupt
            If Ctrl-C came before the first tree.
        """
        options = {"quality": settings.quality, "minutes": minutes, "seed": settings.seed}
        model = new_estimator(prepared, **options, threads=settings.workers)
        levels = () if not prepared.quantiles else tuple(sorted({*prepared.quantiles, 0.5}))
        truth = prepared.truth
        question = Question(
            settings.target,
            tuple(prepared.inputs),
            Aim(truth.goal, prepared.metric.name, len(truth.classes), levels),  # pyright: ignore[reportArgumentType]
            truth.classes,
            settings.weight,
        )
        rows, parts = prepared.inputs.index, prepared.split
        sample = self.sample.loc[rows[parts.train]]
        given = (self.table, self.rule, question, sample)
        if settings.dask is not None:
            validation = self.sample.loc[rows[parts.validation]]
            return model, fit_on_cluster(*given, validation, model, settings.dask)
        seconds = np.inf if minutes is None else 60 * minutes
        limits = Limits(seconds, threads=model.threads or cpu_count())
        return model, fit_big(*given, model, folder, limits, progress)
