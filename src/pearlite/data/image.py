"""A measurement on a grid: the array, what its axes mean, and how large a pixel is."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pearlite.errors import InputError

AXES = "TZCYX"  # time, depth, channel, row, column: the letters and their order in every Image


@dataclass(frozen=True)
class Image:
    """An image, stack, time series or volume.

    Parameters
    ----------
    array
        Anything with ``shape``, ``dtype`` and NumPy slicing: an array, a memory map, a Zarr array.
    axes
        One letter per dimension, a subsequence of ``"TZCYX"`` that ends in ``"YX"``.
    pixel_size
        Physical distance between neighbours along an axis, such as ``{"Y": 0.02, "X": 0.02}``,
        in `unit`. Axes whose distance is not known are absent.
    unit
        Unit of `pixel_size`, such as ``"µm"``; empty when nothing is known.
    path
        Where it was read from.
    meta
        What the file said beside that; handed back by `write` where the format can hold it.
        ``"palette"``, shape ``(256, 3)``, uint8, colours the values of an 8-bit TIFF or PNG.

    Raises
    ------
    InputError
        If the axes do not fit the array.
    """

    array: Any
    axes: str
    pixel_size: dict[str, float] = field(default_factory=dict)
    unit: str = ""
    path: Path | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = [a for a in AXES if a in self.axes]
        if list(self.axes) != known or not self.axes.endswith("YX"):
            raise InputError(
                f"axes {self.axes!r} must be letters of {AXES!r}, in that order, ending in 'YX'"
            )
        if len(self.axes) != len(self.array.shape):
            raise InputError(
                f"axes {self.axes!r} name {len(self.axes)} dimensions, "
                f"the array has shape {tuple(self.array.shape)}"
            )
