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
from typing import ClassVar

import torch
from torch import Tensor

Span = tuple[int, int]

LARGEST = 1.0  # radius: no ball reaches further than into the next cell but one


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
    channels: ClassVar[int] = 2
    margin: ClassVar[int] = 0
    seen: ClassVar[float] = 4.0

    def noise(self, dims: int) -> int:
        """Return how many channels of noise it needs."""
        return dims + 1

    def depths(self, noise_BCS: Tensor, spans: Sequence[Span], fine: int) -> Tensor:
        """Return how deep places lie in the balls.

        Of the balls around, the two count in which the middle of eight places lies deepest.

        Parameters
        ----------
        noise_BCS
            Normal noise of the cells, float32; one channel more than axes of space are used.
        spans
            Along each axis, the first place and the end, counted from the begin of the noise; from
            `fine` to its end less `fine`.
        fine
            Places along a cell, an even number; they lie in the middle of its parts.

        Returns
        -------
        Tensor
            ``(B, 2, *S)`` float32: depth below the surface of the ball in which a place lies
            deepest, negative outside; and how much less deep it lies in the next one.
        """
        dims = len(spans)
        cells = noise_BCS.shape[2:]
        within_BCS = 0.5 * (1 + torch.erf(noise_BCS[:, :dims] / math.sqrt(2)))
        radius_B1S = (self.mean + self.spread * noise_BCS[:, dims : dims + 1]).clamp(max=LARGEST)
        grid = [torch.arange(side, device=noise_BCS.device) for side in cells]
        middle_BCS = within_BCS + torch.stack(torch.meshgrid(grid, indexing="ij"))
        ball_BCS = torch.cat([middle_BCS, radius_B1S], dim=1)
        coarse = [(first // 2, -(-end // 2)) for first, end in spans]
        found = []
        for index_BS in deepest_two(ball_BCS, coarse, fine // 2):
            index_BCS = index_BS.flatten(1)[:, None].expand(-1, dims + 1, -1)
            near_BCS = ball_BCS.flatten(2).gather(2, index_BCS)
            near_BCS = near_BCS.unflatten(2, index_BS.shape[1:])
            for axis, ((first, end), (begun, _)) in enumerate(zip(spans, coarse, strict=True)):
                near_BCS = near_BCS.repeat_interleave(2, 2 + axis)
                near_BCS = near_BCS.narrow(2 + axis, first - 2 * begun, end - first)
            found.append(depth(near_BCS, spans, fine))
        return torch.stack([torch.maximum(*found), (found[0] - found[1]).abs()], dim=1)


def deepest_two(ball_BCS: Tensor, spans: Sequence[Span], fine: int) -> tuple[Tensor, Tensor]:
    """Return the cells of the two balls in which places lie deepest, as numbers: (B, *S) each."""
    dims = len(spans)
    near, number_S = [], torch.zeros((), dtype=torch.int64, device=ball_BCS.device)
    for axis, (first, end) in enumerate(spans):
        near.append(torch.arange(first, end, device=ball_BCS.device) // fine)
        number_S = number_S[..., None] * ball_BCS.shape[2 + axis] + near[-1]
    shape = (len(ball_BCS), *number_S.shape)
    deepest_BS, next_BS = (ball_BCS.new_full(shape, -math.inf) for _ in range(2))
    first_BS, second_BS = (number_S.expand(shape) for _ in range(2))
    for offset in itertools.product((-1, 0, 1), repeat=dims):
        index = torch.meshgrid(
            [c + step for c, step in zip(near, offset, strict=True)], indexing="ij"
        )
        depth_BS = depth(ball_BCS[(slice(None), slice(None), *index)], spans, fine)
        stride, farther = 1, 0
        for axis in reversed(range(dims)):
            farther += stride * offset[axis]
            stride *= ball_BCS.shape[2 + axis]
        here_S = number_S + farther
        second_BS = torch.where(depth_BS > next_BS, here_S, second_BS)
        next_BS = torch.maximum(next_BS, depth_BS)
        deeper_BS = next_BS > deepest_BS
        first_BS, second_BS = (
            torch.where(deeper_BS, second_BS, first_BS),
            torch.where(deeper_BS, first_BS, second_BS),
        )
        deepest_BS, next_BS = (
            torch.maximum(deepest_BS, next_BS),
            torch.minimum(deepest_BS, next_BS),
        )
    return first_BS, second_BS


def depth(ball_BCS: Tensor, spans: Sequence[Span], fine: int) -> Tensor:
    """Return how deep each place lies in a ball of its own, middle and radius: (B, *S)."""
    squared_BS = torch.zeros_like(ball_BCS[:, 0])
    for axis, (first, end) in enumerate(spans):
        place = (torch.arange(first, end, device=ball_BCS.device) + 0.5) / fine
        gap_BS = ball_BCS[:, axis] - place.view(-1, *(len(spans) - axis - 1) * [1])
        squared_BS.addcmul_(gap_BS, gap_BS)
    return ball_BCS[:, -1] - squared_BS.sqrt_()
