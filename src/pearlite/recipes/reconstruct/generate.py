"""Volumes of any shape from a learned material, tile by tile.

The endless volume of a seed is cut into tiles at fixed places. A tile is always computed whole,
from the noise of its own cells, in arrays of always the same shapes; a block is put together from
the tiles that it touches. So it does not matter how a volume is asked for, and memory does not
grow with it.

Axes: C channels, S space (ZYX, or YX of a material in the plane).
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.data.write import create
from pearlite.errors import InputError
from pearlite.nets.noise import normal_noise
from pearlite.nets.pyramid import fast_layout
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.spread import spread
from pearlite.seeds import derived_seed

TILES = {2: 256, 3: 64}  # pixels, voxels a side by dimension, a multiple of every pyramid's grain
LONGEST = 50_000  # voxels along an axis
MOST = 2**40  # voxels of a volume: a terabyte
LAYER_BYTES = 2**28  # of a layer of tiles that is put together before it is written


def generate(
    material: Material,
    shape: Sequence[int],
    *,
    seed: int = 0,
    start: Sequence[int] | None = None,
    periodic: bool | Sequence[bool] = False,
) -> NDArray:
    """Make a block of the endless volume of a seed, in memory.

    Parameters
    ----------
    material
        What was learned.
    shape
        Voxels along z, y and x; of a texture, pixels along y and x.
    seed
        Which volume.
    start
        First voxel of the block; the origin unless given.
    periodic
        Whether the volume, here the block, fits to itself at opposite faces; of all axes or each.

    Returns
    -------
    array
        ``shape``, in colour ``(*shape, 3)``, in the type and with the values of the images.

    Raises
    ------
    InputError
        If the shape is no shape, or a periodic side is no multiple of the coarsest cell.
    """
    periods = check_shape(material, shape, periodic)
    first = (0,) * len(shape) if start is None else tuple(start)
    channels = (3,) if material.meaning.kind == "colour" else ()
    block = np.empty((*shape, *channels), material.meaning.dtype)
    for tile in tiles(first, shape):
        made = material.valued(tile_channels(material, tile, seed, periods))
        into, out_of = overlap(tile, first, shape)
        block[into] = made[out_of]
    return block


def generate_file(
    material: Material,
    path: str | Path,
    shape: Sequence[int],
    *,
    seed: int = 0,
    periodic: bool | Sequence[bool] = False,
    pixel_size: float | None = None,
    unit: str = "",
    dask: str | None = None,
    show: bool = False,
) -> None:
    """Write a volume or texture to TIFF, OME-Zarr or .npy as it is made, in bounded memory.

    Parameters
    ----------
    material, shape, seed, periodic
        As in `generate`.
    path
        Its suffix names the format.
    pixel_size, unit
        Of the images: a voxel is a cube.
    dask
        Address of a Dask scheduler on whose workers the tiles are made; None makes them here.
    show
        Whether to draw a progress bar.

    Raises
    ------
    InputError
        As `generate` and `pearlite.data.write.create` do.
    """
    periods = check_shape(material, shape, periodic)
    *_, height, width = shape
    colour, flat = material.meaning.kind == "colour", len(shape) == 2
    side = TILES[len(shape)]
    size = {} if pixel_size is None else dict.fromkeys("YX" if flat else "ZYX", float(pixel_size))
    full = (*shape[:-2], 3, height, width) if colour else tuple(shape)
    meta = {"rgb": True} if colour else {}
    axes = ("" if flat else "Z") + ("C" if colour else "") + "YX"
    rows = _Rows(material, shape, seed, periods)
    plane = height * width * np.dtype(material.meaning.dtype).itemsize * (3 if colour else 1)
    with create(path, full, material.meaning.dtype, axes, size, unit, meta) as out:
        ready = spread(_row, rows, dask, "Generating", show=show)
        if flat or plane * side > LAYER_BYTES:
            for name, row in ready:
                *z, y = (slice(first, first + side) for first in rows.place(name))
                out[(*z, ..., y, slice(None))] = np.moveaxis(row, -1, -3) if colour else row
        else:
            for z, layer in _layers(ready, rows, (height, width)):
                out[z : z + side] = np.moveaxis(layer, -1, 1) if colour else layer


def tile_channels(
    material: Material, tile: Sequence[int], seed: int, periods: Sequence[int | None]
) -> Tensor:
    """Return the network's channels in the tile that begins at a voxel: (C, *S)."""
    network = material.network
    axes = [network.spans(first, first + TILES[network.dims]) for first in tile]
    noise_BCS = []
    for level in range(network.levels):
        starts = [axis[level][0] for axis in axes]
        sides = [axis[level][1] - axis[level][0] for axis in axes]
        cells = [None if period is None else period >> level for period in periods]
        values = normal_noise(derived_seed(seed, level), network.noise, starts, sides, cells)
        noise_BCS.append(fast_layout(torch.from_numpy(values)[None].to(device_of(material))))
    if material.low is not None:
        noise_BCS = material.low.beside(noise_BCS, axes)
    with torch.inference_mode():
        return network(noise_BCS, tile)[0]


def tiles(start: Sequence[int], shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the first voxel of each tile that a block touches."""
    side = TILES[len(shape)]
    spans = (range(a // side * side, a + n, side) for a, n in zip(start, shape, strict=True))
    return itertools.product(*spans)


def overlap(
    tile: Sequence[int], start: Sequence[int], shape: Sequence[int]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return where a tile lies in a block, and which part of the tile that is."""
    into, out_of, side = [], [], TILES[len(shape)]
    for t, a, n in zip(tile, start, shape, strict=True):
        low, high = max(t, a), min(t + side, a + n)
        into.append(slice(low - a, high - a))
        out_of.append(slice(low - t, high - t))
    return tuple(into), tuple(out_of)


def check_shape(
    material: Material, shape: Sequence[int], periodic: bool | Sequence[bool] = False
) -> tuple[int | None, ...]:
    """Return each axis's period, None where it has none; `InputError` if the shape is no shape."""
    dims, grain = material.network.dims, material.network.grain
    if len(shape) != dims:
        raise InputError(f"shape {tuple(shape)} has {len(shape)} axes; expected {dims}")
    wrapped = (periodic,) * dims if isinstance(periodic, bool) else tuple(periodic)
    check_sides(shape)
    if len(wrapped) != dims:
        raise InputError(f"periodic={periodic} must be yes or no, or that for each of {dims} axes")
    for side, wrap in zip(shape, wrapped, strict=True):
        if wrap and side % grain:
            near = max(1, round(side / grain)) * grain
            raise InputError(
                f"a periodic side of {side} voxels is no multiple of {grain}, the coarsest cell of "
                f"this material; take {near}"
            )
    return tuple(side if wrap else None for side, wrap in zip(shape, wrapped, strict=True))


def check_sides(shape: Sequence[int]) -> None:
    """Raise `InputError` if a volume has nothing in it or more than can be made."""
    if min(shape) < 1:
        raise InputError(f"a volume of shape {tuple(shape)} has nothing in it; give positive sides")
    if max(shape) > LONGEST or int(np.prod(shape, dtype=object)) > MOST:
        raise InputError(
            f"a volume of shape {tuple(shape)} is too large: at most {LONGEST:,} voxels along a "
            f"side and {MOST:,} in all; generate blocks of it with start="
        )


def device_of(material: Material) -> torch.device:
    """Return where the material's network is."""
    return next(material.network.parameters()).device


class _Rows(Mapping):
    """Rows of tiles along x by name, with the arguments of `_row`."""

    def __init__(
        self,
        material: Material,
        shape: Sequence[int],
        seed: int,
        periods: tuple[int | None, ...],
    ) -> None:
        self.side, self.rest = TILES[len(shape)], (material, tuple(shape), seed, periods)
        counts = (range(-(-length // self.side)) for length in shape[:-1])
        self.names = [" ".join(map(str, number)) for number in itertools.product(*counts)]

    def place(self, name: str) -> tuple[int, ...]:
        """Return the first voxel along z and y, of a texture along y."""
        return tuple(int(part) * self.side for part in name.split())

    def __getitem__(self, name: str) -> tuple:
        return (self.place(name), *self.rest)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _row(
    place: tuple[int, ...],
    material: Material,
    shape: tuple[int, ...],
    seed: int,
    periods: tuple[int | None, ...],
) -> NDArray:
    """Make the tiles of a row and put them together."""
    parts = []
    for x in range(0, shape[-1], TILES[len(shape)]):
        tile = (*place, x)
        made = material.valued(tile_channels(material, tile, seed, periods))
        parts.append(made[overlap(tile, (0,) * len(shape), shape)[1]])
    return np.concatenate(parts, axis=len(place))


def _layers(
    ready: Iterator[tuple[str, NDArray]], rows: _Rows, plane: tuple[int, int]
) -> Iterator[tuple[int, NDArray]]:
    """Put rows together to layers of whole planes, yield each once it is complete."""
    begun: dict[int, tuple[NDArray, int]] = {}
    for name, row in ready:
        z, y = rows.place(name)
        shape = (len(row), *plane, *row.shape[3:])
        layer, left = begun.pop(z, (np.empty(shape, row.dtype), -(-plane[0] // rows.side)))
        layer[:, y : y + rows.side] = row
        if left == 1:
            yield z, layer
        else:
            begun[z] = layer, left - 1
