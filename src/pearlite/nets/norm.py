"""Give the values inside a network mean 0 and variance 1, then a scale and a shift of their own.

y = (x - mean) / √(variance + epsilon) · weight + bias. The layers differ in the values over which
mean and variance are taken. Axes: B batch, C channels, ``*space`` any number of axes of places,
D width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError

EPSILON = 1e-5  # added to the variance
MOMENTUM = 0.1  # share of the newest batch in the running statistics of BatchNorm


class _Norm(nn.Module):
    """Scale 1 and shift 0, one of each a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias: nn.Parameter | None = nn.Parameter(torch.zeros(channels))

    def extra_repr(self) -> str:
        """Channels, for printing."""
        return str(self.channels)


class BatchNorm(_Norm):
    """Statistics of each channel over the batch and all places.

    In evaluation they are replaced by running means of those seen in training, so that the result
    for one sample does not depend on the others. Ioffe and Szegedy, ICML 2015.

    Parameters
    ----------
    channels
        Length of axis 1.
    epsilon
        Added to the variance.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int, *, epsilon: float = EPSILON) -> None:
        super().__init__(channels)
        self.epsilon = epsilon
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, *space)`` to the same shape."""
        return F.batch_norm(
            x,
            self.mean,
            self.variance,
            self.weight,
            self.bias,
            self.training,
            MOMENTUM,
            self.epsilon,
        )


class LayerNorm(_Norm):
    """Statistics of each sample (token, place) over its last axis.

    Ba, Kiros and Hinton, arXiv 1607.06450.

    Parameters
    ----------
    width
        Length of the last axis.
    epsilon
        Added to the variance.
    bias
        Whether there is a shift of its own.
    """

    def __init__(self, width: int, *, epsilon: float = EPSILON, bias: bool = True) -> None:
        super().__init__(width)
        self.epsilon = epsilon
        if not bias:
            self.bias = None

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., D)`` to the same shape."""
        return F.layer_norm(x, (self.channels,), self.weight, self.bias, self.epsilon)


class GroupNorm(_Norm):
    """Statistics of each sample over all places and a group of neighbouring channels.

    It does not look at the batch, so that it also works with a batch of one. Wu and He, ECCV 2018.

    Parameters
    ----------
    groups
        Number of groups; divides `channels`.
    channels
        Length of axis 1.

    Raises
    ------
    InputError
        The channels do not fall into so many equal groups.
    """

    def __init__(self, groups: int, channels: int) -> None:
        super().__init__(channels)
        if groups < 1 or channels % groups:
            raise InputError(
                f"{channels} channels do not fall into {groups} equal groups: take a divisor"
            )
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, *space)`` to the same shape."""
        return F.group_norm(x, self.groups, self.weight, self.bias, EPSILON)

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return f"groups={self.groups}, channels={self.channels}"


class InstanceNorm(GroupNorm):
    """Statistics of each sample and each channel over all places: as many groups as channels.

    Ulyanov, Vedaldi and Lempitsky, arXiv 1607.08022.

    Parameters
    ----------
    channels
        Length of axis 1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)


class RMSNorm(nn.Module):
    """y = x / √(mean of x² + epsilon) · weight over the last axis: no mean taken off, no shift.

    Zhang and Sennrich, NeurIPS 2019.

    Parameters
    ----------
    width
        Length of the last axis.
    epsilon
        Added to the mean square.
    """

    def __init__(self, width: int, *, epsilon: float = EPSILON) -> None:
        super().__init__()
        self.width, self.epsilon = width, epsilon
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., D)`` to the same shape."""
        return F.rms_norm(x, (self.width,), self.weight.to(x.dtype), self.epsilon)

    def extra_repr(self) -> str:
        """Width, for printing."""
        return str(self.width)
