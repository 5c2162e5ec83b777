"""How much worse a model gets when it no longer knows some columns.

Axes: N samples, C columns, R repeats, D draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError
from pearlite.judge.bootstrap import Bootstrapped, draw, interval
from pearlite.judge.related import related_columns
from pearlite.judge.scores import Metric

if TYPE_CHECKING:
    import pandas as pd

REPEATS = 5
MOST_ROWS = 5000  # of the frame; more are sampled


@dataclass(frozen=True)
class Importance:
    """How much the score worsens without some columns that say much the same.

    Attributes
    ----------
    columns : tuple of str
        They are shuffled together: one alone would be replaced by the others.
    loss : Bootstrapped
        Worsening of the metric, positive where the columns are of use, with its 95 % interval.
    """

    columns: tuple[str, ...]
    loss: Bootstrapped

    @property
    def name(self) -> str:
        """The columns for people."""
        return ", ".join(self.columns)


def importance(
    predict: Callable[["pd.DataFrame"], ArrayLike],
    frame: "pd.DataFrame",
    truth: ArrayLike,
    metric: Metric,
    *,
    columns: Sequence[Sequence[str]] | None = None,
    group: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    repeats: int = REPEATS,
    draws: int = 1000,
    seed: int = 0,
) -> list[Importance]:
    """Shuffle columns of the test part and see what is lost (Breiman, Machine Learning 45, 2001).

    Correlated columns are shuffled together, by the same order: otherwise each would seem useless
    as long as the others tell the same (Strobl et al., BMC Bioinformatics 9, 307, 2008).

    Parameters
    ----------
    predict
        From a frame like `frame` to answers as `metric` takes them.
    frame
        Test samples that the model has not seen, N rows; 5000 drawn at random if there are more.
    truth
        Shape ``(N,)``.
    metric
        What is lost.
    columns
        Which columns are shuffled together; None finds them by `related_columns`.
    group, weight
        A label and a weight a sample, as for `pearlite.judge.bootstrap.bootstrap`.
    repeats
        Shuffles of each set of columns; their scores are averaged.
    draws, seed
        Of the bootstrap; the seed also determines the shuffles.

    Returns
    -------
    list of Importance
        The most important first.

    Raises
    ------
    InputError
        If there are fewer than two samples, or the metric has no better end.
    """
    count = len(frame)
    if count < 2:
        raise InputError(f"importance needs at least 2 test samples, not {count}")
    if metric.higher_is_better is None:
        raise InputError(f"{metric.name} has no better end; take another metric")
    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(count)[:MOST_ROWS])
    frame = frame.iloc[rows].reset_index(drop=True)
    true_N = np.asarray(truth)[rows]
    group_N, weight_N = (None if a is None else np.asarray(a)[rows] for a in (group, weight))
    known = predict(frame)
    sign = -1 if metric.higher_is_better else 1
    found = []
    for names in related_columns(frame) if columns is None else columns:
        orders = [random.permutation(len(rows)) for _ in range(repeats)]
        shuffled = [predict(_shuffled(frame, names, order)) for order in orders]
        values, drawn_AD, units = draw(
            metric,
            true_N,
            [known, *shuffled],
            group=group_N,
            weight=weight_N,
            draws=draws,
            seed=seed,
        )
        lost_D = sign * (drawn_AD[1:].mean(0) - drawn_AD[0])
        value = sign * float(values[1:].mean() - values[0])
        loss = interval(value, lost_D, units, grouped=group is not None)
        found.append(Importance(tuple(names), loss))
    return sorted(found, key=lambda each: -each.loss.value)


def _shuffled(
    frame: "pd.DataFrame", names: Sequence[str], order: NDArray[np.int64]
) -> "pd.DataFrame":
    moved = frame[list(names)].iloc[order].set_axis(frame.index)
    return frame.assign(**{name: moved[name] for name in names})
