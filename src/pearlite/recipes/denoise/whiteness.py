"""Measure, from one image, how far its noise is from white.

The image is cut into blocks of 8 × 8 pixels. Only the smoothest are asked, judged at a coarser
scale than the measurement looks at. There a product of second differences, [1,-2,1] ⊗ [1,-2,1],
leaves the noise and almost no structure: the noise estimator of J. Immerkær, "Fast noise variance
estimation", Computer Vision and Image Understanding 64 (1996). Its use as a test of correlation is
our own. White noise of any strength and distribution leaves the filter with a lag-1
autocorrelation of exactly -2/3 along both axes, and what the image shows above that is the
excess. Structure adds to it as well, but unevenly, and more in rough blocks than in smooth
ones, while noise adds the same everywhere: trend and unevenness are measured too.

Line offsets (stripes) escape the filter, since they are constant along the line. They are
measured as the covariance of row means between distant blocks of the same row, which is zero for
white noise of any strength.

Letters: r, c count the blocks down and across; Y, X are the pixels within a block; n counts the
usable blocks, smoothest first.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

BLOCK = 8  # side of a block, pixels
MOST_BLOCKS = 128  # along an axis; larger images are sampled on a grid, so that time is bounded
FEWEST_BLOCKS = 40  # a full image of 64 × 64 pixels has 49
SMOOTH_BLOCKS = 200  # at least this many of the smoothest blocks are asked
SMOOTHEST, SMOOTHER = 0.16, 0.5  # shares of the blocks that are asked; the second shows the trend
WHITE = -2 / 3  # lag-1 autocorrelation of white noise after [1, -2, 1]
WHITE_POWER = 36  # variance of white noise after the filter, relative to before
WHITE_GRADIENT = 0.335  # gradient power of white noise in its smoothest 16 % of blocks, simulated


@dataclass(frozen=True)
class Measured:
    """An estimate, its standard error, and how much it grows from smooth to rougher blocks."""

    value: float
    error: float
    growth: float = 0.0


@dataclass(frozen=True)
class Whiteness:
    """What an image shows of its noise at the scale of its pixels.

    Attributes
    ----------
    excess
        Axis → lag-1 autocorrelation after the filter, minus that of white noise.
    offsets
        Axis → variance of the offsets of the lines along that axis, relative to the noise's.
    unevenness
        Standard deviation of the logarithm of the blocks' power: 0.32 for white noise.
    coarse
        Gradient power at twice the pixel size in the smoothest blocks, relative to white noise's:
        about 1 for white noise, more if there is structure or blur, less only if sharpened.
    """

    excess: dict[str, Measured]
    offsets: dict[str, Measured]
    unevenness: float
    coarse: Measured


def measure_whiteness(image_YX: NDArray, valid: NDArray) -> Whiteness | None:
    """Measure how far the noise of an image is from white.

    Parameters
    ----------
    image_YX
        Finite grey values of shape (Y, X), noise about equally strong everywhere.
    valid
        Boolean map of shape (Y, X): False where pixels say nothing about the noise.

    Returns
    -------
    Whiteness or None
        None if fewer than 40 blocks hold noise.
    """
    blocks_rcYX, usable_rc = _cut(image_YX, valid)
    if usable_rc.sum() < FEWEST_BLOCKS:
        return None
    f_rcYX = _second_difference(_second_difference(blocks_rcYX, 2), 3)
    gradient_rc = _gradient_power(blocks_rcYX)
    order = np.argsort(np.where(usable_rc, gradient_rc, np.inf), axis=None)[: usable_rc.sum()]
    smooth_rc = np.zeros(usable_rc.shape, bool)
    smooth_rc.flat[order[: _count(order, SMOOTHER)]] = True
    asked = order[: _count(order, SMOOTHEST)]
    power_n = (f_rcYX**2).mean((2, 3)).flat[asked]
    variance = float(np.median(power_n)) / WHITE_POWER
    ratio_n = gradient_rc.flat[asked] * (WHITE_POWER / WHITE_GRADIENT) / power_n
    return Whiteness(
        {"Y": _excess(f_rcYX, order, 2), "X": _excess(f_rcYX, order, 3)},
        {
            "Y": _row_offsets(blocks_rcYX.transpose(1, 0, 3, 2), smooth_rc.T, variance),
            "X": _row_offsets(blocks_rcYX, smooth_rc, variance),
        },
        float(np.log(power_n).std()),
        Measured(float(np.median(ratio_n)), float(1.25 * ratio_n.std() / np.sqrt(len(ratio_n)))),
    )


def _second_difference(array: NDArray, axis: int) -> NDArray:
    """Filter with [1, -2, 1] along one axis, which gets shorter by two."""
    a = np.moveaxis(array, axis, -1)
    return np.moveaxis(a[..., :-2] - 2 * a[..., 1:-1] + a[..., 2:], -1, axis)


def _cut(image_YX: NDArray, valid: NDArray) -> tuple[NDArray, NDArray]:
    """Cut into blocks of 8 × 8 pixels with one pixel around; say which hold noise throughout."""
    side = BLOCK + 2
    if min(image_YX.shape) < side:
        return np.zeros((0, 0, side, side)), np.zeros((0, 0), bool)
    sampled = tuple(
        slice(None, None, BLOCK * -(-(n - 2) // (BLOCK * MOST_BLOCKS))) for n in image_YX.shape
    )
    blocks_rcYX = sliding_window_view(image_YX, (side, side))[sampled].astype(np.float64)
    usable_rc = sliding_window_view(valid, (side, side))[sampled].all((2, 3))
    for extreme in (np.min, np.max):  # clipped or flat: half of the pixels share one value
        tied_rcYX = blocks_rcYX == extreme(blocks_rcYX, axis=(2, 3), keepdims=True)
        usable_rc &= tied_rcYX.mean((2, 3)) < 0.5
    power_rc = (_second_difference(_second_difference(blocks_rcYX, 2), 3) ** 2).mean((2, 3))
    rounding_rc = (1e-6 * np.abs(blocks_rcYX).max((2, 3))) ** 2
    return blocks_rcYX, usable_rc & (power_rc > rounding_rc)


def _gradient_power(blocks_rcYX: NDArray) -> NDArray:
    """Mean squared gradient of each block at twice the pixel size, along the steeper axis."""
    half = (BLOCK + 2) // 2
    coarse_rcYX = blocks_rcYX.reshape(*blocks_rcYX.shape[:2], half, 2, half, 2).mean((3, 5))
    return np.maximum(
        (np.diff(coarse_rcYX, axis=2) ** 2).mean((2, 3)),
        (np.diff(coarse_rcYX, axis=3) ** 2).mean((2, 3)),
    )


def _count(order: NDArray, share: float) -> int:
    return min(len(order), max(SMOOTH_BLOCKS, int(share * len(order))))


def _excess(f_rcYX: NDArray, order: NDArray, axis: int) -> Measured:
    """Lag-1 autocorrelation in smooth blocks, above white noise's, and its growth to rougher."""
    f_nYX = np.moveaxis(f_rcYX, axis, -1).reshape(-1, BLOCK, BLOCK)[order]
    power_n, product_n = (f_nYX**2).mean((1, 2)), (f_nYX[..., 1:] * f_nYX[..., :-1]).mean((1, 2))

    def among(share: float) -> tuple[float, float]:
        n = _count(order, share)
        kept = power_n[:n] < 2 * np.median(power_n[:n])  # 3 standard deviations; beyond: structure
        power, product = power_n[:n][kept], product_n[:n][kept]
        ratio = product.sum() / power.sum()
        error = np.sqrt(((product - ratio * power) ** 2).sum()) / power.sum()
        return float(ratio - WHITE), float(error)

    smoothest, error = among(SMOOTHEST)
    return Measured(smoothest, error, among(SMOOTHER)[0] - smoothest)


def _row_offsets(blocks_rcYX: NDArray, smooth_rc: NDArray, noise_variance: float) -> Measured:
    """Variance of the row offsets relative to the noise's: covariance of rows in distant blocks."""
    rows_rcY = _second_difference(blocks_rcYX, 2)[..., 1:-1].mean(3) * smooth_rc[..., None]
    together_r = (
        rows_rcY.sum(1) ** 2
        - (rows_rcY**2).sum(1)
        - 2 * (rows_rcY[:, 1:] * rows_rcY[:, :-1]).sum(1)
    ).sum(1)
    n_r = smooth_rc.sum(1)
    pairs_r = BLOCK * (n_r * (n_r - 1) - 2 * (smooth_rc[:, 1:] & smooth_rc[:, :-1]).sum(1))
    if pairs_r.sum() == 0:
        return Measured(0.0, np.inf)
    mean = together_r.sum() / pairs_r.sum()
    error = np.sqrt(((together_r - mean * pairs_r) ** 2).sum()) / pairs_r.sum()
    unit = 6 * noise_variance  # the second difference of independent offsets has 6 × their variance
    return Measured(float(mean / unit), float(error / unit))
