"""The two networks of SliceGAN: noise becomes a volume, and slices of it are told from an image.

Kench & Cooper, Generating three-dimensional structures from a two-dimensional slice with generative
adversarial network-based dimensionality expansion, Nature Machine Intelligence 3, 299 (2021; arXiv
2102.07708), in the paper's form: transposed convolutions of kernel 4 and stride 2, from which so
much is cut off that every voxel that is left was made of as many cells of noise as any other (the
rules of uniform information density). All volumes are therefore blocks of one endless volume, and
noise that recurs makes a volume that recurs.

Axes: B batch, C channels, S space (DHW of volumes, HW of images).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.activation import activation
from pearlite.nets.convolution import Convolution, TransposedConvolution
from pearlite.nets.norm import BatchNorm

KERNEL, STRIDE = 4, 2
HALO = 2  # cells of noise beyond those that a block of voxels covers
LEAST_CELLS = 4  # along each axis in training, so that cells overlap as they do in large volumes


class SliceGenerator(nn.Module):
    """Normal noise in cells → channels at every voxel; n cells make (n - 2) · `grain` voxels.

    Parameters
    ----------
    outputs
        Channels that come out.
    widths
        Channels of the noise, then of each hidden layer, the coarsest first. Each of them doubles
        the number of voxels a cell, along every axis.
    end
        What the channels are: ``"softmax"``, shares of phases that add up to 1; ``"tanh"``, values
        between -1 and 1; ``"linear"``, any values.
    dims
        2 for images, 3 for volumes.
    generator
        Draws the initial weights.

    Attributes
    ----------
    grain : int
        Voxels along a cell.

    Raises
    ------
    InputError
        If there is no width, or no such end.
    """

    def __init__(
        self,
        outputs: int,
        *,
        widths: Sequence[int] = (64, 512, 256, 128, 64),
        end: str = "softmax",
        dims: int = 3,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if not widths or min(widths) < 1:
            raise InputError(f"widths={tuple(widths)}: give at least the channels of the noise")
        if end not in ("softmax", "tanh", "linear"):
            raise InputError(f'end={end!r} must be "softmax", "tanh" or "linear"')
        self.outputs, self.widths, self.end, self.dims = outputs, tuple(widths), end, dims
        self.noise, self.grain = self.widths[0], STRIDE ** len(self.widths)
        layers: list[nn.Module] = []
        whole = KERNEL - STRIDE
        for before, after in pairwise(self.widths):
            layers += [_growing(before, after, whole, dims, generator), BatchNorm(after)]
            layers += [activation("relu")]
        layers += [_growing(self.widths[-1], outputs, whole + 1, dims, generator)]
        self.layers = nn.Sequential(*layers)

    def forward(self, noise_BCS: Tensor) -> Tensor:
        """Map noise ``(B, widths[0], *cells)`` to ``(B, outputs, *voxels)``; at least 3 cells."""
        x_BCS = self.layers(noise_BCS)
        if self.end == "softmax":
            return x_BCS.softmax(1)
        return x_BCS.tanh() if self.end == "tanh" else x_BCS


class SliceCritic(nn.Module):
    """An image → one score for each of its fields of view, large for what looks real.

    Parameters
    ----------
    inputs
        Channels of the image.
    widths
        Channels of each hidden layer, the finest first. Each halves the number of pixels along both
        axes.
    generator
        Draws the initial weights.

    Attributes
    ----------
    field : int
        Pixels a side that a score sees, and the smallest image.
    """

    def __init__(
        self,
        inputs: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512),
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.inputs, self.widths = inputs, tuple(widths)
        self.field = KERNEL * STRIDE ** len(self.widths)
        self.layers = nn.ModuleList(
            Convolution(
                before, after, KERNEL, stride=STRIDE, padding=1, bias=False, generator=generator
            )
            for before, after in pairwise((inputs, *self.widths))
        )
        last = (inputs, *self.widths)[-1]
        self.score = Convolution(
            last, 1, KERNEL, stride=STRIDE, padding=0, bias=False, generator=generator
        )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map ``(B, inputs, H, W)`` to ``(B, 1, H', W')``, one score at the smallest size."""
        for layer in self.layers:
            x_BCHW = F.relu(layer(x_BCHW))
        return self.score(x_BCHW)


def _growing(
    inputs: int, outputs: int, padding: int, dims: int, generator: torch.Generator
) -> TransposedConvolution:
    return TransposedConvolution(
        inputs,
        outputs,
        KERNEL,
        stride=STRIDE,
        padding=padding,
        dims=dims,
        bias=False,
        generator=generator,
    )
