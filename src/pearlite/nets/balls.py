"""Balls at random places, from the noise of a grid of cells.

Each cell has one ball, whose place in the cell and radius are functions of the cell's noise, so
that any block of an endless pack of balls can be made alone: cellular noise (Worley, A Cellular
Texture Basis Function, SIGGRAPH 1996) with radii. Lengths are in units of a cell.

Axes: B batch, C channels, S space.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

LARGEST = 1.0  # radius: no ball reaches further than into the next cell but one
NOWHERE = -2.0  # depth where no ball is near


@dataclass(frozen=True)
class Balls:
    """A pack of balls.

    Attributes
    ----------
    level
        Of a `NoisePyramid` whose cells have one each; they are ``2^level`` voxels wide.
    mean, spread
        Of the radii before they are cut at `LARGEST`; where they are negative there is no ball.
    """

    level: int
    mean: float = 0.3
    spread: float = 0.5


def depths(balls: Balls, noise_BCS: Tensor, places: Sequence[Tensor]) -> Tensor:
    """Return how deep places lie in the balls.

    Parameters
    ----------
    balls
        Their radii.
    noise_BCS
        Normal noise of the cells, float32; one channel more than axes of space are used.
    places
        Along each axis, in cells from the begin of the noise; from 1 to its end less 1.

    Returns
    -------
    Tensor
        ``(B, 2, *S)`` float32: depth below the surface of the ball in which a place lies deepest,
        negative outside; and how much less deep it lies in the next one.
    """
    dims = len(places)
    within_BCS = 0.5 * (1 + torch.erf(noise_BCS[:, :dims] / math.sqrt(2)))
    radius_BS = (balls.mean + balls.spread * noise_BCS[:, dims]).clamp(max=LARGEST)
    cells = [place.long() for place in places]
    shape = (len(noise_BCS), *(len(place) for place in places))
    deepest_BS = noise_BCS.new_full(shape, NOWHERE)
    next_BS = deepest_BS.clone()
    for offset in itertools.product((-1, 0, 1), repeat=dims):
        near = [cell + step for cell, step in zip(cells, offset, strict=True)]
        index = (slice(None), *torch.meshgrid(near, indexing="ij"))
        squared_BS = torch.zeros(())
        for axis, (cell, place) in enumerate(zip(near, places, strict=True)):
            gap = (cell - place).view(-1, *(dims - axis - 1) * [1])
            squared_BS = squared_BS + (within_BCS[:, axis][index] + gap).square()
        depth_BS = radius_BS[index] - squared_BS.sqrt()
        next_BS = torch.maximum(next_BS, torch.minimum(deepest_BS, depth_BS))
        deepest_BS = torch.maximum(deepest_BS, depth_BS)
    return torch.stack([deepest_BS, deepest_BS - next_BS], dim=1)
