"""Which rows are withheld together, by the same rule as the test part.

Axes: N rows.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.recipes.tabular.aim import Aim

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


def fold_count(rows: int, quality: str) -> int:
    """Return how many folds to use: the fewer the rows, the more each fold should learn from."""
    if quality == "fast" or rows > 50_000:
        return 3
    return 10 if rows < (5_000 if quality == "best" else 1_500) else 5


def withheld_in_turn(
    y_N: NDArray[Any],
    aim: Aim,
    count: int,
    *,
    group: NDArray[np.int64] | None = None,
    time: NDArray[Any] | None = None,
    seed: int = 0,
) -> list[Fold]:
    """Return rows to learn from and rows to withhold, fold by fold.

    Groups stay together, classes are spread evenly; with a time, every fold withholds what comes
    after all that it learns from. Fewer folds come back where there are fewer groups or times.

    Raises
    ------
    InputError
        If there are fewer than two rows, groups, or times.
    """
    units = len(y_N) if group is None else len(np.unique(group))
    if units < 2:
        kind = "row" if group is None else "group"
        raise InputError(f"{units} {kind} cannot be divided to learn and to check; give more")
    if time is not None:
        return _later_in_turn(time, group, count)
    from sklearn import model_selection as sk

    options: dict[str, Any] = {"n_splits": min(count, units), "shuffle": True}
    options["random_state"] = seed % 2**32
    if aim.of_classes:
        options["n_splits"] = max(2, min(options["n_splits"], int(np.bincount(y_N).max())))
        make = sk.StratifiedKFold if group is None else sk.StratifiedGroupKFold
    else:
        make = sk.KFold if group is None else sk.GroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are too rare to be in every fold
        folds = list(make(**options).split(np.zeros((len(y_N), 1)), y_N, group))
    return [(learn, withheld) for learn, withheld in folds if len(learn) and len(withheld)]


def _later_in_turn(
    time_N: NDArray[Any], group_N: NDArray[np.int64] | None, count: int
) -> list[Fold]:
    _, rank_N = np.unique(time_N, return_inverse=True)
    edges = np.unique(np.quantile(rank_N, np.linspace(0, 1, count + 2)[1:-1], method="nearest"))
    edges = edges[edges > 0]
    if not len(edges):
        raise InputError("the time has a single value, so nothing is later; give no time")
    folds = []
    for start, end in zip(edges, [*edges[1:], rank_N.max() + 1], strict=True):
        withheld = np.flatnonzero((rank_N >= start) & (rank_N < end))
        earlier_N = rank_N < start
        if group_N is not None:
            earlier_N &= ~np.isin(group_N, group_N[withheld])
        if earlier_N.any() and len(withheld):
            folds.append((np.flatnonzero(earlier_N), withheld))
    if not folds:
        raise InputError("every group lasts from the first time to the last; give time or group")
    return folds
