"""A plain stack of convolutions that keeps the size of the image.

Axes: B batch, C channels, H rows, W columns.
"""

import torch
from torch import Tensor, nn

from pearlite.nets.convolution import Convolution


class CNN(nn.Module):
    """Convolutions, each followed by a rectifier, then a linear 1x1 head.

    The defaults are the network of Noise2Fast (Lequyer et al., Nature Machine Intelligence 2022):
    four pairs of 3x3 convolutions of 64 channels. A pixel of the output sees ``2*depth + 1`` rows
    and columns of the input.

    Parameters
    ----------
    channels_in, channels_out
        Channels of the input and of the output.
    width
        Channels in between.
    depth
        Number of 3x3 convolutions.
    generator
        Draws the initial weights.
    """

    def __init__(
        self,
        channels_in: int = 1,
        channels_out: int = 1,
        *,
        width: int = 64,
        depth: int = 8,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in [channels_in] + [width] * (depth - 1):
            layers += [Convolution(inputs, width, generator=generator), nn.ReLU(inplace=True)]
        layers += [Convolution(width, channels_out, 1, generator=generator)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map ``(B, channels_in, H, W)`` to ``(B, channels_out, H, W)``."""
        return self.layers(x_BCHW)
