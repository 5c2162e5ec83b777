"""Find patches that show the same pixels, at any offset, flipped or turned, by their content.

A window of 8 x 8 pixels is known by the signs of the differences between its neighbours, which no
change of brightness, contrast or gamma alters. Of all windows a patch keeps those whose hash is the
smallest of some block of 5 x 5 (winnowing; Schleimer, Wilkerson and Aiken 2003), so that two
patches which share 12 x 12 pixels keep a window in common. What two patches would have to share is
then compared pixel by pixel.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from pearlite.data.pixels import changes, same_pixels, slopes, turned

_WINDOW = 8  # pixels
_BLOCK = 5  # windows of which the smallest hash is kept
SHARED = _WINDOW + _BLOCK - 1
"""Pixels along both axes from which a shared region is certain to be found."""
_TURNS = 4  # changes of sign from which a window is no plain slope or edge
_RUN = 16  # patches with one window that are looked at
_CANDIDATES = (5, 64)  # patches compared pixel by pixel with one patch: at least, at most,
_PIXELS = 2**18  # and so many pixels of them
_CHUNK = 2**22  # pixels hashed at a time
_NONE = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class Windows:
    """Kept windows of many images: hash, image, row and column, each of shape (windows,)."""

    hashes: np.ndarray
    image: np.ndarray
    row: np.ndarray
    column: np.ndarray


@dataclass(frozen=True)
class Overlap:
    """Two images that share pixels.

    Parameters
    ----------
    first, second
        Indices of the images.
    turn
        How the second was turned, 0 to 7: see `turned`.
    rows, columns
        Size of what they share.
    correlation
        Of the shared pixels, -1 to 1.
    """

    first: int
    second: int
    turn: int
    rows: int
    columns: int
    correlation: float


def find_overlaps(
    images: Sequence[np.ndarray],
    known: np.ndarray,
    asked: np.ndarray,
    turns: Sequence[int] = range(8),
) -> Iterator[Overlap]:
    """Yield the overlaps between images `known` and images `asked` (indices into `images`).

    Of the `turns` of an asked image (see `pearlite.data.pixels.turned`), 0 alone takes a quarter
    of the time: fields of one specimen are not turned.
    """
    table = windows(images, known)
    order = np.argsort(table.hashes, kind="stable")
    hashes, first, run = np.unique(table.hashes[order], return_index=True, return_counts=True)
    if not len(hashes):
        return
    found, rarity = [], []
    for turn in turns:
        query = windows(images, asked, turn)
        ascending = np.argsort(query.hashes)  # neighbours look in one place of the table: faster
        place = np.searchsorted(hashes, query.hashes[ascending]).clip(max=len(hashes) - 1)
        hit = hashes[place] == query.hashes[ascending]
        at, place = ascending[hit], place[hit]
        count = np.minimum(run[place], _RUN)
        within = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count)
        at, place, count = (np.repeat(values, count) for values in (at, place, count))
        match = order[first[place] + within * run[place] // count]
        places = (query.image[at], table.image[match], np.full(len(at), turn))
        offsets = table.row[match] - query.row[at], table.column[match] - query.column[at]
        found.append(np.stack([*places, *offsets]))
        rarity.append(1 / run[place])
    places = _likeliest(images, np.concatenate(found, axis=1), np.concatenate(rarity))
    yield from _compared(images, places)


def _compared(images: Sequence[np.ndarray], places: np.ndarray) -> Iterator[Overlap]:
    """Yield those places at which the pixels agree."""
    for asked, known, turn, down, right in places.T.tolist():
        a, b = images[known], turned(images[asked], turn)
        rows = slice(max(down, 0), min(a.shape[0], b.shape[0] + down))
        columns = slice(max(right, 0), min(a.shape[1], b.shape[1] + right))
        a_shared = a[rows, columns]
        b_shared = b[
            rows.start - down : rows.stop - down, columns.start - right : columns.stop - right
        ]
        correlation = same_pixels(a_shared, b_shared, a, b)
        if correlation:
            size = a_shared.shape
            yield Overlap(known, asked, turn, size[0], size[1], correlation)


def _likeliest(images: Sequence[np.ndarray], found: np.ndarray, rarity: np.ndarray) -> np.ndarray:
    """Return each pair's likeliest place, and of each asked image the likeliest few pairs.

    A window that few images have says more than a common one: each counts by its rarity.
    """
    if not found.size:
        return found
    reach = max(max(image.shape) for image in images)
    found[3:] += reach
    sizes = (len(images), len(images), 8, 2 * reach + 1, 2 * reach + 1)
    places, which = np.unique(np.ravel_multi_index(tuple(found), sizes), return_inverse=True)
    likeliest = np.argsort(-np.bincount(which, rarity), kind="stable")
    places = np.stack(np.unravel_index(places[likeliest], sizes))
    places[3:] -= reach
    _, best = np.unique(places[0] * len(images) + places[1], return_index=True)
    places = places[:, np.sort(best)]
    by_asked = np.argsort(places[0], kind="stable")
    _, start, pairs = np.unique(places[0, by_asked], return_index=True, return_counts=True)
    rank = np.arange(len(by_asked)) - np.repeat(start, pairs)
    area = np.array([image.size for image in images])[places[0, by_asked]]
    return places[:, np.sort(by_asked[rank < np.clip(_PIXELS // area, *_CANDIDATES)])]


def windows(images: Sequence[np.ndarray], chosen: np.ndarray, turn: int = 0) -> Windows:
    """Return the kept windows of the chosen images, all turned alike."""
    by_shape: dict[tuple[int, int], list[int]] = {}
    for number in chosen.tolist():
        by_shape.setdefault(images[number].shape, []).append(number)
    kept = [np.empty((4, 0), dtype=np.uint64)]
    for shape, numbers in by_shape.items():
        if min(shape) < SHARED:
            continue
        step = max(1, _CHUNK // (shape[0] * shape[1]))
        for start in range(0, len(numbers), step):
            some = np.array(numbers[start : start + step])
            hashes = _winnowed(_hashes(turned(np.stack([images[n] for n in some]), turn)))
            image, row, column = np.nonzero(hashes != _NONE)
            kept.append(
                np.stack([hashes[image, row, column], some[image], row, column]).astype(np.uint64)
            )
    hashes, *where = np.concatenate(kept, axis=1)
    return Windows(hashes, *(values.astype(np.int64) for values in where))


def _hashes(images_NYX: np.ndarray) -> np.ndarray:
    """Return a hash of every window, the largest number where a window is too plain to tell."""
    right, down = slopes(images_NYX)
    code = right.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    code ^= down.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    size = _WINDOW - 1  # of differences
    for axis, factor in ((1, np.uint64(0xD6E8FEB86659FD93)), (2, np.uint64(0xA0761D6478BD642F))):
        total = np.zeros_like(_sliced(code, axis, 0, size))
        for step in range(size):
            total = total * factor + _sliced(code, axis, step, size)
        code = total
    code ^= code >> np.uint64(29)
    code *= np.uint64(0xBF58476D1CE4E5B9)
    code ^= code >> np.uint64(32)
    turns = changes(right, down)
    for axis in (1, 2):
        turns = reduce(np.add, (_sliced(turns, axis, step, size) for step in range(size)))
    code[turns < _TURNS] = _NONE
    return code


def _sliced(array: np.ndarray, axis: int, start: int, size: int) -> np.ndarray:
    """Return the part of `array` that windows' `start`-th row or column covers."""
    index = [slice(None)] * array.ndim
    index[axis] = slice(start, array.shape[axis] - size + 1 + start)
    return array[tuple(index)]


def _winnowed(hashes: np.ndarray) -> np.ndarray:
    """Return the hashes that are the smallest of some block, the largest number elsewhere."""
    smallest = hashes
    for axis in (1, 2):
        smallest = reduce(np.minimum, (_sliced(smallest, axis, s, _BLOCK) for s in range(_BLOCK)))
    for axis in (1, 2):
        pad = [(0, 0)] * 3
        pad[axis] = (_BLOCK - 1, _BLOCK - 1)
        padded = np.pad(smallest, pad)
        smallest = reduce(np.maximum, (_sliced(padded, axis, s, _BLOCK) for s in range(_BLOCK)))
    return np.where(smallest == hashes, hashes, _NONE)
