"""Take gain, offset and bit depth out of an image, so that its copies get the same labels.

Axes: C channels, S space, that is HW of an image or DHW of a volume.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError

_LOOKED_AT = 2**20  # pixels that decide, of each channel
_OUTER = 0.005  # share of the darkest, and of the brightest, that do not decide
_LINEAR = 5.0  # standard deviations; what lies beyond grows with its logarithm
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Scale:
    """What `fit` learnt of an image: the same for all its tiles.

    Parameters
    ----------
    offset_C, gain_C
        What is taken off, and what the rest is multiplied by, float64.
    """

    offset_C: NDArray[np.float64]
    gain_C: NDArray[np.float64]

    def apply(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return the image, or a tile of it, in standard deviations from its mean.

        Pixels that are not a finite number become 0. Beyond 5 standard deviations only the
        logarithm of the excess counts, so that a hot pixel does not drown its surroundings.
        """
        per_channel = (-1,) + (1,) * (image_CS.ndim - 1)
        scaled_CS = np.subtract(image_CS, self.offset_C.reshape(per_channel), dtype=np.float64)
        scaled_CS *= self.gain_C.reshape(per_channel)
        excess_CS = np.abs(scaled_CS) - _LINEAR
        far_CS = excess_CS > 0
        if far_CS.any():
            near_CS = _LINEAR + np.log1p(excess_CS[far_CS])
            scaled_CS[far_CS] = np.copysign(near_CS, scaled_CS[far_CS])
        if np.issubdtype(image_CS.dtype, np.floating):
            scaled_CS[~np.isfinite(image_CS)] = 0
        return scaled_CS.astype(np.float32)


def fit(image_CS: NDArray[np.generic]) -> Scale:
    """Measure mean and standard deviation of each channel between its outer half percents.

    Of a large image a grid of about a million pixels is looked at, its lines at uneven distances
    so that no pattern of the image falls in step with them.

    Raises
    ------
    InputError
        If a channel holds no finite number, or the values are not real numbers.
    """
    if not (np.issubdtype(image_CS.dtype, np.number) or image_CS.dtype == bool):
        raise InputError(f"an image of real numbers was expected, got type {image_CS.dtype}")
    if np.iscomplexobj(image_CS):
        raise InputError("an image of real numbers was expected; give its magnitude")
    every = max(1.0, (image_CS[0].size / _LOOKED_AT) ** (1 / (image_CS.ndim - 1)))
    measured = [_middle_and_width(channel_S, every) for channel_S in image_CS]
    offset_C, width_C = np.array(measured, dtype=np.float64).T
    return Scale(offset_C, 1 / width_C)


def normalise(image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return a whole image in robust standard deviations of its own, float32, ``(C, *S)``.

    Raises
    ------
    InputError
        As `fit` does.
    """
    return fit(image_CS).apply(image_CS)


def _middle_and_width(channel_S: NDArray[np.generic], every: float) -> tuple[float, float]:
    """Mean and standard deviation after limiting values to the inner quantiles."""
    lines = [_uneven(length, every) for length in channel_S.shape]
    looked_at = _finite(channel_S[np.ix_(*lines)])
    if looked_at.size:
        inner = np.clip(looked_at, *np.quantile(looked_at, (_OUTER, 1 - _OUTER)))
        if inner.max() > inner.min():
            return float(inner.mean()), float(inner.std())
    values = _finite(channel_S)
    if not values.size:
        raise InputError("a channel of the image holds no finite number; leave it out")
    return float(values.mean()), float(values.std()) if values.max() > values.min() else 1.0


def _finite(values: NDArray[np.generic]) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64).ravel()
    return numbers[np.isfinite(numbers)]


def _uneven(length: int, every: float) -> NDArray[np.intp]:
    """Return one index of each of ``length / every`` stretches."""
    count = max(1, round(length / every))
    within_stretch = np.arange(count) * _GOLDEN % 1 if every > 1 else np.zeros(count)
    return ((np.arange(count) + within_stretch) * length / count).astype(np.intp)
