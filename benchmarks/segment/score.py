"""What is counted of a segmentation whose truth is known.

Axes: K classes, N images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Score:
    """How well the images of a part were segmented.

    Parameters
    ----------
    iou_K
        Intersection over union of each class, pixels of all images pooled.
    macro
        Mean of those.
    micro
        Intersection over union of all classes pooled, mean over images: the measure of MicroNet's
        notebook, ``accuracy / (2 - accuracy)``.
    fraction_K
        Mean over images of the absolute error of each class's area fraction.
    """

    iou_K: NDArray[np.float64]
    macro: float
    micro: float
    fraction_K: NDArray[np.float64]


def score(
    truths: list[NDArray[np.integer]], answers: list[NDArray[np.integer]], classes: int
) -> Score:
    """Compare label images with the truth; pixels without truth (-1) do not count."""
    confusions = np.array(
        [_confusion(*pair, classes) for pair in zip(truths, answers, strict=True)]
    )
    pooled = confusions.sum(0)
    hit_K = np.diagonal(pooled)
    iou_K = hit_K / np.maximum(pooled.sum(0) + pooled.sum(1) - hit_K, 1)
    counts_N = confusions.sum((1, 2))
    accuracy_N = np.trace(confusions, axis1=1, axis2=2) / counts_N
    errors_NK = np.abs(confusions.sum(1) - confusions.sum(2)) / counts_N[:, None]
    micro = float((accuracy_N / (2 - accuracy_N)).mean())
    return Score(iou_K, float(iou_K.mean()), micro, errors_NK.mean(0))


def _confusion(
    truth_S: NDArray[np.integer], answer_S: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    known = truth_S >= 0
    pairs = truth_S[known].astype(np.int64) * classes + answer_S[known]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
