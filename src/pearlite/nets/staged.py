"""What pretrained encoders have in common: stages, each of which makes its map of the one before.

Axes: B batch, C channels, H rows, W columns.
"""

from collections.abc import Sequence
from typing import Protocol, cast

from torch import Tensor, nn


class Sees(Protocol):
    """A part of a stage.

    Attributes
    ----------
    stride : int
        Pixels of its input from one of its output's to the next.
    reach : int
        Pixels of its input that it sees, at most, on each side.
    """

    stride: int
    reach: int


class StagedEncoder(nn.Module):
    """An encoder of a U-Net (see `unet.Encoder`) whose stages follow one another.

    Parameters
    ----------
    architecture
        Its name among those that `pretrained.blank` builds.
    channels, strides
        Of its feature maps, finest first.
    offsets
        Index of the image's row, and column, on which the first pixel of each map is centred.
    stages
        The parts, in their order, that make each map of the one before, the first of the image;
        every part `Sees`.
    """

    def __init__(
        self,
        architecture: str,
        channels: Sequence[int],
        strides: Sequence[int],
        offsets: Sequence[int],
        stages: Sequence[Sequence[nn.Module]],
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.channels, self.strides = tuple(channels), tuple(strides)
        self.offsets = tuple(offsets)
        self.stages = nn.ModuleList(nn.Sequential(*parts) for parts in stages)

    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        """Return the maps of an image ``(B, C, H, W)``, finest first.

        Sides of the image are multiples of the last stride.
        """
        maps = []
        for stage in self.stages:
            x_BCHW = stage(x_BCHW)
            maps.append(x_BCHW)
        return maps

    def stage(self, level: int) -> nn.Sequential:
        """Return what makes the map `level`."""
        return cast(nn.Sequential, self.stages[level])

    def sight(self, level: int) -> tuple[int, int]:
        """Return stride of a stage, and how far it sees, both in pixels of its input."""
        stride, reach = 1, 0
        for part in self.stage(level):
            seeing = cast(Sees, part)
            reach += stride * seeing.reach
            stride *= seeing.stride
        return stride, reach
