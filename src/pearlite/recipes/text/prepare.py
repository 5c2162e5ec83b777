"""A table made ready: the texts, the target, what belongs together, the audit, the split.

Axes: N rows.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.columns import moments
from pearlite.data.groups import group_labels
from pearlite.data.names import known_column
from pearlite.data.split import Split, split
from pearlite.data.table import take_target
from pearlite.errors import InputError, Refused
from pearlite.judge.audit import Audit
from pearlite.judge.goal import Truth, read_truth
from pearlite.judge.scores import CLASSES, Metric, chosen
from pearlite.recipes.text.audit import audit_texts
from pearlite.recipes.text.same import joined, same_texts
from pearlite.recipes.text.settings import Settings

FEWEST = 20  # rows below which there is nothing to learn from, choose on and test
BETWEEN = "\n\n"  # the texts of several columns


@dataclass(frozen=True)
class Prepared:
    """Texts that all have a target.

    Attributes
    ----------
    rows
        Numbers of the rows in the table as it was read, int64 ``(N,)``.
    texts
        One a row; several columns with an empty line between.
    truth
        The target, read.
    metric
        What the model shall be good at.
    group
        Labels of rows that stay together, for copies or as declared; None where each is alone.
    split
        Train, validation and the withheld test part.
    audit
        What was found in the texts.
    notes
        Sentences on what was decided here.
    """

    rows: NDArray[np.int64]
    texts: tuple[str, ...]
    truth: Truth
    metric: Metric
    group: NDArray[np.int64] | None
    split: Split
    audit: Audit
    notes: tuple[str, ...]

    def part(self, rows: NDArray[np.int64]) -> tuple[list[str], Truth]:
        """Return texts and truth of some rows."""
        truth = Truth(self.truth.goal, self.truth.values[rows], self.truth.classes)
        return [self.texts[row] for row in rows], truth


def prepare(table: pd.DataFrame, settings: Settings, subject: str = "table") -> Prepared:
    """Take texts and target, find copies and leaks, and split by what was declared.

    Raises
    ------
    InputError
        If a column is not there, holds no texts, or the table cannot be divided.
    Refused
        If a word gives the target away, unless `settings` force it.
    """
    for name in settings.text:
        known_column(table, name, "text column")
    known_column(table, settings.target, "target")
    if settings.target in settings.text:
        raise InputError(f"the target {settings.target!r} cannot be its own text; name another")
    texts = read_texts(table, settings.text)
    full = np.array([bool(text) for text in texts])
    if not full.any():
        raise InputError(f"{listed(settings.text)} is empty in all {len(table)} rows; give texts")
    filled = table.loc[full]
    filled.attrs = table.attrs
    _, target = take_target(filled, settings.target)
    truth = read_truth(target, settings.metric)
    metric = chosen(truth.goal, settings.metric)
    kept = table.index[full & table[settings.target].notna().to_numpy(bool)]
    notes = [truth.note, *_left_out(len(table), int(full.sum()), len(kept), settings)]
    rows = table.loc[kept]
    said = [texts[row] for row in kept]
    time = None if settings.time is None else moments(rows, settings.time)
    copies = same_texts(said)
    if time is not None and copies.count:
        first = np.sort(np.unique(_by_time(copies.group, time)))
        notes.append(
            f"{copies.count} texts repeat an earlier one and were left out, so that none is in two "
            "parts."
        )
        rows, said, time = rows.iloc[first], [said[row] for row in first], time[first]
        truth = Truth(truth.goal, truth.values[first], truth.classes, truth.note)
        copies = same_texts(said)
    if len(rows) < FEWEST:
        raise InputError(
            f"{len(rows)} rows have a text and a target; at least {FEWEST} are needed to learn "
            "from, to choose on and to test"
        )
    found = audit_texts(said, truth, copies, settings.target, subject)
    if found.grave and not settings.force:
        raise Refused(f"{found.grave[0].what} Mend the texts, or go on with --force.")
    declared = (
        None if settings.group is None else group_labels(rows, settings.group, settings.target)
    )
    group = joined(declared, copies.group if copies.count else None)
    stratify = truth.values if truth.goal in CLASSES and time is None else None
    parts = split(len(rows), group=group, stratify=stratify, time=time, seed=settings.seed)
    return Prepared(
        rows.index.to_numpy(np.int64),
        tuple(said),
        truth,
        metric,
        group,
        parts,
        found,
        tuple(note for note in notes if note),
    )


def read_texts(table: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    """Return one text a row, of one or several columns; empty where there is none.

    Raises
    ------
    InputError
        If a column is not there, or holds numbers or dates.
    """
    parts = []
    for name in columns:
        known_column(table, name, "text column")
        column = pd.Series(table[name])
        if pd.api.types.is_numeric_dtype(column) and column.notna().any():
            value = column.dropna().iloc[0]
            raise InputError(
                f"the text column {name!r} holds numbers such as {value}; give a column of words, "
                f"or predict from numbers with pearlite tabular"
            )
        if pd.api.types.is_datetime64_any_dtype(column):
            raise InputError(f"the text column {name!r} holds dates; give a column of words")
        parts.append(
            column.astype(object).where(column.notna(), "").astype(str).str.strip().tolist()
        )
    return [BETWEEN.join(filter(None, row)) for row in zip(*parts, strict=True)]


def listed(names: tuple[str, ...]) -> str:
    """Return column names for a sentence."""
    return " and ".join(map(repr, names))


def _left_out(rows: int, full: int, kept: int, settings: Settings) -> list[str]:
    """Say how many rows were left out, and why."""
    said = []
    if full < rows:
        said.append(f"{rows - full} of {rows} rows have no text and were left out.")
    if kept < full:
        said.append(f"{full - kept} of {rows} rows have no {settings.target!r} and were left out.")
    return said


def _by_time(group: NDArray[np.int64], time: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the earliest row of each group."""
    order = np.lexsort((np.arange(len(time)), time))
    return order[np.unique(group[order], return_index=True)[1]]
