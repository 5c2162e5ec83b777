"""What kind of answer a target asks for: a number, quantiles of it, or a class.

Axes: N rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.judge.scores import BINARY, CLASSES, METRICS, MULTICLASS, QUANTILES, REGRESSION

MOST_NUMBERS, OFTEN = 10, 5  # so few different whole numbers, each so often, are classes
MOST_CLASSES = 200


@dataclass(frozen=True)
class Truth:
    """A target, read.

    Attributes
    ----------
    goal
        One of `pearlite.judge.scores.GOALS`.
    values
        Numbers as float64, or codes of classes as int64, shape ``(N,)``.
    classes
        The class that each code stands for; empty for numbers.
    note
        A sentence where the goal was a matter of judgement, else empty.
    """

    goal: str
    values: NDArray[Any]
    classes: tuple[Any, ...] = ()
    note: str = ""

    @property
    def labels(self) -> NDArray[Any]:
        """What an estimator is fitted to: the numbers, or the classes themselves."""
        return np.asarray(self.classes)[self.values] if self.classes else self.values


def read_truth(
    target: pd.Series, metric: str | None = None, quantiles: Sequence[float] | None = None
) -> Truth:
    """Read a target without missing values.

    Words and flags are classes. So are whole numbers of which there are at most ten, each at
    least five times, unless the metric is one of numbers; a metric of classes makes any number one.

    Raises
    ------
    InputError
        If the metric or the quantiles do not fit the target, or nearly every row is a class of its
        own.
    """
    goals = METRICS[metric].goals if metric in METRICS else ()
    number = pd.api.types.is_numeric_dtype(target) and not pd.api.types.is_bool_dtype(target)
    wanted = quantiles is not None or (goals and not set(goals) & set(CLASSES))
    if not number:
        if wanted:
            asked = "quantiles are" if quantiles is not None else f"{metric} is"
            raise InputError(
                f"{target.name!r} holds classes such as {target.iloc[0]!r}, and {asked} for "
                "numbers; choose another target or metric"
            )
        return _classes(target)
    counts = target.value_counts()
    few = len(counts) <= MOST_NUMBERS and counts.min() >= OFTEN and bool((target % 1 == 0).all())
    if wanted or (not few and not set(goals) & set(CLASSES)):
        goal = REGRESSION if quantiles is None else QUANTILES
        return Truth(goal, target.to_numpy(np.float64))
    said = f"{target.name!r} holds {len(counts)} different whole numbers: they were taken as"
    return _classes(target, f"{said} classes; --metric mae predicts a number." * (not goals))


def _classes(target: pd.Series, note: str = "") -> Truth:
    codes, names = pd.factorize(target, sort=True)
    if len(names) > max(2, min(MOST_CLASSES, len(target) // 2)):
        raise InputError(
            f"{target.name!r} holds {len(names):,} different classes in {len(target):,} rows; "
            f"expected classes that recur, at most {MOST_CLASSES}"
        )
    goal = BINARY if len(names) == 2 else MULTICLASS
    return Truth(goal, codes.astype(np.int64), tuple(names.tolist()), note)
