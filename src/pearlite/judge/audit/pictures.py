"""The images that an audit looks at: grey, reduced for likeness, whole for overlap.

Axes: Y rows, X columns.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pearlite.data.read import read
from pearlite.data.validity import examine
from pearlite.errors import InputError
from pearlite.see.progress import track

_SIDE = 128  # pixels a side of the small images at most
_CROP = 256  # pixels a side in which saturation is looked for
_COLOURS = 4
_BACKGROUND = 0.2  # share of pixels of the lowest value that were drawn so, not clipped


@dataclass(frozen=True)
class Picture:
    """One image as far as an audit needs it.

    Parameters
    ----------
    name
        What to call it.
    source
        Its file, or its values.
    small
        Grey values (Y, X), float32, reduced by a whole factor to at most 128 pixels a side.
    shape, kind
        Rows and columns, and the type of the values.
    digest
        SHA-256 of its pixels.
    saturated
        Share of the pixels that are clipped, in its middle.
    """

    name: str
    source: Any
    small: np.ndarray
    shape: tuple[int, int]
    kind: str
    digest: bytes
    saturated: float

    def whole(self) -> np.ndarray:
        """Return the grey values (Y, X), float32, unreduced; read again from a file."""
        return _grey(plane_of(self.source))

    @property
    def blank(self) -> bool:
        """Whether the image holds one value only."""
        return bool(self.small.min() == self.small.max())


def look_at(
    sources: Sequence[Path] | Sequence[np.ndarray] | np.ndarray,
    names: Sequence[str],
    progress: bool = False,
) -> tuple[dict[int, Picture], dict[str, str]]:
    """Read images, one after the other.

    Parameters
    ----------
    sources
        Files; or arrays, each (Y, X) or with up to 4 channels first or last.
    names
        What to call them.
    progress
        Show a bar.

    Returns
    -------
    tuple
        The images by their number, and why the others could not be read, by name.
    """
    pictures: dict[int, Picture] = {}
    unreadable: dict[str, str] = {}
    for number, source in enumerate(track(sources, "Reading", len(names), progress)):
        try:
            plane = plane_of(source)
        except InputError as error:
            unreadable[names[number]] = str(error)
            continue
        digest = hashlib.sha256(f"{plane.dtype.str}{plane.shape}".encode())
        digest.update(np.ascontiguousarray(plane).data)
        pictures[number] = Picture(
            name=names[number],
            source=source,
            small=_reduced(_grey(plane)),
            shape=(plane.shape[0], plane.shape[1]),
            kind=str(plane.dtype),
            digest=digest.digest(),
            saturated=_saturated(_middle(plane)),
        )
    return pictures, unreadable


def plane_of(source: Any) -> np.ndarray:
    """Return an image as one plane (Y, X) in its own type; colours are averaged.

    Of stacks and volumes in a file it is the middle plane.

    Parameters
    ----------
    source
        A path, or an array (Y, X) or with up to 4 channels first or last.

    Raises
    ------
    InputError
        If it is no image.
    """
    if isinstance(source, Path):
        image = read(source)
        index = tuple(
            slice(None) if axis in "CYX" else size // 2
            for axis, size in zip(image.axes, image.array.shape, strict=True)
        )
        array = np.asarray(image.array[index])
    else:
        array = np.asarray(source)
    if array.ndim == 3 and min(array.shape[0], array.shape[2]) <= _COLOURS:
        grey = array.mean(axis=0 if array.shape[0] <= _COLOURS else 2, dtype=np.float64)
        array = (np.round(grey) if array.dtype.kind in "iu" else grey).astype(array.dtype)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "biuf":
        raise InputError(
            f"an image has shape {array.shape} and type {array.dtype}; (Y, X) numbers are expected"
        )
    return array


def _grey(plane_YX: np.ndarray) -> np.ndarray:
    return np.nan_to_num(plane_YX.astype(np.float32), posinf=0, neginf=0)


def _middle(plane_YX: np.ndarray) -> np.ndarray:
    rows, columns = (slice(max(0, (n - _CROP) // 2), (n + _CROP) // 2) for n in plane_YX.shape)
    return plane_YX[rows, columns]


def _saturated(plane_YX: np.ndarray) -> float:
    """Return the share of clipped pixels; whole numbers clip at 0 or at all bits set, as 4095.

    Where a large part has the lowest value, that is a background.
    """
    seen = examine(plane_YX, bar=False)
    low = seen.saturated_low if seen.saturated_low < _BACKGROUND else 0.0
    if plane_YX.dtype.kind == "f":
        return low + seen.saturated_high
    highest = int(plane_YX.max())
    low = low if plane_YX.min() == 0 else 0.0
    return low + (seen.saturated_high if highest & (highest + 1) == 0 else 0.0)


def _reduced(grey_YX: np.ndarray) -> np.ndarray:
    factor = -(-max(grey_YX.shape) // _SIDE)
    rows, columns = (max(1, n // factor) for n in grey_YX.shape)
    if factor == 1 or min(grey_YX.shape) < factor:
        return grey_YX
    cut = grey_YX[: rows * factor, : columns * factor]
    return cut.reshape(rows, factor, columns, factor).mean(axis=(1, 3))
