"""What is counted of a segmentation whose truth is known.

Axes: K classes, N images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.segment.scores import fraction_error, iou, mean_iou, micro_iou, pooled


@dataclass(frozen=True)
class Score:
    """How well the images of a part were segmented.

    Parameters
    ----------
    iou_K
        Intersection over union of each class, pixels of all images pooled; NaN without truth.
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
    counts_NKK = np.stack([pooled([pair], classes) for pair in zip(truths, answers, strict=True)])
    pooled_KK = counts_NKK.sum(0)
    micro = float(micro_iou(counts_NKK).mean())
    return Score(
        iou(pooled_KK), float(mean_iou(pooled_KK)), micro, fraction_error(counts_NKK).mean(0)
    )
