"""How good is the result? An error bar from the noisy image alone, without the truth.

Stein's unbiased risk estimate: for white noise of known variance, the mean square of what was
removed, less the noise, plus twice the divergence of the denoiser, is the mean squared error. The
divergence is found by Monte Carlo: add a little noise, denoise again, see how much of it comes
through (Ramani, Blu and Unser, IEEE TIP 17, 1540, 2008).

Where nearly all of the noise was removed, that is a small difference of large numbers, and half a
percent in the noise level is half a decibel. A denoiser that weighs its patches by their
least expected error has another identity: its error is about the noise times the share of it that
comes through, the divergence. Both are averaged, each weighted by what it is known to.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.interval import Interval

Array = NDArray[np.floating]

PROBE = 0.1  # of the noise's standard deviation


@dataclass(frozen=True)
class Calibration:
    """Error over (noise × divergence): a middle value, and the spread of its logarithm."""

    factor: float
    spread: float


# 1.07 (spread 0.16) on 42 crops of BSD68 at σ = 15, 25, 50; 0.64 (0.08) on 12 synthetic
# micrographs with Poisson-Gaussian noise; nearly the same for all three qualities
CALIBRATION = Calibration(0.85, 0.35)


def divergence(
    denoiser: Callable[[Array], Array], noisy: Array, clean: Array, seed: int
) -> NDArray[np.float64]:
    """Return each pixel's contribution to the divergence of the denoiser, by one random probe.

    Parameters
    ----------
    denoiser
        What was applied to `noisy` to get `clean`.
    noisy, clean
        Arrays of one shape, in units of the noise's standard deviation.
    """
    probe = np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), noisy.shape)
    moved = denoiser((noisy + PROBE * probe).astype(np.float32))
    return probe * (np.asarray(moved, np.float64) - clean) / PROBE


def estimate_error(
    removed: Array,
    through: Array,
    variance: Array,
    variance_error: float,
    calibration: Calibration = CALIBRATION,
) -> Interval:
    """Estimate the mean squared error of a denoised image.

    Parameters
    ----------
    removed
        Noisy less clean, in units of the noise's standard deviation, one number a pixel.
    through
        The divergence, likewise.
    variance
        Variance of the noise in units of the image squared, likewise.
    variance_error
        Relative standard error of `variance`.
    calibration
        Of the denoiser.

    Returns
    -------
    Interval
        Mean squared error in units of the image squared, with its 95 % interval.
    """
    noise = np.mean(variance)
    passed = max(float(np.mean(variance * through)), 1e-6 * noise)
    stein = float(np.mean(variance * (removed**2 - 1))) + 2 * passed
    chance = np.std(variance * (removed**2 + 2 * through)) / np.sqrt(removed.size)
    stein_error = np.hypot(noise * variance_error, max(chance, 1e-6 * noise))
    wiener = calibration.factor * passed
    wiener_error = wiener * calibration.spread
    weight = wiener_error**2 / (wiener_error**2 + stein_error**2)
    value = max(weight * stein + (1 - weight) * wiener, 0.2 * wiener)
    relative = stein_error * wiener_error / np.hypot(stein_error, wiener_error) / value
    return Interval(value, value * np.exp(-1.96 * relative), value * np.exp(1.96 * relative))
