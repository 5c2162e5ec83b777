"""A quick model and its answers on rows that it has not seen.

Axes: N rows, F features, K classes.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FOLDS = 5
ROUNDS, FEWEST_ROUNDS = 100, 30  # trees, one for each class; fewer of each for many classes
MOST_ROWS = 20_000
"""Rows on which models are fitted at most; more are left out at random, whole groups at a time."""


def folds(
    count: int, *, group: ArrayLike | None = None, seed: int = 0, number: int = FOLDS
) -> NDArray[np.int64]:
    """Return a fold a row, shape (N,), int64: at random, or with every group in one fold."""
    random = np.random.default_rng(seed)
    if group is None:
        return random.permutation(count) % number
    _, unit = np.unique(np.asarray(group), return_inverse=True)
    sizes = np.bincount(unit)
    number = min(number, len(sizes))
    order = random.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled, of_unit = np.zeros(number), np.zeros(len(sizes), np.int64)
    for one in order:
        of_unit[one] = filled.argmin()
        filled[of_unit[one]] += sizes[one]
    return of_unit[unit]


def out_of_fold(
    features_NF: NDArray[np.float64],
    truth_N: NDArray[Any],
    fold_N: NDArray[np.int64],
    classes: int = 0,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return LightGBM's answer to every row by a model that was fitted to the other folds.

    Parameters
    ----------
    features_NF
        Numbers, NaN where missing.
    truth_N
        Numbers, or classes counted from 0.
    fold_N
        What `folds` gave; rows of the fold -1 are only trained on.
    classes
        How many; 0 for a regression.

    Returns
    -------
    ndarray
        (N,) numbers, or (N, K) probabilities; NaN in rows of the fold -1.
    """
    answer = np.full((len(truth_N), classes) if classes else len(truth_N), np.nan)
    for fold in np.unique(fold_N[fold_N >= 0]):
        asked = fold_N == fold
        answer[asked] = fit_predict(
            features_NF[~asked], truth_N[~asked], features_NF[asked], classes, seed
        )
    return answer


def fit_predict(
    known_NF: NDArray[np.float64],
    truth_N: NDArray[Any],
    asked_MF: NDArray[np.float64],
    classes: int = 0,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Fit to the known rows and answer the asked ones."""
    from lightgbm import Dataset, train

    present, codes = np.unique(truth_N, return_inverse=True)
    if classes and len(present) == 1:
        return np.tile(np.eye(classes)[present[0]], (len(asked_MF), 1))
    settings = {
        "objective": "regression"
        if not classes
        else "binary"
        if len(present) == 2
        else "multiclass",
        "min_data_in_leaf": int(np.clip(len(truth_N) // 50, 2, 20)),
        "seed": seed,
        "num_threads": 1,
        "verbosity": -1,
        "deterministic": True,
    }
    if len(present) > 2 and classes:
        settings["num_class"] = len(present)
    scale = 1.0 if classes else float(np.abs(truth_N).max()) or 1.0  # labels are kept as float32
    rounds = max(FEWEST_ROUNDS, 2 * ROUNDS // max(2, len(present) if classes else 2))
    data = Dataset(known_NF, label=codes if classes else truth_N / scale, params={"verbosity": -1})
    answer = np.asarray(train(settings, data, rounds).predict(asked_MF))
    if not classes:
        return answer * scale
    if len(present) == 2:
        answer = np.column_stack([1 - answer, answer])
    shares = np.zeros((len(asked_MF), classes))
    shares[:, present] = answer
    return shares


def scaled(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return each column divided by its largest number, so that its squares are finite."""
    largest = np.nanmax(np.abs(numbers), axis=0, initial=0.0)
    return numbers / np.where(largest > 0, largest, 1.0)


def dummy(
    truth_N: NDArray[Any], fold_N: NDArray[np.int64], classes: int = 0
) -> NDArray[np.float64]:
    """Return what a model that knows no feature answers: the others' median, or shares."""
    answer = np.empty((len(truth_N), classes) if classes else len(truth_N))
    for fold in np.unique(fold_N):
        others = truth_N[fold_N != fold]
        answer[fold_N == fold] = (
            np.bincount(others, minlength=classes) / len(others) if classes else np.median(others)
        )
    return answer
