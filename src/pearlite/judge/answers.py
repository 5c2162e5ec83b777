"""Truth and answers as arrays that fit each other; whatever does not is an `InputError`.

Axes: N samples, K classes, Q quantile levels.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError

Floats = NDArray[np.float64]


def read_numbers(truth: ArrayLike, answer: ArrayLike) -> tuple[Floats, Floats]:
    """Return two lists of numbers of one length."""
    true_N, answer_N = _finite(truth, "truth"), _finite(answer, "answer")
    if true_N.ndim != 1 or true_N.shape != answer_N.shape or not len(true_N):
        raise InputError(
            f"truth has shape {true_N.shape}, answer {answer_N.shape}; expected two lists of "
            "numbers of one length, at least 1"
        )
    return true_N, answer_N


def read_quantiles(truth: ArrayLike, answer: ArrayLike) -> tuple[Floats, Floats]:
    """Return numbers, and predicted quantiles of each, shapes (N,) and (N, Q)."""
    true_N, answer_NQ = _finite(truth, "truth"), _finite(answer, "answer")
    if true_N.ndim != 1 or answer_NQ.ndim != 2 or len(true_N) != len(answer_NQ) or not len(true_N):
        raise InputError(
            f"truth has shape {true_N.shape}, answer {answer_NQ.shape}; expected (N,) and (N, Q)"
        )
    return true_N, answer_NQ


def read_nonzero(truth: ArrayLike, answer: ArrayLike) -> tuple[Floats, Floats]:
    """Return two lists of numbers of one length, the truth without zeros."""
    true_N, answer_N = read_numbers(truth, answer)
    if (true_N == 0).any():
        raise InputError("mape divides by the truth, which holds zeros; take mae instead")
    return true_N, answer_N


def _finite(values: ArrayLike, name: str) -> Floats:
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds what is no number ({error})") from error
    if not np.isfinite(numbers).all():
        raise InputError(f"{name} holds missing or infinite values; the metrics need numbers")
    return numbers


def _codes(truth: ArrayLike) -> NDArray[np.int64]:
    codes_N = np.asarray(truth)
    if codes_N.ndim != 1 or codes_N.dtype.kind not in "iub" or not len(codes_N):
        raise InputError(
            f"truth has shape {codes_N.shape} and type {codes_N.dtype}; expected a list of "
            "classes as whole numbers from 0"
        )
    if codes_N.min() < 0:
        raise InputError(f"class {codes_N.min()} is negative; count classes from 0")
    return codes_N.astype(np.int64)


def read_labels(truth: ArrayLike, answer: ArrayLike) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return two lists of classes of one length; of probabilities the most probable class."""
    given = np.asarray(answer)
    if given.ndim == 2:
        true_N, shares_NK = read_probabilities(truth, answer)
        return true_N, shares_NK.argmax(1)
    true_N, answer_N = _codes(truth), _codes(given)
    if len(true_N) != len(answer_N):
        raise InputError(f"{len(true_N)} true classes but {len(answer_N)} answers")
    return true_N, answer_N


def read_probabilities(truth: ArrayLike, answer: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
    """Return classes, and the probability of each; one list of them is that of class 1."""
    true_N, shares = _codes(truth), _finite(answer, "answer")
    shares_NK = np.column_stack([1 - shares, shares]) if shares.ndim == 1 else shares
    if shares_NK.ndim != 2 or len(true_N) != len(shares_NK) or true_N.max() >= shares_NK.shape[1]:
        raise InputError(
            f"answer has shape {shares.shape} for {len(true_N)} samples with classes up to "
            f"{true_N.max()}; expected a column of probabilities for each class"
        )
    if shares_NK.min() < -1e-6 or np.abs(shares_NK.sum(1) - 1).max() > 1e-3:
        raise InputError("answer must hold probabilities: none negative, each row summing to 1")
    return true_N, shares_NK


def read_weight(weight: ArrayLike | None, count: int) -> Floats:
    """Return the weights of `count` samples, 1 each where none are given.

    Raises
    ------
    InputError
        If there is not one for each sample, one is negative or not finite, or all are 0.
    """
    if weight is None:
        return np.ones(count)
    weight_N = np.asarray(weight, np.float64)
    if weight_N.shape != (count,):
        raise InputError(f"weight has shape {weight_N.shape}; one for each of {count} samples")
    if not (np.isfinite(weight_N).all() and weight_N.min() >= 0 and weight_N.max() > 0):
        raise InputError("weights must be finite, 0 or more, and not all 0")
    return weight_N
