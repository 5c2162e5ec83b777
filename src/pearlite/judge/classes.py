"""How often a classifier is right, and what it takes for what: functions of two label arrays."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError
from pearlite.judge.interval import Interval

Z95 = 1.959964  # a normal variable lies within ± this many standard deviations in 95 % of cases


def accuracy(truth: ArrayLike, answer: ArrayLike) -> Interval:
    """Share of right answers, with Wilson's interval (JASA 22, 209, 1927).

    The interval holds for samples drawn independently from what the classifier shall be used on.
    Unlike the usual ± standard error it stays within 0 to 1, and has a width where all are right.

    Parameters
    ----------
    truth, answer
        Labels, shape ``(N,)``, N at least 1.

    Raises
    ------
    InputError
        If the shapes differ or there is no label.
    """
    true_N, answered_N = _alike(truth, answer)
    return share(int((true_N == answered_N).sum()), len(true_N))


def share(count: int, total: int) -> Interval:
    """Share `count` of `total` as a value from 0 to 1, with Wilson's interval.

    Raises
    ------
    InputError
        If not 0 ≤ `count` ≤ `total`, or `total` is 0.
    """
    if not 0 <= count <= total or total == 0:
        raise InputError(f"{count} of {total} is no share; give 0 ≤ count ≤ total and total > 0")
    value, weight = count / total, Z95**2 / total
    middle = (value + weight / 2) / (1 + weight)
    half = math.sqrt(value * (1 - value) * weight + weight**2 / 4) / (1 + weight)
    return Interval(value, min(middle - half, value), max(middle + half, value))


def confusion(truth: ArrayLike, answer: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Count what was taken for what.

    Parameters
    ----------
    truth, answer
        Labels from 0 to ``classes - 1``, shape ``(N,)``.
    classes
        Number of classes, seen or not.

    Returns
    -------
    array
        Shape ``(classes, classes)``: a row for every true class, a column for every answer.

    Raises
    ------
    InputError
        If the shapes differ, there is no label, or a label is out of range.
    """
    true_N, answered_N = _alike(truth, answer)
    both = np.concatenate([true_N, answered_N])
    if both.min() < 0 or both.max() >= classes:
        raise InputError(
            f"labels go from {both.min()} to {both.max()}; "
            f"with {classes} classes they lie between 0 and {classes - 1}"
        )
    pairs_N = true_N.astype(np.int64) * classes + answered_N.astype(np.int64)
    return np.bincount(pairs_N, minlength=classes**2).reshape(classes, classes)


def _alike(truth: ArrayLike, answer: ArrayLike) -> tuple[NDArray, NDArray]:
    true_N, answered_N = np.asarray(truth), np.asarray(answer)
    if true_N.shape != answered_N.shape or true_N.ndim != 1 or true_N.size == 0:
        raise InputError(
            f"truth has shape {true_N.shape}, answer {answered_N.shape}; "
            "expected two lists of labels of one length, at least 1"
        )
    return true_N, answered_N
