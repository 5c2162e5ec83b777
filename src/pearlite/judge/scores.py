"""The metrics of tables by name, each computed for many weightings of the samples at once.

Axes: N samples, K classes, Q quantile levels, D weightings (such as draws of a bootstrap), S sums.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError
from pearlite.judge import ranking, sums
from pearlite.judge.answers import (
    Floats,
    read_labels,
    read_nonzero,
    read_numbers,
    read_probabilities,
    read_quantiles,
    read_weight,
)

REGRESSION, BINARY, MULTICLASS, QUANTILES = "regression", "binary", "multiclass", "quantiles"
GOALS = (REGRESSION, BINARY, MULTICLASS, QUANTILES)
CLASSES = (BINARY, MULTICLASS)
USUAL_LEVELS = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Metric:
    """A score of answers against the truth; call it with both, and a weight a sample if wanted.

    Attributes
    ----------
    name, title : str
        What is typed, and what is read.
    goals : tuple of str
        Where it applies: ``"regression"``, ``"binary"``, ``"multiclass"``, ``"quantiles"``.
    read : callable
        Checks truth and answer and returns them as arrays.
    sums, finish : callable or None
        ``(truth, answer) -> (N, S)``: what is added up over the samples, the first column being 1;
        and ``(…, S) -> (…)``: the metric from the sums.
    weighted : callable or None
        ``(truth, answer, weights_DN) -> (D,)`` for metrics that are no function of sums.
    higher_is_better : bool or None
        None where neither is, such as for a coverage.
    lowest, highest : float
        What it can be at the least and at the most.
    """

    name: str
    title: str
    goals: tuple[str, ...]
    read: Callable[[ArrayLike, ArrayLike], tuple[NDArray[Any], NDArray[Any]]]
    sums: Callable[[NDArray[Any], NDArray[Any]], Floats] | None = None
    finish: Callable[[Floats], Floats] | None = None
    weighted: Callable[[NDArray[Any], NDArray[Any], Floats], Floats] | None = None
    higher_is_better: bool | None = False
    lowest: float = 0.0
    highest: float = inf

    def __call__(
        self, truth: ArrayLike, answer: ArrayLike, weight: ArrayLike | None = None
    ) -> float:
        """Return the score; NaN where it is not defined, such as ROC AUC with a single class.

        Parameters
        ----------
        truth
            Numbers, or classes counted from 0, shape ``(N,)``.
        answer
            Numbers ``(N,)``; for classes probabilities ``(N, K)``, or of class 1 ``(N,)`` where
            there are two; for metrics of labels also labels ``(N,)``; for quantiles ``(N, Q)``.
        weight
            How much each sample counts, none negative, shape ``(N,)``.

        Raises
        ------
        InputError
            If the shapes do not fit, there is no sample, or a value is missing or infinite.
        """
        true_N, answer_N = self.read(truth, answer)
        weight_N = read_weight(weight, len(true_N))
        if self.sums is not None and self.finish is not None:
            with np.errstate(invalid="ignore", divide="ignore"):
                return float(self.finish(weight_N @ self.sums(true_N, answer_N)))
        assert self.weighted is not None
        return float(self.weighted(true_N, answer_N, weight_N[None])[0])


def chosen(goal: str, name: str | None = None, quantiles: Sequence[float] | None = None) -> Metric:
    """Return the metric of that name, or the first of `DEFAULTS` for the goal.

    Parameters
    ----------
    goal
        One of `GOALS`.
    name
        What was typed; None for the usual one.
    quantiles
        The levels of the answers that "pinball" shall score.

    Raises
    ------
    InputError
        If there is no such goal or metric, or the metric is not made for the goal.
    """
    if goal not in GOALS:
        raise InputError(f"goal is {goal!r}; expected one of {', '.join(GOALS)}")
    name = DEFAULTS[goal][0] if name is None else name
    fitting = [known for known, metric in METRICS.items() if goal in metric.goals]
    if name not in fitting:
        near = get_close_matches(name, fitting, 1)
        why = f"is not for {goal}" if name in METRICS else "is unknown"
        meant = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"the metric {name!r} {why}; take one of {', '.join(fitting)}{meant}")
    return pinball(quantiles) if name == "pinball" and quantiles is not None else METRICS[name]


def pinball(levels: Sequence[float]) -> Metric:
    """Return the mean pinball loss of predictions at those levels (Koenker & Bassett 1978).

    Raises
    ------
    InputError
        If a level is not between 0 and 1.
    """
    levels_Q = np.asarray(levels, np.float64)
    if levels_Q.ndim != 1 or not len(levels_Q) or not ((levels_Q > 0) & (levels_Q < 1)).all():
        raise InputError(f"quantile levels {list(levels)} must lie between 0 and 1")

    def losses(true_N: NDArray[Any], answer_NQ: NDArray[Any]) -> Floats:
        if answer_NQ.shape[1] != len(levels_Q):
            raise InputError(
                f"answer has {answer_NQ.shape[1]} columns; expected {len(levels_Q)}, one a quantile"
            )
        above_NQ = true_N[:, None] - answer_NQ
        return np.maximum(levels_Q * above_NQ, (levels_Q - 1) * above_NQ).mean(1)

    return _mean("pinball", "mean pinball loss", (QUANTILES,), read_quantiles, losses)


def _mean(
    name: str,
    title: str,
    goals: tuple[str, ...],
    read: Callable[[ArrayLike, ArrayLike], tuple[NDArray[Any], NDArray[Any]]],
    losses: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]],
    finish: Callable[[Floats], Floats] = lambda mean: mean,
) -> Metric:
    """Make a metric that is a function of the mean of one number a sample."""
    return Metric(
        name,
        title,
        goals,
        read,
        lambda true, answer: np.column_stack([np.ones(len(true)), losses(true, answer)]),
        lambda added: finish(added[..., 1] / added[..., 0]),
    )


def _right(metric: Metric, lowest: float = 0.0) -> Metric:
    """Return the metric as one that is 1 where all is right."""
    return replace(metric, higher_is_better=True, lowest=lowest, highest=1.0)


def _counted(name: str, title: str, goals: tuple[str, ...], finish: Any) -> Metric:
    return Metric(name, title, goals, read_labels, sums.class_counts, finish)


def _ranked(name: str, title: str, goals: tuple[str, ...], weighted: Any) -> Metric:
    return Metric(name, title, goals, read_probabilities, weighted=weighted)


_ONE, _TWO, _BOTH = (REGRESSION,), (BINARY,), (REGRESSION, QUANTILES)
_ALL = (
    _mean("mae", "mean absolute error", _ONE, read_numbers, lambda t, a: abs(t - a)),
    _mean(
        "rmse", "root mean squared error", _ONE, read_numbers, lambda t, a: (t - a) ** 2, np.sqrt
    ),
    _right(Metric("r2", "R²", _ONE, read_numbers, sums.r2_sums, sums.r2), -inf),
    Metric("median_ae", "median absolute error", _ONE, read_numbers, weighted=ranking.median_error),
    Metric("max_error", "largest error", _ONE, read_numbers, weighted=ranking.largest_error),
    _mean("mape", "mean relative error", _ONE, read_nonzero, lambda t, a: abs((t - a) / t)),
    _right(_counted("balanced_accuracy", "balanced accuracy", CLASSES, sums.balanced_accuracy)),
    _right(_mean("accuracy", "accuracy", CLASSES, read_labels, lambda t, a: t == a)),
    _right(_ranked("roc_auc", "ROC AUC", CLASSES, ranking.roc_auc)),
    _right(_ranked("average_precision", "average precision", CLASSES, ranking.average_precision)),
    _right(_counted("f1", "F1", _TWO, sums.f1)),
    _right(_counted("f1_macro", "F1, mean over classes", CLASSES, sums.f1_macro)),
    _right(_counted("mcc", "Matthews correlation", CLASSES, sums.matthews), -1.0),
    _mean("log_loss", "log loss", CLASSES, read_probabilities, sums.log_losses),
    replace(
        _mean("brier", "Brier score", CLASSES, read_probabilities, sums.brier_losses), highest=2.0
    ),
    pinball(USUAL_LEVELS),
    replace(
        _mean("coverage", "coverage", _BOTH, read_quantiles, sums.covered),
        higher_is_better=None,
        highest=1.0,
    ),
    replace(
        _mean("width", "mean width", _BOTH, read_quantiles, lambda _, a: np.ptp(a, 1)),
        higher_is_better=None,
    ),
)

METRICS = {metric.name: metric for metric in _ALL}
"""Every metric by name."""

_OF_CLASSES = ("mcc", "log_loss", "brier")
_SHARES = ("balanced_accuracy", "accuracy", "roc_auc")
DEFAULTS = {
    REGRESSION: ("mae", "rmse", "r2", "median_ae", "max_error"),
    BINARY: (*_SHARES, "average_precision", "f1", *_OF_CLASSES),
    MULTICLASS: (*_SHARES, "f1_macro", *_OF_CLASSES),
    QUANTILES: ("pinball", "coverage", "width"),
}
"""What is reported for each goal; the first is what is optimised unless asked otherwise."""
