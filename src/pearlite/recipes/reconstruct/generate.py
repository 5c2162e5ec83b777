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

TILE = 64  # voxels a side, a multiple of every pyramid's grain
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
        Voxels along z, y and x.
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
    """Write a volume to TIFF, OME-Zarr or .npy as it is made, in bounded memory.

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
    depth, height, width = shape
    colour = material.meaning.kind == "colour"
    size = {} if pixel_size is None else dict.fromkeys("ZYX", float(pixel_size))
    full = (depth, 3, height, width) if colour else (depth, height, width)
    meta = {"rgb": True} if colour else {}
    axes = "ZCYX" if colour else "ZYX"
    rows = _Rows(material, (depth, height, width), seed, periods)
    plane = height * width * np.dtype(material.meaning.dtype).itemsize * (3 if colour else 1)
    with create(path, full, material.meaning.dtype, axes, size, unit, meta) as out:
        ready = spread(_row, rows, dask, "Generating", show=show)
        if plane * TILE > LAYER_BYTES:
            for name, row in ready:
                z, y = rows.place(name)
                row = np.moveaxis(row, -1, 1) if colour else row
                out[z : z + TILE, ..., y : y + TILE, :] = row
        else:
            for z, layer in _layers(ready, rows, (height, width)):
                out[z : z + TILE] = np.moveaxis(layer, -1, 1) if colour else layer


def tile_channels(
    material: Material, tile: Sequence[int], seed: int, periods: Sequence[int | None]
) -> Tensor:
    """Return the network's channels in the tile that begins at a voxel: (C, *S)."""
    network = material.network
    axes = [network.spans(first, first + TILE) for first in tile]
    noise_BCS = []
    for level in range(network.levels):
        starts = [axis[level][0] for axis in axes]
        sides = [axis[level][1] - axis[level][0] for axis in axes]
        cells = [None if period is None else period >> level for period in periods]
        values = normal_noise(derived_seed(seed, level), network.noise, starts, sides, cells)
        noise_BCS.append(fast_layout(torch.from_numpy(values)[None].to(device_of(material))))
    with torch.inference_mode():
        return network(noise_BCS, tile)[0]


def tiles(start: Sequence[int], shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the first voxel of each tile that a block touches."""
    spans = (range(a // TILE * TILE, a + n, TILE) for a, n in zip(start, shape, strict=True))
    return itertools.product(*spans)


def overlap(
    tile: Sequence[int], start: Sequence[int], shape: Sequence[int]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return where a tile lies in a block, and which part of the tile that is."""
    into, out_of = [], []
    for t, a, n in zip(tile, start, shape, strict=True):
        low, high = max(t, a), min(t + TILE, a + n)
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
        shape: tuple[int, int, int],
        seed: int,
        periods: tuple[int | None, ...],
    ) -> None:
        self.shape, self.rest = shape, (material, shape, seed, periods)
        counts = [-(-side // TILE) for side in shape]
        self.names = [f"{z} {y}" for z in range(counts[0]) for y in range(counts[1])]

    def place(self, name: str) -> tuple[int, int]:
        """Return the first voxel along z and y."""
        z, y = (int(part) * TILE for part in name.split())
        return z, y

    def __getitem__(self, name: str) -> tuple:
        return (self.place(name), *self.rest)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _row(
    place: tuple[int, int],
    material: Material,
    shape: tuple[int, int, int],
    seed: int,
    periods: tuple[int | None, ...],
) -> NDArray:
    """Make the tiles of a row and put them together."""
    z, y = place
    sides = (min(TILE, shape[0] - z), min(TILE, shape[1] - y), TILE)
    parts = []
    for x in range(0, shape[2], TILE):
        made = material.valued(tile_channels(material, (z, y, x), seed, periods))
        parts.append(made[: sides[0], : sides[1], : shape[2] - x])
    return np.concatenate(parts, axis=2)


def _layers(
    ready: Iterator[tuple[str, NDArray]], rows: _Rows, plane: tuple[int, int]
) -> Iterator[tuple[int, NDArray]]:
    """Put rows together to layers of whole planes, yield each once it is complete."""
    begun: dict[int, tuple[NDArray, int]] = {}
    for name, row in ready:
        z, y = rows.place(name)
        shape = (len(row), *plane, *row.shape[3:])
        layer, left = begun.pop(z, (np.empty(shape, row.dtype), -(-plane[0] // TILE)))
        layer[:, y : y + TILE] = row
        if left == 1:
            yield z, layer
        else:
            begun[z] = layer, left - 1
