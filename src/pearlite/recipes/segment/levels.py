"""Choose how far around a pixel the filters look, on labels that were withheld.

Axes: S space, N labelled pixels, F features, P pieces.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

FEWEST, MOST = 3, 6
"""Scales that are tried, each twice the one before."""

_FOLDS = 5
_TREES = 30
_CELLS, _SMALLEST, _LARGEST = 4, 16, 128  # along a side of the image; pixels a side of a cell
_DOUBT = 0.01  # added to every probability: a sure mistake costs no more than its logarithm


def neighbourhoods(
    truth_S: NDArray[np.int16], places_NS: NDArray[np.integer]
) -> NDArray[np.integer]:
    """Return for every place the cell of the image it is in, shape (N, axes).

    A stroke that fits into a cell belongs as a whole to the cell of its middle.
    """
    side_S = np.clip(np.array(truth_S.shape) // _CELLS, _SMALLEST, _LARGEST)
    cell_NS = places_NS // side_S
    class_N = truth_S[tuple(places_NS.T)]
    for k in np.unique(class_N):
        piece_S = np.asarray(label(truth_S == k, connectivity=truth_S.ndim))
        boxes = ndimage.find_objects(piece_S)
        box_PS2 = np.array([[(s.start, s.stop) for s in box] for box in boxes if box])
        own = np.flatnonzero(class_N == k)
        box_NS2 = box_PS2[piece_S[tuple(places_NS[own].T)] - 1]
        small = (box_NS2[..., 1] - box_NS2[..., 0] <= side_S).all(axis=1)
        cell_NS[own[small]] = box_NS2[small].mean(axis=-1) // side_S
    return cell_NS


def choose_levels(
    x_NF: NDArray[np.float32],
    y_N: NDArray[np.integer],
    group_N: NDArray[np.integer],
    per_level: int,
    *,
    usual: int,
    seed: int,
) -> int:
    """Return with how many scales a forest tells withheld labels best.

    Coarse filters see the same around all pixels of a stroke: with few strokes they are learned by
    heart, with layered materials they are needed.

    Parameters
    ----------
    x_NF
        Filters of `MOST` levels, the finest first.
    y_N, group_N
        Class; pixels of one group are withheld together, see `neighbourhoods`.
    per_level
        Features of a level.
    usual
        What is returned where there are too few groups of some class to withhold any.
    seed
        Determines everything.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    fold_N = np.random.default_rng(seed).permutation(group_N.max() + 1)[group_N] % _FOLDS
    classes = np.unique(y_N)
    if any(len(np.unique(fold_N[y_N == k])) < 2 for k in classes):
        return usual
    losses: dict[int, float] = {}
    for levels in range(FEWEST, MOST + 1):
        said_N = np.zeros(len(y_N))
        for fold in np.unique(fold_N):
            known_N = fold_N != fold
            forest = ExtraTreesClassifier(
                _TREES,
                min_samples_leaf=3,
                class_weight="balanced",
                random_state=seed % 2**32,
            ).fit(x_NF[known_N, : levels * per_level], y_N[known_N])
            said_MK = forest.predict_proba(x_NF[~known_N, : levels * per_level])
            for number, k in enumerate(forest.classes_):
                of_class_M = y_N[~known_N] == k
                said_N[np.flatnonzero(~known_N)[of_class_M]] = said_MK[of_class_M, number]
        cost_N = -np.log(said_N + _DOUBT)
        losses[levels] = float(np.mean([cost_N[y_N == k].mean() for k in classes]))
    return min(losses, key=lambda levels: losses[levels])
