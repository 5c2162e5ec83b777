"""Is the noise of one image spatially uncorrelated? The key assumption of denoising, tested.

The image is cut into blocks of 8 × 8 pixels. Only the smoothest are asked, judged at a coarser
scale than the test looks at. There a product of second differences, [1,-2,1] ⊗ [1,-2,1], leaves
the noise and almost no structure. White noise of any strength and distribution leaves this filter
with a lag-1 autocorrelation of exactly -2/3 along both axes; what the image shows above that is
the `correlation` of the verdict. Structure adds to it as well, but more in rough blocks than in
smooth ones, while noise adds the same everywhere: the excess is extrapolated towards smooth
blocks, and what stays ambiguous is "cannot tell". The filter is the noise estimator of
J. Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding 64 (1996);
its use to test for correlation is our own.

Line offsets (stripes) escape that filter, since they are constant along the line. They are
measured as the covariance of row means between distant blocks of the same row, which is zero for
white noise of any strength.

Letters: r, c count the blocks down and across; Y, X are the pixels within a block.
The limits below were set on the even-numbered images of BSD68 and are reported on the others
(``benchmarks/denoise/verdict.py``, ``docs/noise-verdict.md``).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

State = Literal["passed", "failed", "cannot tell"]

BLOCK = 8  # side of a block, pixels
MOST_BLOCKS = 128  # along an axis; larger images are sampled on a grid, so that time is bounded
FEWEST_BLOCKS = 40  # below this there is no verdict: a full 64 × 64 image has 49
SMOOTH_BLOCKS = 100  # at least this many of the smoothest blocks are asked
SMOOTHEST, SMOOTHER = 0.12, 0.5  # shares of the blocks that are asked; the second shows the trend
WHITE = -2 / 3  # lag-1 autocorrelation of white noise after [1, -2, 1]
FAILS_ABOVE = 0.05  # excess autocorrelation; blur of 0.5 px has 0.10, an AR(1) of 0.4 has 0.10
PASSES_BELOW = 0.045  # excess, plus its standard error
STRIPES_ABOVE = 0.06  # line offsets, as a share of the noise; 0.06 costs under 0.02 dB


@dataclass(frozen=True)
class Verdict:
    """What one image says about the correlation of its own noise.

    Attributes
    ----------
    state
        ``"passed"``: white as far as can be seen; ``"failed"``; ``"cannot tell"``: structure hides
        the noise, or there are too few pixels.
    axes
        Along which the noise is correlated: ``"X"``, ``"Y"``, ``"YX"``, or ``""`` unless failed.
    correlation
        Excess lag-1 autocorrelation of the filtered noise along ``"X"`` and ``"Y"``: 0 for white
        noise, above 0 for blurred or interpolated, below 0 for sharpened. Empty if not measurable.
    stripes
        Line offsets, their standard deviation as a share of that of the noise. ``"X"``: stripes
        that run along X (row offsets); ``"Y"``: stripes that run along Y (column offsets).
    reason
        One sentence.
    remedies
        Names of `pearlite.recipes.denoise.remedies.REMEDIES` that apply, best first.
    """

    state: State
    axes: str
    correlation: dict[str, float]
    stripes: dict[str, float]
    reason: str
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Measured:
    """An estimate, and its standard error."""

    value: float
    error: float


def judge_noise(image_YX: NDArray, valid: NDArray | None = None) -> Verdict:
    """Judge whether the noise of an image is spatially uncorrelated.

    Parameters
    ----------
    image_YX
        Grey values of shape (Y, X), noise about equally strong everywhere
        (`NoiseModel.stabilise`). Scale and offset do not matter. Not-finite pixels are left out.
    valid
        Boolean map of shape (Y, X): False where pixels say nothing (saturated, constant, bar).

    Returns
    -------
    Verdict
        Deterministic; at most about 0.1 s whatever the size.

    Raises
    ------
    ValueError
        If the image is not two-dimensional or `valid` has another shape.
    """
    image_YX = np.asarray(image_YX)
    if image_YX.ndim != 2:
        raise ValueError(f"image_YX must have 2 dimensions, got shape {image_YX.shape}")
    if valid is not None and np.shape(valid) != image_YX.shape:
        raise ValueError(f"valid has shape {np.shape(valid)}, the image {image_YX.shape}")

    blocks_rcYX, usable_rc = _cut(image_YX, valid)
    if usable_rc.sum() < FEWEST_BLOCKS:
        return _cannot_tell(
            "Fewer than 40 blocks of 8 × 8 pixels hold any noise: too little to judge it."
            if min(image_YX.shape) >= 64
            else "The image is too small: judging the noise takes 64 × 64 pixels."
        )
    f_rcYX = _second_difference(_second_difference(blocks_rcYX, 2), 3)
    order, smooth_rc = _smoothest_first(blocks_rcYX, f_rcYX, usable_rc)
    correlation = {a: _excess(f_rcYX, order, axis) for a, axis in (("X", 3), ("Y", 2))}
    f_power = float(np.median((f_rcYX[smooth_rc] ** 2).mean((1, 2)))) / 36
    stripes = {
        "X": _line_offsets(blocks_rcYX, smooth_rc, f_power),
        "Y": _line_offsets(blocks_rcYX.transpose(1, 0, 3, 2), smooth_rc.T, f_power),
    }
    return _conclude(correlation, stripes)


def _second_difference(array: NDArray, axis: int) -> NDArray:
    """Filter with [1, -2, 1] along one axis, which gets shorter by two."""
    a = np.moveaxis(array, axis, -1)
    return np.moveaxis(a[..., :-2] - 2 * a[..., 1:-1] + a[..., 2:], -1, axis)


def _cut(image_YX: NDArray, valid: NDArray | None) -> tuple[NDArray, NDArray]:
    """Cut into blocks of 8 × 8 pixels with one pixel around; say which are all valid, not flat."""
    side = BLOCK + 2
    if min(image_YX.shape) < side:
        return np.zeros((0, 0, side, side)), np.zeros((0, 0), bool)
    sampled = tuple(
        slice(None, None, BLOCK * -(-(n - 2) // (BLOCK * MOST_BLOCKS))) for n in image_YX.shape
    )
    blocks_rcYX = sliding_window_view(image_YX, (side, side))[sampled].astype(np.float64)
    usable_rc = np.isfinite(blocks_rcYX).all((2, 3))
    if valid is not None:
        usable_rc &= sliding_window_view(np.asarray(valid, bool), (side, side))[sampled].all((2, 3))
    blocks_rcYX[~usable_rc] = 0
    power_rc = (_second_difference(_second_difference(blocks_rcYX, 2), 3) ** 2).mean((2, 3))
    rounding_rc = (1e-6 * np.abs(blocks_rcYX).max((2, 3))) ** 2
    return blocks_rcYX, usable_rc & (power_rc > rounding_rc)


def _smoothest_first(
    blocks_rcYX: NDArray, f_rcYX: NDArray, usable_rc: NDArray
) -> tuple[NDArray, NDArray]:
    """Order the usable blocks by their gradient at twice the pixel size; map the smoother half."""
    half = (BLOCK + 2) // 2
    coarse_rcYX = blocks_rcYX.reshape(*usable_rc.shape, half, 2, half, 2).mean((3, 5))
    gradient_rc = np.maximum(
        (np.diff(coarse_rcYX, axis=2) ** 2).mean((2, 3)),
        (np.diff(coarse_rcYX, axis=3) ** 2).mean((2, 3)),
    )
    order = np.argsort(np.where(usable_rc, gradient_rc, np.inf), axis=None)[: usable_rc.sum()]
    smooth_rc = np.zeros(usable_rc.shape, bool)
    smooth_rc.flat[order[: _count(order, SMOOTHER)]] = True
    return order, smooth_rc


def _count(order: NDArray, share: float) -> int:
    return min(len(order), max(SMOOTH_BLOCKS, int(share * len(order))))


def _excess(f_rcYX: NDArray, order: NDArray, axis: int) -> tuple[_Measured, float]:
    """Lag-1 autocorrelation above white noise's in smooth blocks, and how it grows to rougher."""
    f = np.moveaxis(f_rcYX, axis, -1).reshape(-1, BLOCK, BLOCK)[order]
    power, product = (f * f).mean((1, 2)), (f[..., 1:] * f[..., :-1]).mean((1, 2))

    def among(share: float) -> _Measured:
        n = _count(order, share)
        kept = power[:n] < 2 * np.median(power[:n])  # beyond 3 standard deviations: structure
        p, q = power[:n][kept], product[:n][kept]
        ratio = q.sum() / p.sum()
        return _Measured(
            float(ratio - WHITE), float(np.sqrt(((q - ratio * p) ** 2).sum()) / p.sum())
        )

    smoothest = among(SMOOTHEST)
    return smoothest, among(SMOOTHER).value - smoothest.value


def _line_offsets(blocks_rcYX: NDArray, smooth_rc: NDArray, noise_variance: float) -> _Measured:
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
        return _Measured(0.0, np.inf)
    mean = together_r.sum() / pairs_r.sum()
    error = np.sqrt(((together_r - mean * pairs_r) ** 2).sum()) / pairs_r.sum()
    unit = 6 * noise_variance  # the second difference of independent offsets has 6 × their variance
    return _Measured(float(mean / unit), float(error / unit))


def _conclude(
    correlation: dict[str, tuple[_Measured, float]], stripes: dict[str, _Measured]
) -> Verdict:
    """Weigh the measurements against the limits, and say it in one sentence."""
    correlated, striped, unclear = [], [], []
    for axis in "YX":
        (excess, growth), offsets = correlation[axis], stripes[axis]
        least = abs(excess.value) - 2 * excess.error
        if excess.value > 0:
            least -= max(growth, 0) / 2
        if least > FAILS_ABOVE:
            correlated.append(axis)
        elif abs(excess.value) + excess.error > PASSES_BELOW:
            unclear.append(axis)
        if offsets.value - 3 * offsets.error > STRIPES_ABOVE**2:
            striped.append(axis)
        elif offsets.value + offsets.error > (2 * STRIPES_ABOVE) ** 2:
            unclear.append(axis)

    values = {a: round(m.value, 4) for a, (m, _) in sorted(correlation.items())}
    ratios = {a: round(max(m.value, 0) ** 0.5, 4) for a, m in sorted(stripes.items())}
    if not (correlated or striped or unclear):
        return Verdict(
            "passed", "", values, ratios, "No correlation of the noise between pixels is visible."
        )
    if not (correlated or striped):
        return Verdict(
            "cannot tell",
            "",
            values,
            ratios,
            "Structure, or too few pixels, hide whether the noise is correlated.",
        )
    findings = [
        f"the noise of neighbours along {a} is correlated (excess {values[a]:+.2f})"
        for a in correlated
    ] + [f"lines along {a} are offset by {ratios[a]:.0%} of the noise" for a in striped]
    reason = " and ".join(findings)
    return Verdict(
        "failed",
        "".join(a for a in "YX" if a in correlated or a in striped),
        values,
        ratios,
        reason[0].upper() + reason[1:] + ".",
        ("lines",) * bool(striped) + ("bin",) * bool(correlated),
    )


def _cannot_tell(reason: str) -> Verdict:
    return Verdict("cannot tell", "", {}, {}, reason)
