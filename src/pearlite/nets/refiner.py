"""A small residual network that corrects what a patch-based denoiser left or took too much of."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.nets.convolution import Convolution

BASE = 4.0  # pixels, width of the Gaussian that is subtracted from the denoised image
REACH = 8  # pixels at which that Gaussian ends


class Refiner(nn.Module):
    """Maps a noisy image and its denoised version to a better one, both in units of the noise.

    It sees what was removed, ``noisy - denoised``, and the denoised image less its own blur, so
    that a constant added to both is added to the result and nothing else changes. It works at half
    the resolution, on the four pixels of each square side by side (Zhang, Zuo and Zhang, FFDNet,
    IEEE TIP 27, 4608, 2018), and predicts the correction alone.

    Parameters
    ----------
    width
        Channels inside.
    blocks
        Residual blocks, of two convolutions each.
    generator
        Draws the initial weights; those of the last layer are 0, so that nothing is corrected yet.
    """

    def __init__(self, width: int = 48, blocks: int = 3, *, generator: torch.Generator) -> None:
        super().__init__()

        def conv(channels: int, to: int) -> Convolution:
            return Convolution(channels, to, generator=generator)

        self.head = conv(8, width)
        self.body = nn.ModuleList(
            nn.ModuleList([conv(width, width), conv(width, width)]) for _ in range(blocks)
        )
        self.tail = conv(width, 4)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)  # pyright: ignore[reportArgumentType]
        kernel = torch.exp(-(torch.arange(-REACH, REACH + 1) ** 2) / (2 * BASE**2))
        self.register_buffer("kernel", kernel / kernel.sum(), persistent=False)
        self.reach = (
            2 * (2 * blocks + 2) + REACH + 2
        )  # pixels that a pixel of the result depends on

    def forward(self, noisy_B1YX: Tensor, denoised_B1YX: Tensor) -> Tensor:
        """Return the refined image, (B, 1, Y, X), any size."""
        rows, columns = noisy_B1YX.shape[-2:]
        noisy, denoised = (
            F.pad(image, (0, columns % 2, 0, rows % 2), mode="replicate")
            for image in (noisy_B1YX, denoised_B1YX)
        )
        seen = torch.cat([noisy - denoised, torch.asinh(self.detail(denoised) / 2)], dim=1)
        z = F.relu(self.head(F.pixel_unshuffle(seen, 2)))
        for first, second in self.body:  # pyright: ignore[reportGeneralTypeIssues]
            z = z + second(F.relu(first(F.relu(z))))
        correction = F.pixel_shuffle(self.tail(F.relu(z)), 2)
        return (denoised + correction)[..., :rows, :columns]

    def detail(self, image_B1YX: Tensor) -> Tensor:
        """Return the image less its blur."""
        kernel: Tensor = self.kernel  # pyright: ignore[reportAssignmentType]
        padded = F.pad(image_B1YX, (REACH,) * 4, mode="replicate")
        blurred = F.conv2d(F.conv2d(padded, kernel[None, None, None]), kernel[None, None, :, None])
        return image_B1YX - blurred
