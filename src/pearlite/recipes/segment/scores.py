"""What is counted of a segmentation whose truth is known.

Axes: S space, K classes, D draws, U units (images, blocks, strokes).
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.classes import confusion
from pearlite.recipes.segment.example import UNLABELLED, Example, Segmenter

Floats = NDArray[np.float64]


def pooled(
    pairs: Iterable[tuple[NDArray[np.integer], NDArray[np.integer]]], classes: int
) -> NDArray[np.int64]:
    """Count what was taken for what on the labelled pixels of all images, (K, K), rows the truth.

    Parameters
    ----------
    pairs
        Truth and answer of each image, class numbers of shape S.
    classes
        How many there are.
    """
    counts_KK = np.zeros((classes, classes), np.int64)
    for truth_S, answer_S in pairs:
        known_S = truth_S != UNLABELLED
        if known_S.any():
            counts_KK += confusion(truth_S[known_S], answer_S[known_S], classes)
    return counts_KK


def iou(counts_DKK: NDArray[np.number]) -> Floats:
    """Return intersection over union of each class, (…, K), NaN for classes without truth."""
    hits_DK = np.diagonal(counts_DKK, axis1=-2, axis2=-1)
    truth_DK = counts_DKK.sum(axis=-1)
    either_DK = truth_DK + counts_DKK.sum(axis=-2) - hits_DK
    return np.where(truth_DK > 0, hits_DK / np.maximum(either_DK, np.finfo(float).tiny), np.nan)


def mean_iou(counts_DKK: NDArray[np.number]) -> Floats:
    """Return the mean IoU, (…), of the classes that have truth."""
    iou_DK = iou(counts_DKK)
    known_DK = np.isfinite(iou_DK)
    return np.where(known_DK, iou_DK, 0).sum(axis=-1) / np.maximum(known_DK.sum(axis=-1), 1)


def micro_iou(counts_UKK: NDArray[np.integer]) -> Floats:
    """Return the IoU of all classes pooled, accuracy / (2 - accuracy), of each unit, (U,)."""
    accuracy_U = np.trace(counts_UKK, axis1=1, axis2=2) / counts_UKK.sum(axis=(1, 2))
    return accuracy_U / (2 - accuracy_U)


def fraction_error(counts_UKK: NDArray[np.integer]) -> Floats:
    """Return how far off the area fraction of each class is, without sign, (U, K)."""
    said_UK, truth_UK = counts_UKK.sum(axis=1), counts_UKK.sum(axis=2)
    return np.abs(said_UK - truth_UK) / truth_UK.sum(axis=1, keepdims=True)


def mean_iou_of(segmenter: Segmenter, examples: Sequence[Example], classes: int) -> float:
    """Return the mean IoU of the classes that the examples show, pixels of all examples pooled."""
    pairs = (
        (example.truth_S, segmenter.probabilities(example.image_CS).argmax(axis=0))
        for example in examples
    )
    return float(mean_iou(pooled(pairs, classes)))
