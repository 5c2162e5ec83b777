"""Is the noise of one image spatially uncorrelated? The key assumption of denoising, tested.

`whiteness` measures, this page judges. Noise fails where its excess correlation stays above a
limit after twice its standard error and after what structure may have added: the excess is
extrapolated towards smooth blocks, and a higher limit holds where the blocks differ in power. What
then stays ambiguous is "cannot tell". Sharpened images, whose finest noise is white
enough, are found by how weak it is at twice the pixel size: structure and blur only add there.

The limits were set on the even-numbered images of BSD68 and of a set of micrographs;
``docs/noise-verdict.md`` reports them on the odd-numbered ones.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.denoise.whiteness import Measured, Whiteness, measure_whiteness

State = Literal["passed", "failed", "cannot tell"]

FAILS_ABOVE = 0.04  # excess autocorrelation; blur of 0.5 px has 0.10, an AR(1) of 0.4 has 0.10
FAILS_ABOVE_IF_UNEVEN = 0.10
UNEVEN_ABOVE = 0.37  # std of the log power of blocks: 0.32 for white noise, at most 0.33 if blurred
STRUCTURE = 0.75  # how much of the growth from smooth to rougher blocks is taken off the excess
PASSES_BELOW = 0.045  # excess, plus its standard error
STRIPES_ABOVE = 0.06  # line offsets, as a share of the noise
SHARPENED_BELOW = 0.9  # gradient power at twice the pixel size, relative to white noise's


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
        noise, above 0 for blurred or interpolated. Empty if not measurable.
    stripes
        Line offsets, their standard deviation as a share of that of the noise. ``"X"``: stripes
        that run along X (row offsets); ``"Y"``: stripes that run along Y (column offsets).
    reason
        One sentence.
    failures
        Among ``"correlated"``, ``"sharpened"``, ``"striped"``; empty unless failed.
    remedies
        Names of `pearlite.recipes.denoise.remedies.REMEDIES` that apply, best first.
    """

    state: State
    axes: str
    correlation: dict[str, float]
    stripes: dict[str, float]
    reason: str
    failures: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()


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
        The same for the same image; in about 0.2 s or less, whatever the size.

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
    usable = np.isfinite(image_YX)
    if valid is not None:
        usable &= np.asarray(valid, bool)
    image_YX = np.where(usable, image_YX, 0)

    seen = measure_whiteness(image_YX, usable)
    if seen is None:
        reason = (
            "The image is too small: judging its noise takes 64 × 64 pixels."
            if min(image_YX.shape) < 64
            else "Too few pixels hold noise: the others are flat, saturated or left out."
        )
        return Verdict("cannot tell", "", {}, {}, reason)
    return _conclude(seen)


def _conclude(seen: Whiteness) -> Verdict:
    """Weigh the measurements against the limits, and say it in one sentence."""
    limit = FAILS_ABOVE_IF_UNEVEN if seen.unevenness > UNEVEN_ABOVE else FAILS_ABOVE
    correlated = [a for a, excess in seen.excess.items() if _surely(excess) > limit]
    striped = [a for a, m in seen.offsets.items() if m.value - 3 * m.error > STRIPES_ABOVE**2]
    sharpened = ["Y", "X"] if seen.coarse.value + 3 * seen.coarse.error < SHARPENED_BELOW else []
    unclear = any(abs(m.value) + m.error > PASSES_BELOW for m in seen.excess.values()) or any(
        m.value + m.error > (2 * STRIPES_ABOVE) ** 2 for m in seen.offsets.values()
    )

    kinds = {"correlated": correlated, "sharpened": sharpened, "striped": striped}
    stripes = {a: round(max(m.value, 0) ** 0.5, 4) for a, m in seen.offsets.items()}
    clauses = [f"lines along {a} are offset by {stripes[a]:.0%} of the noise" for a in striped]
    if correlated:
        clauses.insert(0, f"neighbouring pixels share noise along {' and '.join(correlated)}")
    if sharpened:
        clauses.append("the image is sharpened: fine noise is stronger than coarse")
    if clauses:
        state, reason = "failed", " and ".join(clauses)
    elif unclear:
        state, reason = "cannot tell", "structure may hide whether the noise is correlated"
    else:
        state, reason = "passed", "no correlation of the noise between pixels is visible"
    return Verdict(
        state,
        "".join(a for a in "YX" if a in correlated + sharpened + striped),
        {a: round(m.value, 4) for a, m in seen.excess.items()},
        stripes,
        reason[0].upper() + reason[1:] + ".",
        tuple(kind for kind, found in kinds.items() if found),
        ("apart",) * bool(correlated) + ("lines",) * bool(striped) + ("bin",) * bool(correlated),
    )


def _surely(excess: Measured) -> float:
    """Size of the excess that neither chance nor structure explains."""
    growth = max(excess.growth - excess.error, 0.0) if excess.value > 0 else 0.0
    return abs(excess.value) - 2 * excess.error - STRUCTURE * growth
