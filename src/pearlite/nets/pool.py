"""Make an image smaller by keeping one value of each block.

Axes: B batch, C channels, ``*space`` one to three axes of places.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError

LARGEST = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
MEAN = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class _Pool(nn.Module):
    """Cuts space into blocks of `size` places along each axis; a rest is left out."""

    def __init__(self, size: int, dims: int = 2) -> None:
        super().__init__()
        if dims not in MEAN:
            raise InputError(f"dims is {dims}: take 1 for signals, 2 for images, 3 for volumes")
        self.size, self.dims = size, dims

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return f"{self.size}, dims={self.dims}"


class MaxPool(_Pool):
    """The largest value of each block.

    Parameters
    ----------
    size
        Places of a block along each axis.
    dims
        1 for signals, 2 for images, 3 for volumes; others raise `InputError`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, *space)`` to ``(B, C, *space')``, each size divided by `size`, floored."""
        return LARGEST[self.dims](x, self.size)


class MeanPool(_Pool):
    """The mean of each block; parameters as of `MaxPool`."""

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, *space)`` to ``(B, C, *space')``, each size divided by `size`, floored."""
        return MEAN[self.dims](x, self.size)


class GlobalMeanPool(nn.Module):
    """The mean of each channel over all places, so that any image size gives as many numbers.

    Lin, Chen and Yan, Network in Network, ICLR 2014.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, *space)`` to ``(B, C)``."""
        return x.flatten(2).mean(2)
