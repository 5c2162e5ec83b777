"""How well one image stands for its material: by how far its own structure is correlated.

The variance of an area fraction is the sum of the structure's covariance over all distances, over
the number of pixels (Matheron's integral range; Kanit et al., Int. J. Solids Struct. 40, 3647,
2003; Dahari et al., arXiv 2410.19568, 2024). It tells how many independent pixels would vary as
much; with that count the fraction has the interval of a count.

Axes: S space (YX or ZYX), R distances in pixels.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.stats import t

_SIDES = {2: 512, 3: 96}
"""Pixels a side to which an image is averaged: that leaves the variance of its mean as it is."""
_REACH = 7.0
"""Distances are summed up to so many radii of the disc (ball) whose size is the integral range.

Chosen on random fields of known law (benchmarks/segment/representative.py)."""
_FEWEST = 2.0  # degrees of freedom at the least: an interval that is wide, but says something
_MOST = 0.9
"""Share of the image's own pairs that the summed distances may hold; beyond, all is noise."""


def pieces(inside_S: NDArray[np.bool_]) -> float:
    """Return how many independent pixels would have a fraction as variable as the image's.

    Parameters
    ----------
    inside_S
        Where the class is.

    Returns
    -------
    float
        At least 1; 1 also where the class is nowhere or everywhere, which says nothing of sizes.
    """
    mean_S = _averaged(inside_S)
    share = float(mean_S.mean())
    if not 0 < share < 1:
        return 1.0
    variance = _variance_of_mean(mean_S - share)
    return max(1.0, share * (1 - share) / variance)


def material_interval(share: float, pieces: float, coverage: float = 0.9) -> tuple[float, float]:
    """Return low and high of a material's fraction, of which an image showed so many pieces.

    Wilson's interval of a share, with Student's t for the few pieces from which the variance
    itself was measured.
    """
    seen = 2 * share * (1 - share) * pieces - 1
    reach2 = float(t.ppf((1 + coverage) / 2, max(seen, _FEWEST))) ** 2
    middle = (share + reach2 / (2 * pieces)) / (1 + reach2 / pieces)
    inner = share * (1 - share) / pieces + reach2 / (4 * pieces**2)
    half = math.sqrt(reach2 * inner) / (1 + reach2 / pieces)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _averaged(inside_S: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Average over blocks; what is left over at the far edges is left away."""
    step = -(-max(inside_S.shape) // _SIDES[inside_S.ndim])
    if step == 1:
        return inside_S.astype(np.float64)
    kept = [max(1, side // step) for side in inside_S.shape]
    mean_S = inside_S.astype(np.float32)
    for axis, count in enumerate(kept):
        width = min(step, mean_S.shape[axis])
        mean_S = np.moveaxis(mean_S, axis, -1)[..., : count * width]
        mean_S = mean_S.reshape(*mean_S.shape[:-1], count, width).mean(-1)
        mean_S = np.moveaxis(mean_S, -1, axis)
    return mean_S.astype(np.float64)


def _variance_of_mean(deviation_S: NDArray[np.float64]) -> float:
    """Sum the covariance over distances, outwards, and take the largest sum.

    Deviations from the image's own mean sum to zero, which takes the variance of the mean off
    the covariance at every distance; solving for it puts it back.
    """
    shape = deviation_S.shape
    padded = [fft.next_fast_len(2 * side, real=True) or 2 * side for side in shape]
    power = np.abs(np.asarray(fft.rfftn(deviation_S, padded))) ** 2
    covariance = np.asarray(fft.irfftn(power, padded)) / deviation_S.size
    lags = [np.minimum(np.arange(side), side - np.arange(side)) for side in padded]
    grid = np.ix_(*lags)
    distance = np.sqrt(sum(lag.astype(np.float64) ** 2 for lag in grid)).astype(np.intp).ravel()
    pairs = np.ones(1)
    for lag, side in zip(grid, shape, strict=True):
        pairs = pairs * np.clip(1 - lag / side, 0, None)
    radii = max(shape)
    sums_R, pairs_R = (
        np.bincount(distance, part.ravel(), radii)[:radii].cumsum() / deviation_S.size
        for part in (covariance, pairs)
    )
    usable_R = pairs_R < _MOST
    variance_R = np.where(usable_R, sums_R, 0) / np.where(usable_R, 1 - pairs_R, 1)
    ball = math.pi if len(shape) == 2 else 4 / 3 * math.pi
    integral_R = np.maximum(variance_R * deviation_S.size / (deviation_S**2).mean(), 0)
    radius_R = (integral_R / ball) ** (1 / len(shape))
    enough_R = (np.arange(radii) >= _REACH * radius_R) | ~usable_R
    last = int(np.argmax(enough_R)) if enough_R.any() else radii
    return float(variance_R[: max(last, 1)].max())
