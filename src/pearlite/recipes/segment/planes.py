"""Images of any axes as the pieces that are segmented: planes, or whole volumes.

Axes: C channels, S space, that is HW or DHW.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.units import METRES
from pearlite.errors import InputError
from pearlite.recipes.sources import as_image

_WORDS = {"T": "time", "Z": "plane"}
_COLOURS = (3, 4)


@dataclass(frozen=True)
class Planes:
    """Where the pieces of an image lie.

    Parameters
    ----------
    shape, axes
        Of the image; `axes` is a subsequence of ``"TZCYX"``.
    volume
        Whether the planes in depth belong together.
    """

    shape: tuple[int, ...]
    axes: str
    volume: bool = False

    def __post_init__(self) -> None:
        if 0 in self.shape:
            raise InputError(f"the image has no pixel: its shape is {self.shape}")
        if self.volume and "Z" not in self.axes:
            raise InputError(
                f"volume=True was given, and the image has axes {self.axes}; a volume has planes "
                "in depth: say axes='ZYX'"
            )

    @property
    def _outer(self) -> list[str]:
        return [a for a in self.axes if a == "T" or (a == "Z" and not self.volume)]

    @property
    def label_axes(self) -> str:
        """Axes of the labels: those of the image without channels."""
        return self.axes.replace("C", "")

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Shape of the labels."""
        sizes = zip(self.axes, self.shape, strict=True)
        return tuple(size for axis, size in sizes if axis != "C")

    @property
    def space(self) -> tuple[int, ...]:
        """Shape of a piece without channels."""
        dims = 3 if self.volume else 2
        return self.label_shape[-dims:]

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return self.shape[self.axes.index("C")] if "C" in self.axes else 1

    def __len__(self) -> int:
        return int(np.prod([self.shape[self.axes.index(a)] for a in self._outer], dtype=int))

    def _place(self, number: int) -> dict[str, int]:
        sizes = [self.shape[self.axes.index(a)] for a in self._outer]
        return dict(zip(self._outer, map(int, np.unravel_index(number, sizes)), strict=True))

    def name(self, number: int) -> str:
        """Return a few words on where a piece lies; empty where there is but one."""
        if len(self) == 1:
            return ""
        return ", ".join(f"{_WORDS[a]} {i + 1}" for a, i in self._place(number).items())

    def read(self, array: Any, number: int) -> NDArray[Any]:
        """Return a piece of the image, (C, *S)."""
        place = self._place(number)
        piece = np.asarray(array[tuple(place.get(a, slice(None)) for a in self.axes)])
        left = [a for a in self.axes if a not in place]
        return np.moveaxis(piece, left.index("C"), 0) if "C" in left else piece[None]

    def of_labels(self, number: int) -> tuple[Any, ...]:
        """Return the index of a piece in an array of labels."""
        place = self._place(number)
        return tuple(place.get(a, slice(None)) for a in self.label_axes)


def given_image(data: Any, axes: str | None) -> Image | None:
    """Return an array as an image, and nothing for what names files.

    Arrays (Y, X, 3 or 4) without `axes` are colour pictures.
    """
    if not isinstance(data, Image | str | Path | list | tuple):
        array = np.asarray(data)
        if array.ndim < 2:
            raise InputError(
                f"an array of shape {array.shape} was given; expected is an image of rows and "
                "columns"
            )
        if axes is None and array.ndim == 3 and array.shape[-1] in _COLOURS:
            return Image(np.moveaxis(array, -1, 0), "CYX", meta={"rgb": True})
    return as_image(data, axes)


def opaque(image: Image) -> Image:
    """Return a colour picture without its opacity, which says nothing of the specimen."""
    if not image.meta.get("rgb") or "C" not in image.axes:
        return image
    place = image.axes.index("C")
    if image.array.shape[place] != 4:
        return image
    kept = tuple(slice(3) if axis == "C" else slice(None) for axis in image.axes)
    return Image(
        image.array[kept], image.axes, image.pixel_size, image.unit, image.path, image.meta
    )


def pixel_metres(image: Image) -> float | None:
    """Return the side of a pixel along X in metres, where the file says it."""
    size = image.pixel_size.get("X")
    return size * METRES[image.unit] if size and image.unit in METRES else None
