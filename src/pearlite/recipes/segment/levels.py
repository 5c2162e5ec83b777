"""Choose how far around a pixel its features look, on labels that were withheld.

Axes: S space, N labelled pixels, F features, P pieces.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

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


def choose_features(
    x_NF: NDArray[np.float32],
    y_N: NDArray[np.integer],
    group_N: NDArray[np.integer],
    candidates: Mapping[int, Sequence[int] | NDArray[np.integer]],
    *,
    usual: int,
    seed: int,
) -> int:
    """Return with which features a forest tells withheld labels best.

    Coarse features are the same around all pixels of a stroke: with few strokes they are learned by
    heart, with layered materials they are needed.

    Parameters
    ----------
    x_NF
        All features.
    y_N, group_N
        Class; pixels of one group are withheld together, see `neighbourhoods`.
    candidates
        Names, and the columns of each.
    usual
        The name that is returned where there are too few groups of some class to withhold any.
    seed
        Determines everything.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    fold_N = np.random.default_rng(seed).permutation(group_N.max() + 1)[group_N] % _FOLDS
    classes = np.unique(y_N)
    if any(len(np.unique(fold_N[y_N == k])) < 2 for k in classes):
        return usual
    losses: dict[int, float] = {}
    for name, columns in candidates.items():
        of_candidate_NF = x_NF[:, columns]
        said_N = np.zeros(len(y_N))
        for fold in np.unique(fold_N):
            known_N = fold_N != fold
            forest = ExtraTreesClassifier(
                _TREES,
                min_samples_leaf=3,
                class_weight="balanced",
                random_state=seed % 2**32,
            ).fit(of_candidate_NF[known_N], y_N[known_N])
            said_MK = forest.predict_proba(of_candidate_NF[~known_N])
            for number, k in enumerate(forest.classes_):
                of_class_M = y_N[~known_N] == k
                said_N[np.flatnonzero(~known_N)[of_class_M]] = said_MK[of_class_M, number]
        cost_N = -np.log(said_N + _DOUBT)
        losses[name] = float(np.mean([cost_N[y_N == k].mean() for k in classes]))
    return min(losses, key=lambda name: losses[name])
