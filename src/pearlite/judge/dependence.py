"""What a model answers as one column changes.

Axes: V values of the column, N samples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from pearlite.errors import InputError
from pearlite.judge.answers import Floats

if TYPE_CHECKING:
    import pandas as pd

POINTS, ROWS = 20, 200
INNER = (0.1, 0.9)  # shares of the samples between which their own curves lie


@dataclass(frozen=True)
class Dependence:
    """The answer against the value of one column, with all other columns as they are.

    Attributes
    ----------
    column : str
        Its name.
    values : list
        V values: quantiles of a number or date, or the most frequent levels.
    mean : ndarray
        Mean answer at each value, shape ``(V,)`` (Friedman, Annals of Statistics 29, 2001).
    low, high : ndarray
        Between them, about the mean, lie 80 % of the samples' own curves (Goldstein et al., JCGS
        24, 2015): where they are wide, the column acts differently on different samples.
    local : ndarray
        The same made from changes over short steps, of samples that lie there (accumulated local
        effects: Apley & Zhu, JRSS B 82, 2020), about the same mean: it never asks for samples
        that cannot be. Where it leaves `mean`, believe it and not `mean`. Empty if the column
        holds no numbers.
    """

    column: str
    values: list[Any]
    mean: Floats
    low: Floats
    high: Floats
    local: Floats


def dependence(
    predict: Callable[["pd.DataFrame"], ArrayLike],
    frame: "pd.DataFrame",
    column: str,
    *,
    points: int = POINTS,
    rows: int = ROWS,
    seed: int = 0,
) -> Dependence:
    """Vary one column of real samples and average what the model answers.

    Parameters
    ----------
    predict
        From a frame like `frame` to one number a sample, shape ``(N,)``: for classes the
        probability of one of them.
    frame
        Samples, such as those of the test part.
    column
        Which column varies.
    points
        Number V of values at most.
    rows
        Samples that are used, drawn at random.
    seed
        Determines which.

    Raises
    ------
    InputError
        If the column is not there or is empty.
    """
    if column not in frame.columns:
        raise InputError(f"there is no column {column!r}; there are {', '.join(frame.columns)}")
    known = frame.loc[frame[column].notna()]
    if known.empty:
        raise InputError(f"column {column!r} is empty: nothing depends on it")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(known))[:rows])
    some = known.iloc[chosen].reset_index(drop=True)
    values, numeric = _values(known.loc[:, column], points)
    answers_VN = np.stack([_answer(predict, some, column, value) for value in values])
    mean_V = answers_VN.mean(1)
    centred_VN = answers_VN - answers_VN.mean(0)
    low_V, high_V = mean_V.mean() + np.quantile(centred_VN, INNER, axis=1)
    local_V = np.array([])
    if numeric and len(values) > 1:
        local_V = _local(predict, known, column, np.asarray(values, np.float64), rows, seed)
        local_V += mean_V.mean() - local_V.mean()
    return Dependence(column, values, mean_V, low_V, high_V, local_V)


def _values(column: "pd.Series", points: int) -> tuple[list[Any], bool]:
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

    numeric = is_numeric_dtype(column) and not is_bool_dtype(column)
    if not numeric and not is_datetime64_any_dtype(column):
        return column.value_counts().index[:points].tolist(), False
    levels = np.linspace(0.01, 0.99, points)
    few = column.nunique() <= points
    drawn = column if few else column.quantile(levels.tolist())
    return drawn.drop_duplicates().sort_values().tolist(), numeric


def _answer(
    predict: Callable[["pd.DataFrame"], ArrayLike], frame: "pd.DataFrame", column: str, value: Any
) -> Floats:
    return np.asarray(predict(_with(frame, column, [value] * len(frame))), np.float64)


def _with(frame: "pd.DataFrame", column: str, values: ArrayLike) -> "pd.DataFrame":
    """Return the frame with other values in a column, of the same type where it can hold them."""
    import pandas as pd

    kind = frame[column].dtype
    whole = pd.api.types.is_integer_dtype(kind)
    return frame.assign(**{column: pd.Series(values, frame.index, None if whole else kind)})


def _local(
    predict: Callable[["pd.DataFrame"], ArrayLike],
    frame: "pd.DataFrame",
    column: str,
    edges_V: Floats,
    rows: int,
    seed: int,
) -> Floats:
    """Add up mean changes of the answer from one value to the next, of the samples between."""
    order = np.random.default_rng(seed).permutation(len(frame))
    shuffled = frame.iloc[order]
    given = shuffled[column].to_numpy(np.float64)
    step = np.clip(np.searchsorted(edges_V, given) - 1, 0, len(edges_V) - 2)
    each = max(1, rows // (len(edges_V) - 1))
    kept = np.concatenate([np.flatnonzero(step == s)[:each] for s in range(len(edges_V) - 1)])
    some, step = shuffled.iloc[kept].reset_index(drop=True), step[kept]
    ends = [
        np.asarray(predict(_with(some, column, edges_V[step + right])), np.float64)
        for right in (0, 1)
    ]
    count = np.bincount(step, minlength=len(edges_V) - 1)
    change = np.bincount(step, ends[1] - ends[0], len(edges_V) - 1) / np.maximum(count, 1)
    return np.r_[0, change.cumsum()]
