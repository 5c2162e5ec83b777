"""Grey levels alone: what a segmentation must beat.

Axes: C channels, S space, K classes.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.normalise import normalise

_SMOOTH = 1.0  # pixels of the Gaussian against noise
_MOST = 5  # ranges of grey; Otsu's search grows fast with their number


def fit_thresholds(
    examples: Sequence[Example], classes: int
) -> Callable[[NDArray[np.generic]], NDArray[np.integer]]:
    """Cut each image's greys by Otsu's thresholds; training says which class a range is.

    After Otsu, IEEE Trans. SMC 9, 62 (1979); several thresholds after Liao, Chen & Chung (2001).

    Parameters
    ----------
    examples
        Labelled images.
    classes
        How many classes there are, K.

    Returns
    -------
    function
        From a raw image (C, *S) to class numbers (*S), by its first channel.
    """
    votes = np.zeros((min(classes, _MOST), classes), np.int64)
    for example in examples:
        known = example.truth_S != UNLABELLED
        ranges = _ranges(example.image_CS, len(votes))
        np.add.at(votes, (ranges[known], example.truth_S[known]), 1)
    meaning = votes.argmax(axis=1)
    return lambda image_CS: meaning[_ranges(image_CS, len(votes))]


def _ranges(image_CS: NDArray[np.generic], count: int) -> NDArray[np.integer]:
    from skimage.filters import threshold_multiotsu

    smooth_S = ndimage.gaussian_filter(normalise(image_CS)[0], _SMOOTH)
    if len(np.unique(smooth_S)) <= count:
        return np.zeros(smooth_S.shape, np.int64)
    return np.digitize(smooth_S, threshold_multiotsu(smooth_S, count))
