"""Metrics that look at the order of the samples, for many weightings of them at once.

Axes: N samples, K classes, D weightings, T distinct values among the samples, ascending.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.judge.answers import Floats


def roc_auc(true_N: NDArray[np.int64], shares_NK: Floats, weights_DN: Floats) -> Floats:
    """Area under the ROC curve of class 1, or the mean over classes, each against the rest."""
    return _over_classes(_area, true_N, shares_NK, weights_DN)


def average_precision(true_N: NDArray[np.int64], shares_NK: Floats, weights_DN: Floats) -> Floats:
    """Average precision of class 1, or the mean over classes, each against the rest."""
    return _over_classes(_precision, true_N, shares_NK, weights_DN)


def median_error(true_N: Floats, answer_N: Floats, weights_DN: Floats) -> Floats:
    """Median absolute error; midway between two where half of the weight lies on either side."""
    values_N = np.abs(true_N - answer_N)
    order = values_N.argsort(kind="stable")
    sums_DN = weights_DN[:, order].cumsum(1)
    half_D1 = sums_DN[:, -1:] / 2
    low = (sums_DN >= half_D1 * (1 - 1e-12)).argmax(1)
    high = (sums_DN > half_D1 * (1 + 1e-12)).argmax(1)
    return (values_N[order][low] + values_N[order][high]) / 2


def largest_error(true_N: Floats, answer_N: Floats, weights_DN: Floats) -> Floats:
    """Largest absolute error of the samples that have any weight."""
    values_N = np.abs(true_N - answer_N)
    order = (-values_N).argsort(kind="stable")
    return values_N[order][(weights_DN[:, order] > 0).argmax(1)]


def weighted_quantiles(values: ArrayLike, weight_N: Floats, levels: ArrayLike) -> Floats:
    """Return the smallest values that have at least a share `levels` of the weight at or below."""
    values_N = np.asarray(values, np.float64)
    order = values_N.argsort(kind="stable")
    sums_N = weight_N[order].cumsum()
    wanted = np.asarray(levels, np.float64) * sums_N[-1] * (1 - 1e-12)
    return values_N[order][np.searchsorted(sums_N, wanted)]


def _over_classes(
    curve: Callable[[Floats, Floats, Floats], Floats],
    true_N: NDArray[np.int64],
    shares_NK: Floats,
    weights_DN: Floats,
) -> Floats:
    classes = [1] if shares_NK.shape[1] == 2 else range(shares_NK.shape[1])
    total_D, defined_D = np.zeros(len(weights_DN)), np.zeros(len(weights_DN))
    for each in classes:
        order = shares_NK[:, each].argsort(kind="stable")
        values_N = shares_NK[order, each]
        starts = np.flatnonzero(np.r_[True, values_N[1:] > values_N[:-1]])
        weights = weights_DN[:, order]
        inside = weights * (true_N[order] == each)
        positive_DT = np.add.reduceat(inside, starts, axis=1)
        negative_DT = np.add.reduceat(weights - inside, starts, axis=1)
        value_D = curve(positive_DT, negative_DT, positive_DT.sum(1))
        defined_D += np.isfinite(value_D)
        total_D += np.nan_to_num(value_D)
    return np.divide(total_D, defined_D, out=np.full_like(total_D, np.nan), where=defined_D > 0)


def _area(positive_DT: Floats, negative_DT: Floats, positives_D: Floats) -> Floats:
    below_DT = negative_DT.cumsum(1) - negative_DT / 2
    pairs_D = positives_D * negative_DT.sum(1)
    right_D = (positive_DT * below_DT).sum(1)
    return np.divide(right_D, pairs_D, out=np.full_like(pairs_D, np.nan), where=pairs_D > 0)


def _precision(positive_DT: Floats, negative_DT: Floats, positives_D: Floats) -> Floats:
    found_DT = positive_DT[:, ::-1].cumsum(1)
    taken_DT = found_DT + negative_DT[:, ::-1].cumsum(1)
    precision_DT = np.divide(found_DT, taken_DT, out=np.zeros_like(found_DT), where=taken_DT > 0)
    sum_D = (positive_DT[:, ::-1] * precision_DT).sum(1)
    return np.divide(sum_D, positives_D, out=np.full_like(sum_D, np.nan), where=positives_D > 0)
