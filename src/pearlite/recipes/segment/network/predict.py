"""Answers for a whole image, worked off in tiles of a fixed grid.

Axes: B batch, C channels, S space, that is HW of an image or DHW of a volume; K classes.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CORE = {2: 512, 3: 96}  # side of a tile; all tiles begin at multiples of it


@dataclass(frozen=True)
class Tile:
    """A part of an image, with as much around it as its answer depends on.

    Parameters
    ----------
    core
        Where it lies in the image.
    seen
        Where it lies with its surroundings, as far as the image goes.
    inside
        Where the core lies in what is seen.
    """

    core: tuple[slice, ...]
    seen: tuple[slice, ...]
    inside: tuple[slice, ...]


def tiles(sides: tuple[int, ...], halo: int) -> Iterator[Tile]:
    """Cut an image into tiles of the fixed grid, which begins at its first pixel."""
    core = CORE[len(sides)]
    for corner in itertools.product(*(range(0, side, core) for side in sides)):
        ends = [min(at + core, side) for at, side in zip(corner, sides, strict=True)]
        firsts = [max(0, at - halo) for at in corner]
        lasts = [min(side, end + halo) for end, side in zip(ends, sides, strict=True)]
        yield Tile(
            tuple(slice(at, end) for at, end in zip(corner, ends, strict=True)),
            tuple(slice(at, end) for at, end in zip(firsts, lasts, strict=True)),
            tuple(
                slice(at - first, end - first)
                for at, end, first in zip(corner, ends, firsts, strict=True)
            ),
        )


@torch.inference_mode()
def tile_probabilities(network: nn.Module, x_CS: Tensor, *, symmetries: str, stride: int) -> Tensor:
    """Return the mean answer of a network over the allowed turns of one tile, ``(K, *S)``.

    Parameters
    ----------
    network
        Maps (1, C, *S) to logits (1, K, *S).
    x_CS
        What the network sees.
    symmetries
        Over which to average: ``"all"``, ``"left-right"`` or ``"none"``.
    stride
        Coarsest step of the network: the tile is filled up to multiples of it, so that turned
        tiles fall on the same steps.
    """
    space = x_CS.shape[1:]
    ends = [end for side in reversed(space) for end in (0, -side % stride)]
    x_1CS = F.pad(x_CS[None], ends, mode="replicate")
    total = None
    turns = symmetric(len(space), symmetries)
    for order, mirrored in turns:
        turned = x_1CS.permute(0, 1, *(2 + axis for axis in order)).flip(
            [2 + axis for axis in mirrored]
        )
        layout = torch.channels_last if turned.ndim == 4 else torch.contiguous_format
        answer = network(turned.contiguous(memory_format=layout)).float().softmax(1)
        back = answer.flip([2 + axis for axis in mirrored])
        back = back.permute(0, 1, *(2 + order.index(axis) for axis in range(len(order))))
        total = back if total is None else total + back
    assert total is not None
    return (total / len(turns))[(0, slice(None), *(slice(side) for side in space))]


@cache
def symmetric(dims: int, symmetries: str) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the order of the axes, and which are mirrored then, of every allowed turn."""
    if symmetries == "none":
        return [(tuple(range(dims)), ())]
    if symmetries == "left-right":
        return [(tuple(range(dims)), mirrored) for mirrored in ((), (dims - 1,))]
    orders = list(itertools.permutations(range(dims)))
    mirrors = [
        tuple(axis for axis, flipped in enumerate(flips) if flipped)
        for flips in itertools.product((False, True), repeat=dims)
    ]
    return list(itertools.product(orders if dims == 2 else orders[:1], mirrors))
