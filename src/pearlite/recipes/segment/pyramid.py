"""An image at full, half, quarter … resolution, from which any window is cut.

Axes: C channels, S space, that is HW of an image or DHW of a volume.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.segment.normalise import Scale

_BAND = 2**22  # values that are blurred at once


class Pyramid:
    """Each level is the one before, blurred by a binomial of 5 taps, every second pixel of it.

    Beyond its borders an image goes on as its mirror image. Only the coarser levels are kept,
    a third of the pixels (a seventh of a volume's); the finest is normalised anew where it is asked
    for (Burt and Adelson, IEEE Trans. Commun. 31, 532, 1983).

    Parameters
    ----------
    image_CS
        Raw values.
    scale
        Takes the image's gain and offset out.
    levels
        How many resolutions.
    """

    def __init__(self, image_CS: NDArray[np.generic], scale: Scale, levels: int) -> None:
        self.image_CS, self.scale, self.levels = image_CS, scale, levels
        self._coarser: list[NDArray[np.float32]] = []
        for level in range(levels - 1):
            self._coarser.append(self._half(level))

    def shape(self, level: int) -> tuple[int, ...]:
        """Return the lengths of the axes of space at a level, 0 being the finest."""
        at_level = self._coarser[level - 1] if level else self.image_CS
        return at_level.shape[1:]

    def window(self, level: int, start: Sequence[int], stop: Sequence[int]) -> NDArray[np.float32]:
        """Return a copy of pixels `start` to `stop` of a level, which may lie outside."""
        shape = self.shape(level)
        lines = [_mirrored(a, b, n) for a, b, n in zip(start, stop, shape, strict=True)]
        source_CS = self._coarser[level - 1] if level else self.image_CS
        if all(a >= 0 and b <= n for a, b, n in zip(start, stop, shape, strict=True)):
            inside = [slice(a, b) for a, b in zip(start, stop, strict=True)]
            cut_CS = source_CS[(slice(None), *inside)]
        else:
            cut_CS = source_CS[np.ix_(np.arange(len(source_CS)), *lines)]
        return self.scale.apply(cut_CS) if level == 0 else np.array(cut_CS, np.float32)

    def _half(self, level: int) -> NDArray[np.float32]:
        shape = self.shape(level)
        half_CS = np.empty((len(self.image_CS), *[-(-n // 2) for n in shape]), np.float32)
        rows = max(1, _BAND // max(1, 2 * half_CS[:, 0].size * 2 ** (len(shape) - 1)))
        for first in range(0, half_CS.shape[1], rows):
            last = min(first + rows, half_CS.shape[1])
            start = [2 * first - 2, *[-2] * (len(shape) - 1)]
            stop = [2 * last + 1, *[2 * n + 1 for n in half_CS.shape[2:]]]
            blurred_CS = self.window(level, start, stop)
            for axis in range(1, len(shape) + 1):
                blurred_CS = every_second(blur(blur(blurred_CS, axis), axis), axis)
            half_CS[:, first:last] = blurred_CS
        return half_CS


def blur(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Average neighbours along an axis with weights 1/4, 1/2, 1/4; one pixel fewer at each end."""
    before, here, after = (part(values, axis, first, first - 2) for first in range(3))
    blurred = before + after
    blurred *= 0.5
    blurred += here
    blurred *= 0.5
    return blurred


def blur_all(values_CS: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur along every axis of space; the first axis is left alone."""
    for axis in range(1, values_CS.ndim):
        values_CS = blur(values_CS, axis)
    return values_CS


def double(values_CS: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put the mean of its neighbours between any two pixels: length n becomes 2 n - 1."""
    for axis in range(1, values_CS.ndim):
        shape = list(values_CS.shape)
        shape[axis] = 2 * shape[axis] - 1
        doubled_CS = np.empty(shape, np.float32)
        every_second(doubled_CS, axis)[...] = values_CS
        between_CS = every_second(part(doubled_CS, axis, 1, 0), axis)
        np.add(part(values_CS, axis, 0, -1), part(values_CS, axis, 1, 0), out=between_CS)
        between_CS *= 0.5
        values_CS = doubled_CS
    return values_CS


def part(values: NDArray[np.float32], axis: int, first: int, from_end: int) -> NDArray[np.float32]:
    """Return a view from pixel `first` of an axis to `from_end` (0 or less) before its end."""
    return values[(slice(None),) * axis + (slice(first, values.shape[axis] + from_end),)]


def every_second(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Return a view of pixels 0, 2, 4, … of an axis."""
    return values[(slice(None),) * axis + (slice(None, None, 2),)]


def _mirrored(start: int, stop: int, length: int) -> NDArray[np.intp]:
    folded = np.arange(start, stop) % (2 * length)
    return np.minimum(folded, 2 * length - 1 - folded)
