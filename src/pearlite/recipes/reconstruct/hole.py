"""A hole in an image: the pieces that it is filled in, and where the image is like around a piece.

Axes: H, W of an image, C channels, h, w of a window around a piece, K places.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, label
from scipy.signal import fftconvolve

from pearlite.errors import InputError

PIECE = 64  # pixels a side that are filled at once, at most
RIM = 12  # pixels around a piece by which alike places are found
SEARCHED = 512  # pixels around a piece in which they are looked for
APART = 4  # pixels between two places, at least
_EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Piece:
    """A part of a hole, in a window of the image.

    Attributes
    ----------
    window
        Rows and columns: the piece and what lies around it.
    inside_hw
        Where the piece is in the window.
    """

    window: tuple[slice, slice]
    inside_hw: NDArray[np.bool_]


def checked(hole: Any, image: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where a mask is not 0.

    Raises
    ------
    InputError
        If it is no mask of the image, or leaves nothing to fill or to learn from.
    """
    mask = np.asarray(hole)
    if mask.shape != image.shape[:2]:
        raise InputError(
            f"the hole's mask has shape {mask.shape}, the image {image.shape[:2]}: give a mask of "
            "one channel, as large as the image, that is not 0 where pixels shall be filled"
        )
    inside_HW = mask != 0
    if not inside_HW.any():
        raise InputError("the hole's mask is 0 everywhere: there is nothing to fill")
    if (share := inside_HW.mean()) > 0.5:
        raise InputError(
            f"the hole covers {share:.0%} of the image; what fills it is learned from the rest, "
            "which must be half of it at least (is the mask inverted?)"
        )
    return inside_HW


def nearest_known(image: NDArray[Any], hole_HW: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the image with the nearest known value at each pixel of the hole."""
    nearest: Any = distance_transform_edt(hole_HW, return_distances=False, return_indices=True)
    return image[tuple(nearest)]


def pieces(hole_HW: NDArray[np.bool_]) -> Iterator[Piece]:
    """Yield the parts of a hole: each connected one, cut where it is larger than `PIECE`."""
    parts_HW = _parts(hole_HW)
    for number, box in enumerate(find_objects(parts_HW), start=1):
        inside = parts_HW[box] == number
        counts = [-(-side // PIECE) for side in inside.shape]
        for rows in np.array_split(np.arange(inside.shape[0]), counts[0]):
            for columns in np.array_split(np.arange(inside.shape[1]), counts[1]):
                part = np.zeros_like(hole_HW)
                cell = tuple(
                    slice(b.start + n[0], b.start + n[-1] + 1)
                    for b, n in zip(box, (rows, columns), strict=True)
                )
                part[cell] = inside[np.ix_(rows, columns)]
                if part.any():
                    yield around(part)


def around(part_HW: NDArray[np.bool_], rim: int = RIM) -> Piece:
    """Return a part of a hole in a window that is larger by a rim at each side."""
    (box,) = find_objects(part_HW.astype(np.uint8))
    window = tuple(
        slice(max(0, side.start - rim), min(length, side.stop + rim))
        for side, length in zip(box, part_HW.shape, strict=True)
    )
    return Piece((window[0], window[1]), part_HW[window])


def halves(piece: Piece, shape: tuple[int, int]) -> list[Piece]:
    """Cut a piece in two across its longer side, with rims no wider than they are long.

    Nothing where it is a single pixel.
    """
    places = np.argwhere(piece.inside_hw)
    low, high = places.min(0), places.max(0)
    axis = int(np.argmax(high - low))
    if low[axis] == high[axis]:
        return []
    rim = min(RIM, max(2, int(high[axis] - low[axis])))
    far = places[:, axis] > (low[axis] + high[axis]) // 2
    parts = []
    for chosen in (places[~far], places[far]):
        part_HW = np.zeros(shape, bool)
        part_HW[piece.window][tuple(chosen.T)] = True
        parts.append(around(part_HW, rim))
    return parts


def alike(
    image_CHW: NDArray[np.float32],
    filled_HW: NDArray[np.bool_],
    known_HW: NDArray[np.bool_],
    piece: Piece,
    count: int,
) -> list[tuple[slice, slice]]:
    """Return the windows whose surroundings are most like those of a piece, the best first.

    Parameters
    ----------
    image_CHW
        The image, a part of the hole filled.
    filled_HW
        Where it holds something: around the piece this is compared.
    known_HW
        Where it was known from the start: nothing else is copied.
    piece
        The piece.
    count
        Windows, at most; none lies within `APART` pixels of a better one.
    """
    apart_hw: Any = distance_transform_edt(~piece.inside_hw)
    rim_hw = (apart_hw > 0) & (apart_hw <= RIM) & filled_HW[piece.window]
    height, width = rim_hw.shape
    area = tuple(
        slice(max(0, side.start - SEARCHED), min(length, side.stop + SEARCHED))
        for side, length in zip(piece.window, known_HW.shape, strict=True)
    )
    there_CHW = image_CHW[:, area[0], area[1]]
    weight = np.where(rim_hw, 1 / np.maximum(apart_hw, 1) ** 2, 0).astype(np.float32)
    wanted_Chw = image_CHW[:, piece.window[0], piece.window[1]] * weight
    unknown = (~known_HW[area]).astype(np.float32)
    blocked = _slid(unknown, (rim_hw | piece.inside_hw).astype(np.float32)) > 0.5
    square = _slid(np.square(there_CHW).sum(0), weight)
    cross = sum(_slid(a, b) for a, b in zip(there_CHW, wanted_Chw, strict=True))
    unlike = np.where(blocked, np.inf, square - 2 * cross)
    found = []
    while len(found) < count and np.isfinite(unlike.min()):
        y, x = np.unravel_index(int(unlike.argmin()), unlike.shape)
        top, left = area[0].start + int(y), area[1].start + int(x)
        found.append((slice(top, top + height), slice(left, left + width)))
        unlike[max(0, y - APART) : y + APART + 1, max(0, x - APART) : x + APART + 1] = np.inf
    return found


def _parts(hole_HW: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the number of each pixel's connected part, 0 outside."""
    found: Any = label(hole_HW, _EIGHT)
    return found[0]


def _slid(image: NDArray[np.float32], window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sum of products at each place of a window that lies within an image."""
    return fftconvolve(image, window[::-1, ::-1], mode="valid")


def shifted(hole_HW: NDArray[np.bool_], count: int) -> list[NDArray[np.bool_]]:
    """Return the largest part of a hole, moved to places of which all is known."""
    parts_HW = _parts(hole_HW)
    largest = int(np.argmax(np.bincount(parts_HW.ravel())[1:])) + 1
    (box,) = find_objects((parts_HW == largest).astype(np.uint8))
    shape_hw = (parts_HW == largest)[box].astype(np.float32)
    free = np.argwhere(_slid(hole_HW.astype(np.float32), shape_hw) < 0.5)
    chosen = free[np.linspace(0, len(free) - 1, count).astype(int)] if len(free) else []
    moved = []
    for top, left in chosen:
        there_HW = np.zeros_like(hole_HW)
        there_HW[top : top + shape_hw.shape[0], left : left + shape_hw.shape[1]] = shape_hw > 0
        moved.append(there_HW)
    return moved
