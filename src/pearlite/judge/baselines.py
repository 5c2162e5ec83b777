"""What any model must beat: an answer that ignores the inputs, and a straight line through them.

Axes: N training samples, M new samples, F features, K classes, Q quantile levels.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError
from pearlite.judge.answers import Floats, read_weight
from pearlite.judge.ranking import weighted_quantiles
from pearlite.judge.scores import CLASSES, QUANTILES, REGRESSION

MEDIAN_METRICS = ("mae", "median_ae", "mape")  # a constant answer is best at the median
PENALTIES = np.logspace(-3, 5, 17)
ITERATIONS = 300


def dummy(
    goal: str,
    truth: ArrayLike,
    count: int,
    *,
    metric: str = "",
    classes: int = 0,
    quantiles: Sequence[float] = (),
    weight: ArrayLike | None = None,
) -> Floats:
    """Answer `count` samples without looking at them.

    Parameters
    ----------
    goal
        ``"regression"``: the median where the metric is one of absolute errors, else the mean;
        ``"binary"``, ``"multiclass"``: the shares of the classes, so that the label is the
        majority; ``"quantiles"``: those of the training part.
    truth
        Of the training part: numbers, or classes counted from 0, shape ``(N,)``.
    count
        Number M of new samples.
    metric
        Name of the metric that the answer is for.
    classes, quantiles
        Number of classes K; levels Q.
    weight
        How much each training sample counts.

    Returns
    -------
    ndarray
        Shape ``(M,)``, ``(M, K)`` or ``(M, Q)``.
    """
    true_N = np.asarray(truth)
    weight_N = read_weight(weight, len(true_N))
    if goal in CLASSES:
        shares_K = np.bincount(true_N, weight_N, classes)
        return np.tile(shares_K / shares_K.sum(), (count, 1))
    if goal == QUANTILES:
        return np.tile(weighted_quantiles(true_N, weight_N, quantiles), (count, 1))
    if metric in MEDIAN_METRICS:
        return np.repeat(weighted_quantiles(true_N, weight_N, [0.5]), count)
    return np.full(count, np.average(true_N, weights=weight_N))


def simple(
    goal: str,
    x_train: ArrayLike,
    truth: ArrayLike,
    x_new: ArrayLike,
    *,
    classes: int = 0,
    quantiles: Sequence[float] = (),
    weight: ArrayLike | None = None,
) -> Floats:
    """Answer by ridge or logistic regression on scaled features.

    The ridge penalty is chosen by leave-one-out within the training part (Golub, Heath & Wahba,
    Technometrics 21, 215, 1979). Quantiles are those of the training residuals, added to the ridge.

    Parameters
    ----------
    goal, truth, classes, quantiles, weight
        See `dummy`.
    x_train, x_new
        Finite features, scaled to about unit spread, shapes ``(N, F)`` and ``(M, F)``.

    Returns
    -------
    ndarray
        Shape ``(M,)``, ``(M, K)`` or ``(M, Q)``.

    Raises
    ------
    InputError
        If features are missing or infinite, or their shapes do not fit.
    """
    x_NF, x_MF = _features(x_train, "x_train"), _features(x_new, "x_new")
    true_N = np.asarray(truth)
    if len(x_NF) != len(true_N) or x_NF.shape[1] != x_MF.shape[1]:
        raise InputError(
            f"x_train has shape {x_NF.shape}, truth {true_N.shape}, x_new {x_MF.shape}; expected "
            "(N, F), (N,) and (M, F)"
        )
    weight_N = read_weight(weight, len(true_N))
    if goal in CLASSES:
        return _logistic(x_NF, true_N, x_MF, weight_N, classes)
    from sklearn.linear_model import RidgeCV

    ridge = RidgeCV(PENALTIES).fit(x_NF, true_N, sample_weight=weight_N)
    answer_M = np.asarray(ridge.predict(x_MF), np.float64)
    if goal == REGRESSION:
        return answer_M
    residual_N = true_N - ridge.predict(x_NF)
    return answer_M[:, None] + weighted_quantiles(residual_N, weight_N, quantiles)


def _logistic(
    x_NF: Floats, true_N: NDArray[np.int64], x_MF: Floats, weight_N: Floats, classes: int
) -> Floats:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    answer_MK = np.zeros((len(x_MF), classes))
    seen = np.unique(true_N)
    if len(seen) == 1:
        answer_MK[:, seen] = 1
        return answer_MK
    model = LogisticRegression(max_iter=ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near its best is enough here
        model.fit(x_NF, true_N, sample_weight=weight_N)
    answer_MK[:, seen] = model.predict_proba(x_MF)
    return answer_MK


def _features(values: ArrayLike, name: str) -> Floats:
    features = np.asarray(values, np.float64)
    if features.ndim != 2 or not np.isfinite(features).all():
        raise InputError(
            f"{name} must be a matrix of finite numbers; its shape is {features.shape}"
        )
    return features
