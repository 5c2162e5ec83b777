"""Voxels brought to a byte a cell, slab by slab, so that the whole volume is never held twice.

A cell is a block of voxels between two places of `edges`; where the volume is small enough a cell
is a voxel.

Axes: Z planes, Y rows, X columns, 3 red, green and blue, P entries of a palette, S space.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from pearlite.errors import InputError
from pearlite.see.preview import grey, limits

Shape = tuple[int, int, int]

_SAMPLE = 250_000  # voxels that decide on black and white, or on colours
_COLOURS = 256
_SLAB = 16_000_000  # voxels that are looked at together


def fit_within(whole: Shape, longest: int) -> Shape:
    """Return the shape of a volume brought to at most `longest` cells a side, in proportion."""
    share = min(1.0, longest / max(whole))
    z, y, x = (max(1, round(n * share)) for n in whole)
    return z, y, x


def edges(voxels: int, cells: int) -> NDArray[np.intp]:
    """Return the ``cells + 1`` places between which the cells lie, as even as voxels allow."""
    return np.linspace(0, voxels, cells + 1).round().astype(np.intp)


def count_labels(labels_ZYX: NDArray[Any], most: int, *, strict: bool = True) -> dict[int, int]:
    """Return how many voxels each label has, by ascending label.

    Parameters
    ----------
    labels_ZYX
        Whole numbers.
    most
        As soon as more labels are found, counting ends.
    strict
        Whether more than `most` are an error, or just what was found is returned.

    Raises
    ------
    InputError
        If there are more than `most` labels.
    """
    counts: dict[int, int] = {}
    for planes in _slabs(labels_ZYX):
        found, often = np.unique(np.asarray(labels_ZYX[planes]), return_counts=True)
        for value, n in zip(found.tolist(), often.tolist(), strict=True):
            counts[int(value)] = counts.get(int(value), 0) + n
        if len(counts) > most:
            break
    if strict and len(counts) > most:
        raise InputError(
            f"the volume holds more than {most} labels, whose colours are not told apart; show it "
            'as kind="grey", or bring its labels to phases first'
        )
    return dict(sorted(counts.items()))


def mean_cells(volume: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Return the mean of each cell's voxels as float32; the volume itself where a cell is a voxel.

    Parameters
    ----------
    volume
        Shape ``(Z, Y, X)`` or ``(Z, Y, X, 3)``.
    shape
        Cells along z, y, x.
    """
    if volume.shape[:3] == shape:
        return np.asarray(volume)
    means = [
        _block_sums(block.astype(np.float32), shape) / _voxels(block, shape)
        for block in _blocks(volume, shape[0])
    ]
    return np.stack(means).astype(np.float32)


def commonest(labels_ZYX: NDArray[Any], values: Sequence[int], shape: Shape) -> NDArray[np.uint8]:
    """Return the place in `values` of each cell's commonest label, the first of equals."""

    def counted(block_ZYX: NDArray[Any]) -> NDArray[Any]:
        counts = [_block_sums((block_ZYX == value).astype(np.float32), shape) for value in values]
        return np.argmax(counts, axis=0).astype(np.uint8)

    if labels_ZYX.shape == shape:
        places = [np.searchsorted(values, labels_ZYX[planes]) for planes in _slabs(labels_ZYX)]
        return np.concatenate([place.astype(np.uint8) for place in places])
    return np.stack([counted(block_ZYX) for block_ZYX in _blocks(labels_ZYX, shape[0])])


def grey_cells(volume_ZYX: NDArray[Any], shape: Shape) -> NDArray[np.uint8]:
    """Return each cell's mean grey value, stretched to 0 to 255 between two percentiles."""
    step = max(1, round((volume_ZYX.size / _SAMPLE) ** (1 / 3)))
    sample = np.asarray(volume_ZYX[step // 2 :: step, step // 2 :: step, step // 2 :: step])
    means_ZYX = mean_cells(volume_ZYX, shape)
    shown = limits(sample if sample.size else means_ZYX)
    return np.stack([grey(plane_YX, shown) for plane_YX in means_ZYX])


def own_colours(
    volume_ZYX3: NDArray[Any],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return each cell's place among 256 of the volume's own colours, and those colours.

    Parameters
    ----------
    volume_ZYX3
        Values from 0 to 255.
    """
    whole_ZYX3 = np.ascontiguousarray(np.rint(volume_ZYX3).astype(np.uint8))
    flat_S3 = whole_ZYX3.reshape(-1, 3)
    sample_S3 = flat_S3[:: max(1, len(flat_S3) // _SAMPLE)]
    chosen = Pillow.fromarray(sample_S3[None]).quantize(_COLOURS, dither=Pillow.Dither.NONE)
    palette_P3 = np.array(chosen.getpalette() or [0, 0, 0], np.uint8).reshape(-1, 3)
    planes = [
        np.asarray(Pillow.fromarray(plane).quantize(palette=chosen, dither=Pillow.Dither.NONE))
        for plane in whole_ZYX3
    ]
    return np.stack(planes), palette_P3


def _slabs(volume: NDArray[Any]) -> Iterator[slice]:
    thick = max(1, _SLAB // max(1, int(np.prod(volume.shape[1:]))))
    return (slice(first, first + thick) for first in range(0, len(volume), thick))


def _blocks(volume: NDArray[Any], cells: int) -> Iterator[NDArray[Any]]:
    places = edges(len(volume), cells)
    return (np.asarray(volume[a:b]) for a, b in pairwise(places))


def _block_sums(block: NDArray[np.float32], shape: Shape) -> NDArray[np.float32]:
    rows = edges(block.shape[1], shape[1])[:-1]
    columns = edges(block.shape[2], shape[2])[:-1]
    return np.add.reduceat(np.add.reduceat(block.sum(axis=0), rows, axis=0), columns, axis=1)


def _voxels(block: NDArray[Any], shape: Shape) -> NDArray[Any]:
    heights = np.diff(edges(block.shape[1], shape[1]))
    widths = np.diff(edges(block.shape[2], shape[2]))
    counts = len(block) * np.outer(heights, widths)
    return counts.reshape(*counts.shape, *[1] * (block.ndim - 3))
