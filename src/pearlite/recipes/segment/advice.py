"""Where to scribble next: the places of an image of which a segmenter knows least.

Axes: K classes, S space, that is HW of an image or DHW of a volume.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from pearlite.recipes.segment.example import UNLABELLED
from pearlite.recipes.segment.uncertainty import uncertainty


@dataclass(frozen=True)
class Place:
    """A square, or a cube, of an image.

    Parameters
    ----------
    first
        Its first pixel, along each axis.
    side
        Its length in pixels.
    doubt
        Mean uncertainty of its pixels, from 0 to 1.
    """

    first: tuple[int, ...]
    side: int
    doubt: float


def where_next(
    probabilities_KS: NDArray[np.float32],
    drawn_S: NDArray[np.int16],
    *,
    count: int = 3,
    side: int = 32,
) -> list[Place]:
    """Return the most uncertain places without a stroke, apart from each other.

    A place counts by the mean over its pixels, so that a region of unknown class comes before
    a sharp border, which is always a little uncertain. Sampling by least margin, as in Scheffer,
    Decomain & Wrobel, IDA 2001.

    Parameters
    ----------
    probabilities_KS
        What a segmenter says of the image.
    drawn_S
        Number of the class under strokes, elsewhere `UNLABELLED`.
    count
        Most places.
    side
        Of a place, in pixels; at most the image's shortest.

    Returns
    -------
    list of Place
        The most uncertain first; fewer than `count` where strokes are everywhere.
    """
    side = min(side, *drawn_S.shape)
    doubt_S = _means(uncertainty(probabilities_KS), side)
    free_S = _means((drawn_S != UNLABELLED).astype(np.float32), side) < 0.5 / side**drawn_S.ndim
    doubt_S[~free_S] = -1
    places = []
    while len(places) < count and doubt_S.max() >= 0:
        first = np.unravel_index(doubt_S.argmax(), doubt_S.shape)
        places.append(Place(tuple(int(at) for at in first), side, float(doubt_S[first])))
        doubt_S[tuple(slice(max(0, at - side + 1), at + side) for at in first)] = -1
    return places


def _means(values_S: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return the mean of every square of an image, at its first pixel."""
    means_S = uniform_filter(values_S.astype(np.float64), side, origin=-(side // 2))
    return means_S[tuple(slice(length - side + 1) for length in values_S.shape)].astype(np.float32)
