"""A convolutional network that names what an image shows.

Axes: B batch, C channels, then one to three axes of space.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.activation import activation
from pearlite.nets.convolution import Convolution
from pearlite.nets.dense import Dense
from pearlite.nets.dropout import Dropout
from pearlite.nets.norm import BatchNorm
from pearlite.nets.pool import GlobalMeanPool, MaxPool


class CNNClassifier(nn.Module):
    """Convolutions on ever coarser images, the mean over the image, one dense layer.

    As in LeNet (LeCun, Bottou, Bengio & Haffner, Proc. IEEE 86, 2278, 1998), with batch
    normalisation (Ioffe & Szegedy, arXiv 1502.03167) and the mean over all pixels instead of
    dense layers that fix the image's size (Lin, Chen & Yan, arXiv 1312.4400).

    Parameters
    ----------
    channels_in
        Channels of the image.
    classes
        Number of classes.
    widths
        Channels of every stage; between two stages the image is halved.
    dims
        Axes of space: 1, 2 or 3.
    dropout
        Share of the last features that training leaves out at random.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there are no widths; when it is called, if the image is too small to be halved so often.
    """

    def __init__(
        self,
        channels_in: int = 1,
        classes: int = 10,
        *,
        widths: Sequence[int] = (16, 32, 64),
        dims: int = 2,
        dropout: float = 0.0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if not widths:
            raise InputError("widths is empty: a CNN classifier needs at least one stage")
        self.smallest = 2 ** (len(widths) - 1)
        stages: list[nn.Module] = []
        for inputs, outputs in pairwise([channels_in, *widths]):
            stages += [] if not stages else [MaxPool(2, dims=dims)]
            stages += [
                Convolution(inputs, outputs, bias=False, dims=dims, generator=generator),
                BatchNorm(outputs),
                activation("relu"),
            ]
        self.features = nn.Sequential(*stages, GlobalMeanPool())
        self.dropout = Dropout(dropout)
        self.head = Dense(widths[-1], classes, generator=generator)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map images ``(B, channels_in, *space)`` to logits ``(B, classes)``."""
        space = tuple(x_BCHW.shape[2:])
        if min(space) < self.smallest:
            raise InputError(
                f"the image has {space} pixels, this classifier needs at least {self.smallest} "
                "along each axis; give larger images, or the network fewer widths"
            )
        return self.head(self.dropout(self.features(x_BCHW)))
