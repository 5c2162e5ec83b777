"""Autoencoder: an image is squeezed into a few numbers, and drawn again from them.

Axes: B batch, C channels, then one to three axes of space, written HW; L latent numbers.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.activation import activation
from pearlite.nets.convolution import Convolution, TransposedConvolution
from pearlite.nets.dense import Dense


class Autoencoder(nn.Module):
    """Convolutional autoencoder (after Hinton & Salakhutdinov, Science 313, 504, 2006).

    `encode` halves the image with every width (an odd side is rounded up) and maps what is left to
    `latent` numbers by a dense layer; `decode` goes the same way back. What cannot pass through
    `latent` numbers is lost: first of all, noise.

    Parameters
    ----------
    channels_in
        Channels of the image.
    image
        Sides of the image in pixels: one, two or three of them.
    widths
        Channels after every halving.
    latent
        How many numbers describe an image.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there are no widths; when it is called, if the image has another size.
    """

    def __init__(
        self,
        channels_in: int = 1,
        *,
        image: Sequence[int] = (32, 32),
        widths: Sequence[int] = (16, 32, 64),
        latent: int = 32,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if not widths:
            raise InputError("widths is empty: an autoencoder needs at least one")
        dims = len(image)
        self.sizes = [tuple(image)]
        for _ in widths:
            self.sizes.append(tuple(-(-side // 2) for side in self.sizes[-1]))
        self.coarsest = (widths[-1], *self.sizes[-1])
        channels = (channels_in, *widths)

        halvings: list[nn.Module] = []
        for inputs, outputs in pairwise(channels):
            halvings += [
                Convolution(inputs, outputs, stride=2, dims=dims, generator=generator),
                activation("relu"),
            ]
        self.halvings = nn.Sequential(*halvings)
        self.squeeze = Dense(math.prod(self.coarsest), latent, generator=generator)

        self.spread = Dense(latent, math.prod(self.coarsest), generator=generator)
        self.doublings = nn.ModuleList(
            TransposedConvolution(inputs, outputs, dims=dims, generator=generator)
            for outputs, inputs in reversed(list(pairwise(channels)))
        )
        self.activation = activation("relu")

    def encode(self, x_BCHW: Tensor) -> Tensor:
        """Map images ``(B, channels_in, *image)`` to their latent numbers ``(B, latent)``."""
        if tuple(x_BCHW.shape[2:]) != self.sizes[0]:
            raise InputError(
                f"the image has {tuple(x_BCHW.shape[2:])} pixels, this autoencoder was built for "
                f"{self.sizes[0]}; cut or scale the image, or build it with its size"
            )
        return self.squeeze(self.halvings(x_BCHW).flatten(1))

    def decode(self, latents_BL: Tensor) -> Tensor:
        """Map latent numbers ``(B, latent)`` to images ``(B, channels_in, *image)``."""
        y_BCHW = self.spread(latents_BL).unflatten(1, self.coarsest)
        for double, size in zip(self.doublings, reversed(self.sizes[:-1]), strict=True):
            y_BCHW = double(self.activation(y_BCHW))[(..., *(slice(side) for side in size))]
        return y_BCHW

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map images to what is left of them: the same shape."""
        return self.decode(self.encode(x_BCHW))
