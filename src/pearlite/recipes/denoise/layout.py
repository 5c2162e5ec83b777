"""Images of any axes as stacks of frames (F, C, Y, X), read and written a piece at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import AXES
from pearlite.errors import InputError


@dataclass(frozen=True)
class Frames:
    """Frames ``first`` to ``last - 1`` of one stack, and rows ``top`` to ``bottom - 1`` of each.

    A volume's planes, or a time series' images, are the frames of a stack; of a time series of
    volumes each volume is a stack of its own, number `stack`.
    """

    stack: int
    first: int
    last: int
    top: int
    bottom: int

    def __len__(self) -> int:
        return self.last - self.first


class Layout:
    """Where the frames of an image lie.

    Parameters
    ----------
    shape, axes
        Of the image; `axes` is a subsequence of ``"TZCYX"``.
    """

    def __init__(self, shape: tuple[int, ...], axes: str) -> None:
        self.shape, self.axes = shape, axes
        size = dict(zip(axes, shape, strict=True))
        self.frame_axis = "Z" if "Z" in axes else "T"
        self.stacks = size.get("T", 1) if self.frame_axis == "Z" else 1
        self.frames = size.get(self.frame_axis, 1)
        self.channels = size.get("C", 1)
        self.rows, self.columns = size["Y"], size["X"]

    def index(self, part: Frames) -> tuple[Any, ...]:
        """Return the index of these frames in the image."""
        rows = slice(part.top, part.bottom)
        found = {"T": part.stack, self.frame_axis: slice(part.first, part.last), "Y": rows}
        return tuple(found.get(axis, slice(None)) for axis in self.axes)

    def read(self, array: Any, part: Frames) -> NDArray:
        """Return these frames as (F, C, Y, X)."""
        shape = (len(part), self.channels, part.bottom - part.top, self.columns)
        return np.asarray(array[self.index(part)]).reshape(shape)

    def write(self, array: Any, part: Frames, frames_FCYX: NDArray) -> None:
        """Store these frames."""
        index = self.index(part)
        shape = [n for axis, n in zip("FCYX", frames_FCYX.shape, strict=True) if self._has(axis)]
        array[index] = frames_FCYX.reshape(shape)

    def _has(self, axis: str) -> bool:
        return (self.frame_axis if axis == "F" else axis) in self.axes

    def chunks(self, pixels: int) -> list[Frames]:
        """Cut the image into frames, or a frame into strips of rows, of about so many pixels."""
        each = max(1, pixels // (self.channels * self.rows * self.columns))
        high = min(self.rows, max(1, pixels // (self.channels * self.columns)))
        return [
            Frames(stack, first, min(first + each, self.frames), top, min(top + high, self.rows))
            for stack in range(self.stacks)
            for first in range(0, self.frames, each)
            for top in range(0, self.rows, high)
        ]

    def spread(self, count: int, pixels: int) -> list[Frames]:
        """Choose up to so many frames or strips, evenly spread, of at most about so many pixels."""
        parts = self.chunks(min(pixels, self.channels * self.rows * self.columns))
        return [parts[round(i)] for i in np.linspace(0, len(parts) - 1, min(count, len(parts)))]


def find_axes(shape: tuple[int, ...], axes: str | None) -> str:
    """Return the axes of an array: as given, or those of a plane.

    Raises
    ------
    InputError
        If they do not fit, or more than two dimensions come without names.
    """
    if axes is None:
        if len(shape) != 2:
            raise InputError(
                f"an array of shape {shape} needs axes: one letter of {AXES!r} per dimension, "
                "such as 'ZYX' for a volume, 'TYX' for a time series or 'CYX' for channels"
            )
        return "YX"
    if (
        len(axes) != len(shape)
        or "".join(a for a in AXES if a in axes) != axes
        or axes[-2:] != "YX"
    ):
        raise InputError(
            f"axes {axes!r} do not fit an array of shape {shape}: one letter of {AXES!r} per "
            "dimension is needed, in that order, ending in 'YX'"
        )
    return axes
