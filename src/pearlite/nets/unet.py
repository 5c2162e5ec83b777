"""U-Net: an image becomes an image of the same size, seen at every scale.

Axes: B batch, C channels, then one to three axes of space, written HW.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.errors import InputError
from pearlite.nets.activation import activation
from pearlite.nets.convolution import Convolution, TransposedConvolution
from pearlite.nets.norm import BatchNorm
from pearlite.nets.pool import MaxPool


class Encoder(Protocol):
    """What a U-Net asks of the network that looks at the image.

    Attributes
    ----------
    channels : tuple of int
        Channels of every feature map, from the finest to the coarsest.
    strides : tuple of int
        Pixels of the image along one side of a pixel of the map; each divides the next.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]

    def __call__(self, x_BCHW: Tensor) -> Sequence[Tensor]:
        """Return the feature maps, from the finest to the coarsest.

        The image's sides are multiples of the last stride.
        """
        ...


class UNet(nn.Module):
    """U-Net (Ronneberger, Fischer & Brox, arXiv 1505.04597; in 3-D Çiçek et al., 1606.06650).

    The encoder describes the image at ever coarser scales. The way back enlarges the coarsest
    features step by step, and joins them at each scale with the encoder's, which still know where
    the edges are. Unlike the first U-Net, it pads its convolutions, so that the result has the
    image's size, and normalises by batch: in evaluation, a pixel depends on its surroundings
    alone, and tiles of an image give what the whole image gives.

    Parameters
    ----------
    channels_in, channels_out
        Channels of the image and of the result.
    width, depth
        Of the encoder `ConvEncoder`: channels at full resolution, and how often it halves the
        image and doubles the channels.
    dims
        Axes of space: 1, 2 or 3.
    encoder
        Looks at the image instead of `ConvEncoder`; see `Encoder`. It brings its own channels,
        width and depth.
    skip
        How encoder and way back are joined: ``"append"`` their channels, or ``"add"`` them.
    fine
        Channels of two more convolutions that look at the image at full resolution, where
        `encoder` does not; 0 for none.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If `skip` is neither, the encoder's channels and strides do not fit together, or `fine` is
        given and the encoder looks at full resolution itself.
    """

    def __init__(
        self,
        channels_in: int = 1,
        channels_out: int = 1,
        *,
        width: int = 32,
        depth: int = 4,
        dims: int = 2,
        encoder: Encoder | None = None,
        skip: str = "append",
        fine: int = 0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if skip not in ("append", "add"):
            raise InputError(f'skip={skip!r} must be "append" or "add"')
        if encoder is None:
            encoder = ConvEncoder(
                channels_in, width=width, depth=depth, dims=dims, generator=generator
            )
        self.encoder = encoder
        check_scales(encoder.channels, encoder.strides)
        levels = list(zip(encoder.channels, encoder.strides, strict=True))
        self.fine = None
        if fine:
            check_fine(encoder.strides)
            self.fine = two_convolutions(channels_in, fine, dims, generator)
            levels.insert(0, (fine, 1))
        self.way_back = nn.ModuleList(
            Step(coarse, shallow, stride // finer, dims, skip, generator)
            for (shallow, finer), (coarse, stride) in reversed(list(pairwise(levels)))
        )
        finest, stride = levels[0]
        self.head: nn.Module = Convolution(finest, channels_out, 1, dims=dims, generator=generator)
        if stride > 1:
            enlarge = TransposedConvolution(
                finest, finest, stride, stride=stride, dims=dims, generator=generator
            )
            self.head = nn.Sequential(enlarge, self.head)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map ``(B, channels_in, *space)`` to ``(B, channels_out, *space)``, any size."""
        space = x_BCHW.shape[2:]
        missing = [-length % self.encoder.strides[-1] for length in space]
        if any(missing):
            ends = [end for length in reversed(missing) for end in (0, length)]
            x_BCHW = F.pad(x_BCHW, ends, mode="replicate")
        *finer, y_BCHW = self.encoder(x_BCHW)
        if self.fine is not None:
            finer.insert(0, self.fine(x_BCHW))
        for step, fine_BCHW in zip(self.way_back, reversed(finer), strict=True):
            y_BCHW = step(y_BCHW, fine_BCHW)
        y_BCHW = self.head(y_BCHW)
        return y_BCHW[(..., *(slice(length) for length in space))]


class ConvEncoder(nn.Module):
    """The encoder of the first U-Net: pairs of 3x3 convolutions, each pair at half the resolution.

    Parameters
    ----------
    channels_in
        Channels of the image.
    width
        Channels at full resolution; they double when the resolution is halved.
    depth
        How often the resolution is halved.
    dims
        Axes of space: 1, 2 or 3.
    generator
        Draws the initial weights.
    """

    def __init__(
        self,
        channels_in: int = 1,
        *,
        width: int = 32,
        depth: int = 4,
        dims: int = 2,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.channels = tuple(width * 2**level for level in range(depth + 1))
        self.strides = tuple(2**level for level in range(depth + 1))
        self.stages = nn.ModuleList(
            two_convolutions(inputs, outputs, dims, generator)
            for inputs, outputs in pairwise((channels_in, *self.channels))
        )
        self.halve = MaxPool(2, dims=dims)

    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        """Return ``depth + 1`` feature maps of ``(B, channels_in, *space)``, finest first."""
        first, *others = self.stages
        maps = [first(x_BCHW)]
        for stage in others:
            maps.append(stage(self.halve(maps[-1])))
        return maps


class Step(nn.Module):
    """One step back: enlarge the coarse features, join the fine ones, look at both."""

    def __init__(
        self, coarse: int, fine: int, factor: int, dims: int, skip: str, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.skip = skip
        self.enlarge = TransposedConvolution(
            coarse, fine, factor, stride=factor, dims=dims, generator=generator
        )
        joined = 2 * fine if skip == "append" else fine
        self.stage = two_convolutions(joined, fine, dims, generator)

    def forward(self, coarse_BCHW: Tensor, fine_BCHW: Tensor) -> Tensor:
        """Return features as fine as `fine_BCHW`, and with as many channels."""
        enlarged_BCHW = self.enlarge(coarse_BCHW)
        if self.skip == "append":
            return self.stage(torch.cat([fine_BCHW, enlarged_BCHW], 1))
        return self.stage(fine_BCHW + enlarged_BCHW)


def two_convolutions(
    inputs: int, outputs: int, dims: int, generator: torch.Generator
) -> nn.Sequential:
    """Two 3x3 convolutions, each normalised by batch and rectified."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            Convolution(channels, outputs, bias=False, dims=dims, generator=generator),
            BatchNorm(outputs),
            activation("relu"),
        ]
    return nn.Sequential(*layers)


def check_scales(channels: Sequence[int], strides: Sequence[int]) -> None:
    """Raise InputError unless there is a stride for every map, and each divides the next."""
    fits = len(channels) == len(strides) > 0
    if not fits or any(coarse % fine for fine, coarse in pairwise(strides)):
        raise InputError(
            f"the encoder has channels={tuple(channels)} and strides={tuple(strides)}; a U-Net "
            "needs one of each for every feature map, finest first, each stride a multiple of "
            "the one before"
        )


def check_fine(strides: Sequence[int]) -> None:
    """Raise InputError if an encoder looks at the image at full resolution."""
    if strides[0] == 1:
        raise InputError(
            f"fine is for encoders without full resolution; this one has strides={tuple(strides)}: "
            "leave it out"
        )
