"""A table as the checks read it: a code for every value, a number for every value, the target.

Axes: N rows, D input columns, F numbers a row that the quick model sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.composition import fractions
from pearlite.errors import InputError
from pearlite.judge.audit.agreement import NEVER
from pearlite.judge.audit.finding import Finding

if TYPE_CHECKING:
    import pandas as pd

TENTHS = 10


@dataclass(frozen=True)
class Prepared:
    """The inputs of a table, and the target if one was named.

    Attributes
    ----------
    frame
        Input columns, the declared time column among them, the declared group's too.
    kinds
        What `pearlite.data.columns.describe` calls each column.
    codes_ND
        int64; equal values of a column have equal codes, missing ones -1.
    numbers_ND
        float64; numbers as they are, dates in seconds, words by how frequent they are, NaN missing.
    model_NF
        float64; `numbers_ND`, and element fractions where a column holds compositions.
    target
        Its name; empty if none.
    truth
        float64, or class codes as int64; ``None`` without a target.
    classes
        Names of the classes; empty for a regression.
    group, time
        Labels and order a row, ``None`` if not declared.
    findings
        What reading the columns brought to light.
    overview
        Kind, missing share and number of distinct values of each column, the head first.
    """

    frame: "pd.DataFrame"
    kinds: tuple[str, ...]
    codes_ND: NDArray[np.int64]
    numbers_ND: NDArray[np.float64]
    model_NF: NDArray[np.float64]
    target: str = ""
    truth: NDArray[Any] | None = None
    classes: tuple[str, ...] = ()
    group: NDArray[np.int64] | None = None
    time: NDArray[np.float64] | None = None
    findings: tuple[Finding, ...] = ()
    overview: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> list[str]:
        """The input columns."""
        return [str(name) for name in self.frame.columns]

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.frame)

    @property
    def goal(self) -> str:
        """``"regression"``, ``"binary"`` or ``"multiclass"``."""
        return "regression" if not self.classes else ("binary", "multiclass")[len(self.classes) > 2]

    @cached_property
    def counts(self) -> list[NDArray[np.int64]]:
        """How often each value of a column occurs, missing ones not counted."""
        return [np.bincount(codes[codes >= 0]) for codes in self.codes_ND.T]

    @property
    def distinct(self) -> NDArray[np.int64]:
        """Number of different values of each column, missing ones not counted."""
        return np.array([len(counts) for counts in self.counts])

    @cached_property
    def coarse_ND(self) -> NDArray[np.int64]:
        """What each value is roughly: a tenth of its column, or itself if it is frequent."""
        columns = [self._coarse(column) for column in range(self.codes_ND.shape[1])]
        return np.column_stack(columns) if columns else self.codes_ND

    def _coarse(self, column: int) -> NDArray[np.int64]:
        codes = self.codes_ND[:, column]
        if self.kinds[column] in ("composition", "text", "identifier"):
            return np.full_like(codes, NEVER)
        if self.distinct[column] <= TENTHS:
            return codes
        if self.kinds[column] in ("number", "date"):
            return roughly(codes, self.numbers_ND[:, column])
        return np.zeros_like(codes)


def roughly(codes: NDArray[np.int64], numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the tenth in which each number lies, a frequent number standing for itself.

    Parameters
    ----------
    codes
        Equal where the numbers are; -1 where one is missing.
    numbers
        NaN where missing.
    """
    inner = np.nanquantile(numbers, np.linspace(0.1, 0.9, 9))
    tenths = np.where(codes < 0, -1, np.searchsorted(inner, numbers, side="right"))
    counts = np.append(np.bincount(codes[codes >= 0]), 0)
    return np.where(counts[codes] >= len(codes) / TENTHS, TENTHS + codes, tenths)


def prepare(
    frame: "pd.DataFrame",
    target: str | None = None,
    group: str | Sequence[str] | NDArray[Any] | None = None,
    time: str | None = None,
) -> Prepared:
    """Read a table for the checks; the arguments are those of `audit_table`.

    Raises
    ------
    InputError
        If a column is not there, the target cannot be one, or there are too few rows.
    """
    import pandas as pd

    from pearlite.data.columns import clean, describe, moments
    from pearlite.data.table import take_target
    from pearlite.judge.goal import read_truth

    frame = clean(frame)
    rows, inputs, truth, classes = frame, frame, None, ()
    if target is not None:
        if time == target:
            raise InputError(f"the target {target!r} cannot be the time; name another column")
        inputs, answers = take_target(frame, target)
        rows = frame.dropna(subset=[target])
        inputs = inputs.set_axis(rows.index)
        read = read_truth(answers)
        truth, classes = read.values, tuple(str(name) for name in read.classes)
    if not len(inputs) or not inputs.shape[1]:
        raise InputError("the table has no rows or no columns to look at")
    columns = describe(inputs)
    codes, numbers, features = [], [], []
    for column in columns:
        code, number = _read(pd.Series(inputs[column.name]))
        codes.append(code)
        numbers.append(number)
        if column.kind == "composition":
            features.append(fractions(inputs[column.name].tolist())[0])
    numbers_ND = np.column_stack(numbers)
    head = ("column", "kind", "missing", "distinct", "note")
    overview = (
        (c.name, c.kind, f"{c.missing:.1%}" if c.missing else "", f"{c.distinct:,}", c.note)
        for c in columns
    )
    return Prepared(
        inputs,
        tuple(column.kind for column in columns),
        np.column_stack(codes),
        numbers_ND,
        np.hstack([numbers_ND, *features]),
        target or "",
        truth,
        classes,
        None if group is None else _groups(frame, rows, group, target or ""),
        None if time is None else moments(rows, time),
        overview=(head, *overview),
    )


def _read(values: "pd.Series") -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the codes and the numbers of a column that `pearlite.data.columns.clean` read."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values):
        stamps = values.to_numpy("datetime64[ns]")
        numbers = np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) / 1e9)
    elif pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(np.float64, na_value=np.nan)
    else:
        codes = pd.factorize(values)[0].astype(np.int64)
        often = np.bincount(codes + 1)[codes + 1].astype(np.float64)
        rank = codes / (codes.max() + 2)  # so that equally frequent words differ
        return codes, np.where(codes < 0, np.nan, often + rank)
    return pd.factorize(pd.Series(numbers))[0].astype(np.int64), numbers


def _groups(
    frame: "pd.DataFrame",
    rows: "pd.DataFrame",
    group: str | Sequence[str] | NDArray[Any],
    target: str,
) -> NDArray[np.int64]:
    """Return the labels of `rows`, which are those of `frame` that have a target."""
    from pearlite.data.groups import group_labels

    if not isinstance(group, np.ndarray):
        return group_labels(rows, group, target)
    if group.shape != (len(frame),):
        raise InputError(f"group has shape {group.shape}; one label for each of {len(frame)} rows")
    known = group if len(rows) == len(frame) else group[frame[target].notna().to_numpy(bool)]
    return np.unique(known, return_inverse=True)[1].astype(np.int64)
