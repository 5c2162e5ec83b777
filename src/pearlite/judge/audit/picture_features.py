"""What a quick model sees of an image: its greys, its frequencies, its edges, a thumbnail.

Axes: Y rows, X columns, N images, F numbers.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pearlite.judge.audit.pictures import Picture

_THUMB = 6  # cells a side
_RINGS = 12  # of spatial frequency
_SCALES = (1, 2, 4, 8)  # pixels at which edges are measured
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def picture_features(pictures: Sequence[Picture]) -> NDArray[np.float64]:
    """Return the numbers of each image, (N, F) float64, always finite."""
    return np.stack([_features(picture.small) for picture in pictures])


def _features(grey_YX: np.ndarray) -> NDArray[np.float64]:
    grey = grey_YX.astype(np.float64)
    spread = grey.std() or 1.0
    plain = (grey - grey.mean()) / spread
    edges = [
        np.log1p(float(np.abs(ndimage.gaussian_laplace(plain, scale)).mean())) for scale in _SCALES
    ]
    quantiles = np.quantile(grey, _QUANTILES)
    return np.concatenate(
        [[grey.mean(), spread], quantiles, edges, _rings(plain), _thumbnail(plain).ravel()]
    )


def _rings(plain_YX: np.ndarray) -> NDArray[np.float64]:
    """Return the logarithm of the mean power in rings of frequency, low to high."""
    power = np.abs(np.fft.rfft2(plain_YX)) ** 2 / plain_YX.size
    rows, columns = plain_YX.shape
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns))
    ring = np.minimum((frequency / 0.5 * _RINGS).astype(int), _RINGS - 1).ravel()
    counts = np.bincount(ring, minlength=_RINGS)
    return np.log1p(np.bincount(ring, power.ravel(), _RINGS) / np.maximum(counts, 1))


def _thumbnail(plain_YX: np.ndarray) -> NDArray[np.float64]:
    size = [min(_THUMB, n) for n in plain_YX.shape]
    edges = [
        np.linspace(0, n, cells + 1)[:-1].astype(int)
        for n, cells in zip(plain_YX.shape, size, strict=True)
    ]
    sums = np.add.reduceat(np.add.reduceat(plain_YX, edges[0], axis=0), edges[1], axis=1)
    areas = np.outer(*(np.diff([*e, n]) for e, n in zip(edges, plain_YX.shape, strict=True)))
    thumb = np.zeros((_THUMB, _THUMB))
    thumb[: size[0], : size[1]] = sums / areas
    return thumb
