"""ViT: an image is a text whose words are its patches.

Axes: B batch, C channels, H rows, W columns, T patches, D features.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.block import Blocks
from pearlite.nets.convolution import Convolution
from pearlite.nets.dense import Dense
from pearlite.nets.dropout import Dropout
from pearlite.nets.embedding import Fixed
from pearlite.nets.position import Learned, sinusoidal_2d


class ViT(nn.Module):
    """Vision transformer (Dosovitskiy et al., arXiv 2010.11929), classifying images.

    Every patch becomes a vector, by a convolution whose stride is its kernel; the vector of its
    place is added; transformer blocks let the patches look at one another. The mean over the
    patches is classified, and sine waves tell the places, as in Beyer, Zhai & Kolesnikov,
    arXiv 2205.01580, which needs no extra token.

    Parameters
    ----------
    image
        Rows and columns of the image.
    patch
        Side of a patch in pixels; divides both.
    classes
        Number of classes.
    channels_in
        Channels of the image.
    width, depth, heads
        Features of a patch; number of blocks; attention heads that share the features.
    positions
        How a patch knows its place: ``"sinusoidal"`` or ``"learned"``.
    dropout
        Share that training leaves out at random, of the patches' features and of what a block
        adds.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If `patch` does not divide the image, or there are no such `positions`; when it is called,
        if the image has another size.
    """

    def __init__(
        self,
        image: Sequence[int] = (32, 32),
        patch: int = 4,
        classes: int = 10,
        *,
        channels_in: int = 1,
        width: int = 64,
        depth: int = 4,
        heads: int = 4,
        positions: str = "sinusoidal",
        dropout: float = 0.0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        height, breadth = self.image = tuple(image)
        if height % patch or breadth % patch:
            raise InputError(
                f"image={self.image} does not fall into patches of {patch} x {patch} pixels; take "
                "a patch that divides both sides, or cut the image"
            )
        rows, columns = height // patch, breadth // patch
        self.embed = Convolution(
            channels_in, width, patch, stride=patch, padding=0, generator=generator
        )
        if positions == "sinusoidal":
            self.place = Fixed(sinusoidal_2d(rows, columns, width))
        elif positions == "learned":
            self.place = Learned(rows * columns, width, generator=generator)
        else:
            raise InputError(f'positions={positions!r} must be "sinusoidal" or "learned"')
        self.dropout = Dropout(dropout)
        self.trunk = Blocks(depth, width, heads, dropout=dropout, generator=generator)
        self.head = Dense(width, classes, generator=generator)

    def features(self, x_BCHW: Tensor) -> Tensor:
        """Map images to a vector for each patch, ``(B, T, width)``, patches row by row."""
        if tuple(x_BCHW.shape[2:]) != self.image:
            raise InputError(
                f"the image has {tuple(x_BCHW.shape[2:])} pixels, this ViT was built for "
                f"{self.image}; cut or scale the image, or build it with its size"
            )
        patches_BTD = self.embed(x_BCHW).flatten(2).mT
        return self.trunk(self.dropout(self.place(patches_BTD)))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map images ``(B, channels_in, H, W)`` to logits ``(B, classes)``."""
        return self.head(self.features(x_BCHW).mean(1))
