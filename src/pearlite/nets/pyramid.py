"""A generator of endless material: noise at every scale, from coarse to fine, through convolutions.

Level l has one cell for 2^l voxels along each axis. A level takes what the coarser one has made,
doubles it by repetition, adds channels of noise of its own, and convolves twice. All convolutions
are without padding, so a voxel depends on the noise around it in the same way wherever it lies: the
texture has no border, and any block of an endless volume can be made alone (Gutierrez et al.,
On Demand Solid Texture Synthesis Using Deep 3D Networks, Computer Graphics Forum 2020). Weights
are normalised instead of activations (Salimans & Kingma, arXiv 1602.07868): statistics of a batch
would hide from the loss how much one block differs from another.

Axes: B batch, C channels, S space (HW of images, DHW of volumes). A *span* is a pair (first cell,
end) along one axis; a cell of level l is voxel ``first * 2^l`` and those after it.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.balls import Balls, Span
from pearlite.nets.convolution import CONVOLVE
from pearlite.nets.smooth import SmoothField

Pattern = Balls | SmoothField

REACH = 2  # cells that the two convolutions of a level take off at each side
SLOPE = 0.2  # of the rectifiers where the input is negative
SEEN = 1  # level at which the convolutions see the patterns
QUIET = 0.1  # how much the convolutions add at the start where patterns say what is where
STEEP = 2.0  # how much the last pattern adds to its channel a voxel of depth, at the start


class NoisePyramid(nn.Module):
    """Normal noise at each level → channels at every voxel.

    Parameters
    ----------
    outputs
        Channels that come out: logits of phases, or values.
    widths
        Channels of each level, the finest first.
    noise
        Channels of noise of each level.
    dims
        2 for images, 3 for volumes.
    condition
        Level at which something comes in beside the noise, and in how many channels.
    patterns
        To begin with: what comes out is these and what the convolutions change of them, once
        `begin_inside` has told which channels are inside. Each has a level of its own.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there is no such level for the condition or a pattern, or too little noise for it.
    """

    def __init__(
        self,
        outputs: int,
        *,
        widths: Sequence[int] = (16, 32, 32, 32),
        noise: int = 4,
        dims: int = 3,
        condition: tuple[int, int] | None = None,
        patterns: Sequence[Pattern] = (),
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.outputs, self.widths, self.noise, self.dims = outputs, tuple(widths), noise, dims
        self.condition, self.patterns = condition, tuple(patterns)
        if condition is not None and condition[0] >= self.levels:
            raise InputError(
                f"a condition at level {condition[0]} needs {condition[0] + 1} levels; the "
                f"widths {self.widths} are those of {self.levels}"
            )
        for pattern in patterns:
            if not (SEEN <= pattern.level < self.levels and noise >= pattern.noise(dims)):
                raise InputError(
                    f"a pattern of level {pattern.level} from {noise} channels of noise: it needs "
                    f"a level from {SEEN} to {self.levels - 1} and {pattern.noise(dims)} channels"
                )
        if len({pattern.level for pattern in patterns}) < len(patterns):
            raise InputError("two patterns of one level would be made of the same noise")

        def convolution(inputs: int, outputs: int, kernel: int, gain: float) -> NormalisedWeights:
            return NormalisedWeights(
                inputs, outputs, kernel, gain=gain, dims=dims, generator=generator
            )

        rectified = math.sqrt(2 / (1 + SLOPE**2))
        self.first, self.second, self.narrow = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(self.widths):
            inputs = noise if level == self.levels - 1 else width
            if condition is not None and level == condition[0]:
                inputs += condition[1]
            if level == SEEN:
                inputs += sum(pattern.channels for pattern in patterns)
            self.first.append(convolution(inputs, width, 3, rectified))
            self.second.append(convolution(width, width, 3, rectified))
            after = self.widths[level - 1] - noise if level else outputs
            self.narrow.append(convolution(width, after, 1, 1.0))
        self.inside = nn.Parameter(torch.zeros(len(patterns), outputs)) if patterns else None

    @property
    def levels(self) -> int:
        """Number of levels."""
        return len(self.widths)

    @property
    def grain(self) -> int:
        """Voxels along a cell of the coarsest level: after so many the grid of cells recurs."""
        return 2 ** (self.levels - 1)

    @property
    def margins(self) -> dict[int, int]:
        """How many cells of noise more than the convolutions the patterns take, by level."""
        return {pattern.level: pattern.margin for pattern in self.patterns}

    def spans(self, first: int, end: int) -> list[Span]:
        """Return the cells of each level, finest first, whose noise the voxels of a span need."""
        spans = self.convolved(first, end)
        for level, margin in self.margins.items():
            first, end = spans[level]
            spans[level] = first - margin, end + margin
        return spans

    def convolved(self, first: int, end: int) -> list[Span]:
        """Return the cells of each level that the convolutions for the voxels of a span take."""
        spans = []
        for level in range(self.levels):
            if level:
                first, end = first // 2, -(-end // 2)
            first, end = first - REACH, end + REACH
            spans.append((first, end))
        return spans

    def noise_shapes(self, starts: Sequence[int], sides: Sequence[int]) -> list[tuple[int, ...]]:
        """Return the spatial shape of each level's noise, finest first, for a block of voxels."""
        axes = [self.spans(a, a + n) for a, n in zip(starts, sides, strict=True)]
        return [
            tuple(axis[level][1] - axis[level][0] for axis in axes) for level in range(self.levels)
        ]

    def forward(self, noise_BCS: Sequence[Tensor], starts: Sequence[int]) -> Tensor:
        """Map each level's noise, finest first, to ``(B, outputs, *S)``.

        Parameters
        ----------
        noise_BCS
            Of `noise_shapes` for this block, with `noise` channels; at the level of the
            `condition` with its channels behind them.
        starts
            First voxel of the block along each axis; only what is left of it after division by
            `grain` matters.
        """
        sides = [side - 2 * REACH for side in noise_BCS[0].shape[2:]]
        spans = [self.convolved(a, a + n) for a, n in zip(starts, sides, strict=True)]
        x_BCS = self.beside(noise_BCS, self.levels - 1)
        for level in reversed(range(self.levels)):
            if level < self.levels - 1:
                x_BCS = torch.cat([x_BCS, self.beside(noise_BCS, level)], dim=1)
            if level == SEEN:
                places = [axis[SEEN] for axis in spans]
                for pattern in self.patterns:
                    depth_BCS = self.depths(pattern, noise_BCS, spans, places, SEEN)
                    x_BCS = torch.cat([x_BCS, pattern.seen * depth_BCS], dim=1)
            x_BCS = F.leaky_relu(self.first[level](x_BCS), SLOPE)
            x_BCS = even_length(F.leaky_relu(self.second[level](x_BCS), SLOPE))
            x_BCS = self.narrow[level](x_BCS)
            if level:
                x_BCS = F.interpolate(x_BCS, scale_factor=2.0, mode="nearest")
                for axis, span in enumerate(spans):
                    finer = span[level - 1]
                    begun = 2 * (span[level][0] + REACH)
                    x_BCS = x_BCS.narrow(2 + axis, finer[0] - begun, finer[1] - finer[0])
        places = [(a, a + n) for a, n in zip(starts, sides, strict=True)]
        for number, pattern in enumerate(self.patterns):
            assert self.inside is not None
            depth_BCS = self.depths(pattern, noise_BCS, spans, places, 0)
            gain = 2**pattern.level * self.inside[number].view(-1, *self.dims * [1])
            x_BCS = x_BCS + gain * depth_BCS[:, :1]
        return x_BCS

    @torch.no_grad()
    def begin_inside(self, channels: Sequence[int], least: Sequence[float]) -> None:
        """Let channels prevail where a place lies at least so deep, in voxels, in their pattern.

        Where a place lies in several patterns, it is nearly always the first that counts.
        """
        if self.inside is None or not len(self.patterns) == len(channels) == len(least):
            raise InputError(f"the network has {len(self.patterns)} patterns, one a channel")
        bias = self.narrow[0].get_parameter("bias")
        steep = STEEP
        for number in reversed(range(len(channels))):
            self.inside[number, channels[number]] = steep
            bias[channels[number]] -= steep * least[number]
            steep *= 2
        length = self.narrow[0].get_parameter("length")
        length[slice(None) if self.outputs == 2 else channels[0]] *= QUIET

    def beside(self, noise_BCS: Sequence[Tensor], level: int) -> Tensor:
        """Return the noise that the convolutions of a level take, without a pattern's margin."""
        x_BCS, margin = noise_BCS[level], self.margins.get(level, 0)
        for axis in range(self.dims):
            x_BCS = x_BCS.narrow(2 + axis, margin, x_BCS.shape[2 + axis] - 2 * margin)
        return x_BCS

    @torch.no_grad()
    def depths(
        self,
        pattern: Pattern,
        noise_BCS: Sequence[Tensor],
        spans: Sequence[Sequence[Span]],
        places: Sequence[Span],
        level: int,
    ) -> Tensor:
        """Return how deep cells of a level lie in the pattern: (B, its channels, *S)."""
        fine, moved = 2 ** (pattern.level - level), []
        for span, (first, end) in zip(spans, places, strict=True):
            begun = fine * (span[pattern.level][0] - pattern.margin)
            moved.append((first - begun, end - begun))
        return pattern.depths(noise_BCS[pattern.level].float(), moved, fine)


def even_length(x_BCS: Tensor) -> Tensor:
    """Divide the channels of each place by their root mean square (Karras et al., 1710.10196)."""
    return x_BCS * torch.rsqrt(x_BCS.square().mean(dim=1, keepdim=True) + 1e-6)


def fast_layout(x: Tensor) -> Tensor:
    """Return a batch of images or volumes with the channels last in memory.

    On one core of a Xeon with AVX-512, convolutions of volumes with 16 to 36 channels are 1.2 to 2
    times as fast so.
    """
    layouts: Any = {4: torch.channels_last, 5: torch.channels_last_3d}
    return x.contiguous(memory_format=layouts[x.ndim]) if x.ndim in layouts else x


class NormalisedWeights(nn.Module):
    """A convolution without padding whose weights have, for each output, a length of their own.

    Parameters
    ----------
    inputs, outputs
        Channels before and after.
    kernel
        Places along each axis that one output value sees.
    gain
        Length of each output's weights at the start: values of variance 1 come out with `gain`².
    dims
        1 to 3 axes of space.
    generator
        Draws the initial weights.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        gain: float,
        dims: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.dims = dims
        weight = torch.randn(outputs, inputs, *dims * [kernel], generator=generator)
        self.weight = nn.Parameter(weight / math.sqrt(weight[0].numel()))
        self.length = nn.Parameter(torch.full((outputs,), gain))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, inputs, *S)`` to ``(B, outputs, *S')``, each side shorter by kernel - 1."""
        rows = self.weight.flatten(1)
        rows = rows - rows.mean(dim=1, keepdim=True)
        rows = rows * (self.length / rows.norm(dim=1))[:, None]
        if self.weight[0, 0].numel() == 1:  # torch's kernel for this case is several times slower
            return F.linear(x.movedim(1, -1), rows, self.bias).movedim(-1, 1)
        return CONVOLVE[self.dims](x, rows.view_as(self.weight), self.bias)
