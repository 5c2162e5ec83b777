"""A table made ready for a model: the target, what was declared, the audit, the split.

Axes: N rows.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.columns import describe, moments
from pearlite.data.groups import group_columns, group_labels
from pearlite.data.names import known_column, known_columns
from pearlite.data.split import Split, split
from pearlite.data.table import take_target
from pearlite.errors import InputError, Refused
from pearlite.judge.answers import read_weight
from pearlite.judge.audit import Audit
from pearlite.judge.audit.tables import audit_table
from pearlite.judge.goal import Truth, read_truth
from pearlite.judge.scores import CLASSES, Metric, chosen

LABELS = ("category", "identifier", "text")  # a group column of such a kind says nothing else


@dataclass(frozen=True)
class Settings:
    """Every option of a fit, as `pearlite.recipes.tabular.runs.fit` explains them."""

    target: str
    group: str | Sequence[str] | None = None
    time: str | None = None
    weight: str | None = None
    drop: Sequence[str] = ()
    metric: str | None = None
    quantiles: Sequence[float] | None = None
    sheet: str | None = None
    quality: str = "balanced"
    minutes: float | None = None
    workers: int | None = None
    dask: str | None = None
    force: bool = False
    seed: int = 0

    def options(self) -> dict[str, Any]:
        """Return them as plain values, without the seed."""
        known = asdict(self)
        del known["seed"]
        return known

    @property
    def all_but(self) -> bool:
        """Whether the group is declared by the columns that do not make it."""
        return isinstance(self.group, str) and self.group.lower().startswith("all but ")


@dataclass(frozen=True)
class Prepared:
    """A table whose rows all have a target.

    Attributes
    ----------
    target
        Its name.
    inputs
        Columns to predict from; the index counts the rows of the table as it was read.
    truth
        The target as numbers or class codes, with its goal.
    metric
        What the model shall be good at.
    quantiles
        Levels, ascending; empty unless they are the goal.
    group, time, weight
        One value a row, or None if not declared.
    group_names
        What people call each row's group.
    split
        Train, validation and the withheld test part.
    audit
        What was found in the data.
    notes
        Sentences on what was decided here.
    """

    target: str
    inputs: pd.DataFrame
    truth: Truth
    metric: Metric
    quantiles: tuple[float, ...]
    group: NDArray[np.int64] | None
    group_names: NDArray[np.str_] | None
    time: NDArray[Any] | None
    weight: NDArray[np.float64] | None
    split: Split
    audit: Audit
    notes: tuple[str, ...]

    @property
    def known(self) -> NDArray[np.int64]:
        """Rows that a model may learn from: train and validation."""
        return np.sort(np.concatenate([self.split.train, self.split.validation]))

    def of(self, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Return what an estimator's ``fit`` takes beside inputs and target, for some rows."""
        given = {"sample_weight": self.weight, "groups": self.group, "time": self.time}
        return {name: values[rows] for name, values in given.items() if values is not None}


def prepare(
    table: pd.DataFrame, settings: Settings, subject: str = "table", progress: bool = False
) -> Prepared:
    """Take the target, audit, and split by what was declared.

    Raises
    ------
    InputError
        If a column is not there, or the table cannot be divided.
    Refused
        If the audit finds that no honest test is possible, unless `settings` force it.
    """
    inputs, target = take_target(table, settings.target)
    if settings.target in (*_unseen(settings), settings.time):
        raise InputError(
            f"the target {settings.target!r} cannot be dropped, nor be the weight or the time"
        )
    if settings.weight is not None:
        known_column(table, settings.weight, "weight column")
    if settings.drop:
        known_columns(table, settings.drop, "dropped column")
    truth = read_truth(target, settings.metric, settings.quantiles)
    metric = chosen(truth.goal, settings.metric, settings.quantiles)
    if metric.higher_is_better is None:
        raise InputError(f"--metric {metric.name} has no better end to aim at; take another")
    rows = table.dropna(subset=[settings.target])
    inputs = inputs.set_axis(rows.index)
    named, group, names = _groups(rows, settings)
    time = None if settings.time is None else moments(rows, settings.time)
    weight = None if settings.weight is None else _weights(pd.Series(rows[settings.weight]))
    out = _not_inputs(rows, settings, named)
    inputs = inputs.drop(columns=[name for name in out if name in inputs])
    notes = [truth.note, *inputs.attrs.get("notes", []), *out.values()]
    unseen = [name for name in _unseen(settings) if name not in (*named, settings.time)]
    found = audit_table(
        table.reset_index(drop=True).drop(columns=unseen),
        target=settings.target,
        group=settings.group,
        time=settings.time,
        seed=settings.seed,
        progress=progress,
        subject=subject,
    )
    if found.grave and not settings.force:
        raise Refused(_refusal(found))
    classes = truth.values if truth.goal in CLASSES and time is None else None
    parts = split(len(inputs), group=group, stratify=classes, time=time, seed=settings.seed)
    return Prepared(
        settings.target,
        inputs,
        truth,
        metric,
        tuple(sorted(settings.quantiles or ())),
        group,
        names,
        time,
        weight,
        parts,
        found,
        tuple(_sentence(note) for note in notes if note),
    )


def _unseen(settings: Settings) -> list[str]:
    """Return the columns that were declared to be no inputs."""
    return [*settings.drop, *filter(None, [settings.weight])]


def _groups(
    rows: pd.DataFrame, settings: Settings
) -> tuple[list[str], NDArray[np.int64] | None, NDArray[np.str_] | None]:
    """Return the columns named as group, each row's group, and what to call it."""
    if settings.group is None:
        return [], None, None
    if settings.all_but:
        rows = rows.drop(columns=_unseen(settings))
    labels = group_labels(rows, settings.group, settings.target)
    columns = group_columns(rows, settings.group, settings.target)
    if len(columns) == 1:
        called = rows[columns[0]].astype(str).to_numpy(str)
        return [] if settings.all_but else columns, labels, called
    first = pd.Series(rows.index.to_numpy()).groupby(labels).transform("min")
    called = np.array([f"like row {row}" for row in first])
    return [] if settings.all_but else columns, labels, called


def _not_inputs(rows: pd.DataFrame, settings: Settings, named: list[str]) -> dict[str, str]:
    """Return the columns that no model shall see, and why where that is not what was typed."""
    out = dict.fromkeys(_unseen(settings), "")
    for name in named:
        if name not in out and _is_label(pd.Series(rows[name])):
            out[name] = (
                f"{name!r} only says which rows belong together: of new groups it says nothing, so "
                "it is no input."
            )
    return out


def _is_label(column: pd.Series) -> bool:
    return describe(column.to_frame())[0].kind in LABELS


def _weights(column: pd.Series) -> NDArray[np.float64]:
    try:
        return read_weight(column, len(column))
    except (InputError, ValueError, TypeError) as error:
        raise InputError(
            f"{column.name!r} cannot be weights ({error}); give a column of numbers, 0 or more"
        ) from error


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."


def _refusal(found: Audit) -> str:
    finding = found.grave[0]
    measured = f" ({finding.inflation.sentence})" if finding.inflation else ""
    others = f" {len(found.grave) - 1} more: see pearlite audit." if len(found.grave) > 1 else ""
    mend = f"declare {finding.declare}" if finding.declare else "mend the data"
    return f"{finding.what.rstrip('.')}{measured}: {mend}, or go on with --force.{others}"
