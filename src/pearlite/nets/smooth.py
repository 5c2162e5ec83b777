"""A smooth random field, from the noise of a grid of cells; cut at a level it is a maze.

The field is the sum of the cells' noise with Gaussian weights, divided by its standard deviation:
any block of it can be made alone. Lengths are in units of a cell.

Axes: B batch, C channels, S space.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

FARTHEST = 3.5  # cells that count, where the field is not wider
WIDEST = 2.5  # widths that count, where it is


@dataclass(frozen=True)
class SmoothField:
    """A smooth field of variance 1.

    Attributes
    ----------
    level
        Of a `NoisePyramid` whose cells' noise is summed; they are ``2^level`` voxels wide.
    widths
        Standard deviations of the weights, in cells: one an axis of space, or one for all. Below
        0.6 the grid of cells shows.
    """

    level: int
    widths: tuple[float, ...] = (0.8,)
    channels: ClassVar[int] = 1
    seen: ClassVar[float] = 1.0

    @property
    def margin(self) -> int:
        """How many cells around a place count, at most."""
        return math.ceil(max(FARTHEST, WIDEST * max(self.widths)) + 0.5)

    @property
    def slope(self) -> float:
        """How steep the field is along an axis, a cell: root mean square, times √2."""
        return math.sqrt(sum(width**-2 for width in self.widths) / len(self.widths))

    def noise(self, dims: int) -> int:
        """Return how many channels of noise it needs."""
        return 1

    def depths(self, noise_BCS: Tensor, spans: Sequence[tuple[int, int]], fine: int) -> Tensor:
        """Return how deep places lie below the surface on which the field is 0, nearly.

        Parameters
        ----------
        noise_BCS
            Normal noise of the cells, float32; the first channel is used.
        spans
            Along each axis, the first place and the end, counted from the begin of the noise; from
            ``margin fine`` to its end less that.
        fine
            Places along a cell; they lie in the middle of its parts.

        Returns
        -------
        Tensor
            ``(B, 1, *S)`` float32: the field over its `slope`.
        """
        field_BS, widths = noise_BCS[:, 0], along(self.widths, len(spans))
        for axis, ((first, end), width) in enumerate(zip(spans, widths, strict=True)):
            place_N = (torch.arange(first, end, device=noise_BCS.device) + 0.5) / fine
            weights = weights_of(width, place_N, field_BS.shape[1 + axis])
            field_BS = (field_BS.movedim(1 + axis, -1) @ weights.T).movedim(-1, 1 + axis)
        return field_BS[:, None] / self.slope


def along(widths: Sequence[float], axes: int) -> Sequence[float]:
    """Return one width an axis."""
    return widths if len(widths) == axes else list(widths) * axes


def weights_of(width: float, place_N: Tensor, cells: int) -> Tensor:
    """Return the weights of the cells at each place, the sum of whose squares is 1."""
    middle_M = torch.arange(cells, device=place_N.device) + 0.5
    gap_NM = (place_N[:, None] - middle_M).abs()
    outside = math.exp(-0.5 * max(FARTHEST / width, WIDEST) ** 2)
    weight_NM = (-0.5 * (gap_NM / width).square()).exp() - outside
    return torch.nn.functional.normalize(weight_NM.clamp(min=0), dim=1)
