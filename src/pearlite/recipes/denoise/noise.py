"""How strong the noise is: variance = gain · signal + offset, fitted to one noisy image.

A detector counts (Poisson noise, variance in proportion to the signal) and reads out (Gaussian
noise, constant variance). The sum of both is this line (Foi et al., IEEE TIP 17, 1737, 2008); a
pedestal added by the camera only moves its offset. `NoiseModel.stabilise` turns such noise into
noise of standard deviation 1 everywhere, the one thing that the denoiser knows how to remove.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, minimum_filter

Array = NDArray[np.float64]

BLOCK = 8  # pixels, side of the squares whose variance is measured
SMOOTHING = 1.5  # pixels, width of the Gaussian behind the gradient that tells flat from textured
GRADIENT = 0.0127  # mean square of that gradient in white noise of variance 1
FLAT = 2.3  # a block is flat while its gradient is below this multiple of what noise alone gives
BINS = 12  # of signal, for the first guess
FEWEST = 0.03  # share of the blocks that is used even where none is flat
SURE = 3.0  # standard errors that a gain must have to be believed


@dataclass(frozen=True)
class NoiseModel:
    """Variance of the noise as a function of the signal: ``gain * signal + offset``.

    Attributes
    ----------
    gain
        Variance per unit of signal; 0 for noise that does not depend on the signal.
    offset
        Variance at signal 0; negative where the camera adds a pedestal to the signal.
    error
        Relative standard error of the variance, of the fit alone.
    """

    gain: float
    offset: float
    error: float = 0.0

    def variance(self, signal: NDArray) -> NDArray:
        """Return the variance of the noise where the mean signal is `signal`; never negative."""
        return np.maximum(self.gain * signal + self.offset, 0.0)

    def stabilise(self, image: NDArray) -> Array:
        """Return the image on the scale where its noise has standard deviation 1.

        The generalised Anscombe transform (Starck, Murtagh and Bijaoui, 1998); a division by the
        standard deviation where the gain is 0.
        """
        if self.gain == 0:
            return np.asarray(image, np.float64) * (self.offset and self.offset**-0.5)
        inside = self.gain * np.asarray(image, np.float64) + 0.375 * self.gain**2 + self.offset
        return 2 / self.gain * np.sqrt(np.maximum(inside, 0))

    def restore(self, stable: NDArray) -> Array:
        """Return a denoised image to the scale of the signal, without bias.

        The inverse is the closed form of the exact unbiased one: it maps the mean of the
        stabilised values to the mean of the signal, which the algebraic inverse does not
        (Mäkitalo and Foi, IEEE TIP 22, 91, 2013).
        """
        if self.gain == 0:
            return np.asarray(stable, np.float64) * np.sqrt(self.offset)
        d = np.maximum(np.asarray(stable, np.float64), 2 * np.sqrt(0.375))
        counts = d**2 / 4 + np.sqrt(1.5) / (4 * d) - 11 / (8 * d**2) + 5 * np.sqrt(1.5) / (8 * d**3)
        return self.gain * (counts - 0.125) - self.offset / self.gain


SILENT = NoiseModel(0.0, 0.0)  # no noise at all; stabilised, everything is 0


def fit_noise(image_YX: NDArray, valid: NDArray[np.bool_] | None = None) -> NoiseModel | None:
    """Fit the noise of one image from its flat parts.

    Second differences along both axes leave the noise and next to no structure (Immerkær, 1996).
    Their power is averaged over small blocks, and the line is fitted through the blocks whose
    gradient, at a coarser scale, is no larger than noise makes it. Which blocks those are depends
    on the line, so it is fitted until nothing changes.

    Parameters
    ----------
    image_YX
        The noisy image, finite where `valid`.
    valid
        True where a pixel counts; all do when absent.

    Returns
    -------
    NoiseModel or None
        None where there is nothing to fit: too few pixels, or no noise at all.
    """
    signal, power, slope = _blocks(np.asarray(image_YX, np.float64), valid)
    if signal.size < 4 or not np.any(power > 0):
        return None
    flat = _flattest(signal, slope)
    model, chosen = None, np.zeros(signal.size, bool)
    for _ in range(20):
        if np.array_equal(flat, chosen):
            break
        chosen = flat
        model = _line(signal[chosen], power[chosen])
        if model is None:
            return None
        variance = model.variance(signal)
        ratio = slope / (GRADIENT * np.maximum(variance, 1e-9 * variance.max()))
        fewest = max(4, int(FEWEST * signal.size))
        flat = ratio <= max(FLAT, np.partition(ratio, fewest - 1)[fewest - 1])
    return model


def _blocks(image: Array, valid: NDArray[np.bool_] | None) -> tuple[Array, Array, Array]:
    """Return mean, power of the second differences and squared gradient of each valid block."""
    if min(image.shape) < BLOCK:
        return np.empty(0), np.empty(0), np.empty(0)
    fine = second_differences(image)
    smooth = gaussian_filter(image, SMOOTHING)
    slope = np.sum(np.square(np.gradient(smooth)), axis=0)
    usable = np.ones(image.shape) if valid is None else valid.astype(np.float64)
    full = _mean_of_blocks(minimum_filter(usable, 3)) == 1
    return (
        _mean_of_blocks(image)[full],
        _mean_of_blocks(fine**2)[full],
        _mean_of_blocks(slope)[full],
    )


def second_differences(image: Array) -> Array:
    """Filter by [1, -2, 1] along both axes; white noise keeps its variance, at the border too."""
    return np.pad(np.diff(np.diff(image, 2, axis=0), 2, axis=1) / 6, 1, mode="edge")


def _mean_of_blocks(image: NDArray) -> Array:
    rows, columns = (n // BLOCK for n in image.shape)
    cut = image[: rows * BLOCK, : columns * BLOCK]
    return cut.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))


def _flattest(signal: Array, slope: Array) -> NDArray[np.bool_]:
    """Choose, at each level of the signal, the fifth of the blocks with the smallest gradient."""
    edges = np.quantile(signal, np.linspace(0, 1, BINS + 1)[1:-1])
    level = np.searchsorted(edges, signal)
    flat = np.zeros(signal.size, bool)
    for here in (np.flatnonzero(level == i) for i in range(BINS)):
        flat[here[np.argsort(slope[here])[: max(1, here.size // 5)]]] = True
    return flat


def _line(signal: Array, power: Array) -> NoiseModel | None:
    """Fit power = gain · signal + offset, weighting each block by how well it knows its power."""
    level = np.mean(power)
    if level <= 0:
        return None
    constant = NoiseModel(0.0, float(level), float(np.std(power) / level / np.sqrt(power.size)))
    centre, spread = signal.mean(), signal.std()
    if power.size < 8 or spread == 0:
        return constant
    x = (signal - centre) / spread
    gain, offset, relative, scatter = 0.0, level, np.inf, 1.0
    for _ in range(10):
        expected = np.maximum(offset + gain * x, 0.05 * level)
        weight = 1 / expected**2
        mean_x = np.average(x, weights=weight)
        mean_p = np.average(power, weights=weight)
        scatter = np.sum(weight * (x - mean_x) ** 2)
        gain = np.sum(weight * (x - mean_x) * (power - mean_p)) / scatter
        offset = mean_p - gain * mean_x
        relative = np.sqrt(np.mean(((power - offset - gain * x) / expected) ** 2))
    if gain < SURE * relative / np.sqrt(scatter):
        return constant
    return NoiseModel(
        float(gain / spread),
        float(offset - gain * centre / spread),
        float(relative / np.sqrt(power.size)),
    )
