"""Describe every pixel by brightness, edges, ridges and texture around it, at several scales.

Axes: C channels, S space, that is HW of an image or DHW of a volume; F features.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.segment.eigen import eigenvalues
from pearlite.recipes.segment.normalise import Scale
from pearlite.recipes.segment.pyramid import Pyramid, blur_all, double, part

LEVELS = 4
FEWEST, MOST = 3, 6
"""Scales that are tried where nobody says how many."""

_MARGIN = 4  # pixels of a level that a filter sees beyond its own


class Filters:
    """A bank of filters over an image, worked out where it is asked for.

    Level l of the pyramid sees structures of about 0.7, 1.7, 3.6, 7.3 and 15 pixels (standard
    deviations of its Gaussians), each at the resolution that it needs. Every value is the outcome
    of the same additions wherever the box lies, so that boxes of any size give exactly the same.

    Parameters
    ----------
    image_CS
        Raw values, ``(C, H, W)`` or ``(C, D, H, W)``.
    scale
        Takes the image's gain and offset out.
    levels
        How many scales, each twice the one before.
    """

    def __init__(self, image_CS: NDArray[np.generic], scale: Scale, levels: int = LEVELS) -> None:
        self.pyramid = Pyramid(image_CS, scale, levels)
        self.names = list(_names(len(image_CS), image_CS.ndim - 1, levels))

    @property
    def count(self) -> int:
        """Number of features."""
        return len(self.names)

    def of(self, start: Sequence[int], stop: Sequence[int]) -> NDArray[np.float32]:
        """Return the features of the pixels from `start` to `stop`, ``(F, *S)``."""
        spans = [(list(start), [b - 1 for b in stop])]  # first and last pixel, both included
        for _ in range(1, self.pyramid.levels):
            first, last = spans[-1]
            spans.append(([a // 2 for a in first], [-(-b // 2) for b in last]))
        features_FS: NDArray[np.float32] | None = None
        for level in reversed(range(self.pyramid.levels)):
            first, last = spans[level]
            here_FS = self._of_level(level, first, last)
            if features_FS is None:
                features_FS = here_FS
                continue
            finer_FS = double(features_FS)
            cut = [
                slice(a - 2 * (a // 2), b + 1 - 2 * (a // 2))
                for a, b in zip(first, last, strict=True)
            ]
            features_FS = np.concatenate([here_FS, finer_FS[(slice(None), *cut)]])
        assert features_FS is not None
        return features_FS

    def _of_level(
        self, level: int, first: Sequence[int], last: Sequence[int]
    ) -> NDArray[np.float32]:
        window_CS = self.pyramid.window(
            level, [a - _MARGIN for a in first], [b + 1 + _MARGIN for b in last]
        )
        return np.concatenate([_describe(channel_S[None]) for channel_S in window_CS])


def per_level(channels: int, dims: int) -> int:
    """Return how many features a level has."""
    return channels * (4 + 2 * dims)


def _describe(image_1S: NDArray[np.float32]) -> NDArray[np.float32]:
    """Filter one channel of one level; `_MARGIN` pixels fewer at each end."""
    axes = range(1, image_1S.ndim)
    smooth_1S = blur_all(image_1S)
    mean_1S = _inner(blur_all(smooth_1S), 2)
    square_1S = _inner(blur_all(blur_all(image_1S * image_1S)), 2)
    slope = {a: _difference(smooth_1S, a, axes) for a in axes}
    pairs = list(combinations_with_replacement(axes, 2))
    tensor = {(a, b): blur_all(blur_all(slope[a] * slope[b])) for a, b in pairs}
    smooth_1S = _inner(smooth_1S, 2)
    bend = {(a, b): _bend(smooth_1S, a, b, axes) for a, b in pairs}
    smooth_1S = _inner(smooth_1S, 1)
    steepness_1S = np.zeros_like(smooth_1S)
    for a in axes:
        steepness_1S += _inner(slope[a], 2) ** 2
    return np.concatenate(
        [
            smooth_1S,
            smooth_1S - mean_1S,
            np.sqrt(np.maximum(square_1S - mean_1S * mean_1S, 0)),
            np.sqrt(steepness_1S),
            *eigenvalues(bend),
            *[np.sqrt(np.maximum(value_1S, 0)) for value_1S in eigenvalues(tensor)],
        ]
    )


def _difference(
    values_1S: NDArray[np.float32], axis: int, axes: Iterable[int]
) -> NDArray[np.float32]:
    """Half the difference of both neighbours; one pixel fewer at each end of every axis."""
    for other in axes:
        if other != axis:
            values_1S = part(values_1S, other, 1, -1)
    return (part(values_1S, axis, 2, 0) - part(values_1S, axis, 0, -2)) * np.float32(0.5)


def _bend(
    values_1S: NDArray[np.float32], a: int, b: int, axes: Iterable[int]
) -> NDArray[np.float32]:
    """Second derivative along two axes; one pixel fewer at each end of every axis."""
    for other in axes:
        if other not in (a, b):
            values_1S = part(values_1S, other, 1, -1)
    if a == b:
        outer_1S = part(values_1S, a, 2, 0) + part(values_1S, a, 0, -2)
        return outer_1S - 2 * part(values_1S, a, 1, -1)
    slope_1S = part(values_1S, a, 2, 0) - part(values_1S, a, 0, -2)
    return (part(slope_1S, b, 2, 0) - part(slope_1S, b, 0, -2)) * np.float32(0.25)


def _inner(values_1S: NDArray[np.float32], margin: int) -> NDArray[np.float32]:
    for axis in range(1, values_1S.ndim):
        values_1S = part(values_1S, axis, margin, -margin)
    return values_1S


def _names(channels: int, dims: int, levels: int) -> Iterator[str]:
    ranks = [f"{n}{'st' if n == 1 else 'nd' if n == 2 else 'rd'}" for n in range(1, dims + 1)]
    kinds = ["brightness", "difference of Gaussians", "deviation", "gradient"]
    kinds += [f"{rank} Hessian eigenvalue" for rank in ranks]
    kinds += [f"{rank} structure tensor eigenvalue" for rank in ranks]
    for level in range(levels):
        for channel in range(channels):
            where = f" of channel {channel + 1}" if channels > 1 else ""
            for kind in kinds:
                yield f"{kind}{where} at {_sigma(level):.2g} px"


def _sigma(level: int) -> float:
    """Return the width of a level's Gaussian, with the blurs of the pyramid, in pixels."""
    return ((4**level - 1) / 3 + 4**level / 2) ** 0.5
