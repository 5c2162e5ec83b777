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
    channels: ClassVar[int] = 2
    margin: ClassVar[int] = 0
    seen: ClassVar[float] = 4.0

    def noise(self, dims: int) -> int:
        """Return how many channels of noise it needs."""
        return dims + 1

    def depths(self, noise_BCS: Tensor, spans: Sequence[tuple[int, int]], fine: int) -> Tensor:
        """Return how deep places lie in the balls.

        Parameters
        ----------
        noise_BCS
            Normal noise of the cells, float32; one channel more than axes of space are used.
        spans
            Along each axis, the first place and the end, counted from the begin of the noise; from
            `fine` to its end less `fine`.
        fine
            Places along a cell; they lie in the middle of its parts.

        Returns
        -------
        Tensor
            ``(B, 2, *S)`` float32: depth below the surface of the ball in which a place lies
            deepest, negative outside; and how much less deep it lies in the next one.
        """
        dims = len(spans)
        around = [torch.arange(a - fine, b + fine, device=noise_BCS.device) for a, b in spans]
        cells = [place // fine for place in around]
        index = (slice(None), slice(None), *torch.meshgrid(cells, indexing="ij"))
        ball_BCS = torch.empty_like(noise_BCS[:, : dims + 1])
        ball_BCS[:, :dims] = 0.5 * (1 + torch.erf(noise_BCS[:, :dims] / math.sqrt(2)))
        ball_BCS[:, dims] = (self.mean + self.spread * noise_BCS[:, dims]).clamp(max=LARGEST)
        ball_BCS = ball_BCS[index]
        for axis, (place, cell) in enumerate(zip(around, cells, strict=True)):
            part = cell - (place + 0.5) / fine
            ball_BCS[:, axis] += part.view(-1, *(dims - axis - 1) * [1])
        deepest_BS = noise_BCS.new_full((len(noise_BCS), *(b - a for a, b in spans)), NOWHERE)
        next_BS = deepest_BS.clone()
        for offset in itertools.product((-1, 0, 1), repeat=dims):
            near_BCS = ball_BCS
            for axis, (step, (first, end)) in enumerate(zip(offset, spans, strict=True)):
                near_BCS = near_BCS.narrow(2 + axis, (1 + step) * fine, end - first)
            squared_BS = torch.zeros_like(deepest_BS)
            for axis, step in enumerate(offset):
                gap_BS = near_BCS[:, axis] + step
                squared_BS.addcmul_(gap_BS, gap_BS)
            depth_BS = near_BCS[:, dims] - squared_BS.sqrt_()
            next_BS = torch.maximum(next_BS, torch.minimum(deepest_BS, depth_BS))
            deepest_BS = torch.maximum(deepest_BS, depth_BS)
        return torch.stack([deepest_BS, deepest_BS - next_BS], dim=1)
