"""A critic of textures: looks at every patch of an image and says how real it finds it.

Fully convolutional and small (Isola et al., Image-to-Image Translation with Conditional Adversarial
Networks, CVPR 2017: the PatchGAN), so that it judges what lies within its field and no more, and
images of any size. Without normalisation, as penalties on its slope require.

Axes: B batch, C channels, HW space.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.nets.convolution import Convolution

SLOPE = 0.2  # of the rectifiers where the input is negative


class PatchCritic(nn.Module):
    """Images → a score a patch, large for what it takes for real.

    Parameters
    ----------
    inputs
        Channels of an image.
    widths
        Channels of each layer; all but the last layer halve the image.
    generator
        Draws the initial weights.
    """

    def __init__(
        self, inputs: int, *, widths: Sequence[int] = (32, 64, 64), generator: torch.Generator
    ) -> None:
        super().__init__()
        self.kernels = [(4, 2)] * (len(widths) - 1) + [(3, 1)]
        layers, before = [], inputs
        for width, (kernel, stride) in zip(widths, self.kernels, strict=True):
            layers.append(
                Convolution(before, width, kernel, stride=stride, padding=0, generator=generator)
            )
            before = width
        self.layers = nn.ModuleList(layers)
        self.score = Convolution(before, 1, 3, padding=0, generator=generator)

    @property
    def field(self) -> int:
        """Side of the patch that one score depends on, in pixels: the least that goes in."""
        side = 3
        for kernel, stride in reversed(self.kernels):
            side = (side - 1) * stride + kernel
        return side

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to scores ``(B, 1, H', W')``."""
        for layer in self.layers:
            x_BCHW = F.leaky_relu(layer(x_BCHW), SLOPE)
        return self.score(x_BCHW)
