"""Metrics as functions of sums over the samples, so that a bootstrap only adds them up again.

Axes: N samples, K classes, Q quantile levels; sums have their terms along the last axis.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.answers import Floats


def class_counts(true_N: NDArray[Any], answer_N: NDArray[Any]) -> Floats:
    """Return 1, then for each class: is it true, is it answered, is it both."""
    eye = np.eye(int(max(true_N.max(), answer_N.max(), 1)) + 1)
    true_NK, answer_NK = eye[true_N], eye[answer_N]
    return np.hstack([np.ones((len(true_N), 1)), true_NK, answer_NK, true_NK * answer_NK])


def balanced_accuracy(sums: Floats) -> Floats:
    """Mean of recall over the classes that are true."""
    true, _, both = np.split(sums[..., 1:], 3, axis=-1)
    recall = np.divide(both, true, out=np.zeros_like(both), where=true > 0)
    return recall.sum(-1) / (true > 0).sum(-1)


def f1(sums: Floats) -> Floats:
    """Harmonic mean of precision and recall of class 1."""
    return _f1_of_classes(sums)[0][..., 1]


def f1_macro(sums: Floats) -> Floats:
    """Mean of F1 over the classes that are true or answered."""
    each, seen = _f1_of_classes(sums)
    return each.sum(-1) / seen.sum(-1)


def _f1_of_classes(sums: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    true, answered, both = np.split(sums[..., 1:], 3, axis=-1)
    seen = true + answered
    return np.divide(2 * both, seen, out=np.zeros_like(both), where=seen > 0), seen > 0


def matthews(sums: Floats) -> Floats:
    """Gorodkin's correlation of K classes (Comput. Biol. Chem. 28, 367, 2004)."""
    true, answered, both = np.split(sums[..., 1:], 3, axis=-1)
    total = sums[..., 0]
    covariance = both.sum(-1) * total - (true * answered).sum(-1)
    spread = np.sqrt((total**2 - (true**2).sum(-1)) * (total**2 - (answered**2).sum(-1)))
    return np.divide(covariance, spread, out=np.zeros_like(covariance), where=spread > 0)


def r2_sums(true_N: Floats, answer_N: Floats) -> Floats:
    """Return 1, the truth and its square about a fixed middle, and the squared error."""
    centred_N = true_N - true_N.mean()
    return np.column_stack(
        [np.ones(len(true_N)), centred_N, centred_N**2, (true_N - answer_N) ** 2]
    )


def r2(sums: Floats) -> Floats:
    """Share of the truth's variance that the answer explains."""
    return 1 - sums[..., 3] / (sums[..., 2] - sums[..., 1] ** 2 / sums[..., 0])


def log_losses(true_N: NDArray[Any], shares_NK: Floats) -> Floats:
    """Return minus the logarithm of the true class's probability."""
    return -np.log(np.clip(shares_NK[np.arange(len(true_N)), true_N], np.finfo(float).eps, 1))


def brier_losses(true_N: NDArray[Any], shares_NK: Floats) -> Floats:
    """Return squared errors of the probabilities, of class 1 alone where there are two."""
    squares_N = ((shares_NK - np.eye(shares_NK.shape[1])[true_N]) ** 2).sum(1)
    return squares_N / 2 if shares_NK.shape[1] == 2 else squares_N


def covered(true_N: Floats, answer_NQ: Floats) -> Floats:
    """Return 1 where the truth lies between the lowest and the highest quantile, else 0."""
    return ((true_N >= answer_NQ.min(1)) & (true_N <= answer_NQ.max(1))).astype(np.float64)
