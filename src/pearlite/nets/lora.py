"""Let a pretrained network learn with few weights: low-rank adaptors.

Axes: O outputs, I what one output value sees, R rank.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from pearlite.errors import InputError
from pearlite.nets.convolution import Convolution
from pearlite.nets.dense import Dense
from pearlite.nets.norm import BatchNorm


class LowRank(nn.Module):
    """W becomes W + A B: a change of low rank (LoRA, Hu et al., ICLR 2022).

    Parameters
    ----------
    weight
        W of the layer, ``(O, …)``; all axes but the first count as one of length I.
    rank
        R; A has ``(O, R)`` and begins with zeros, B has ``(R, I)``.
    generator
        Draws B.
    """

    def __init__(self, weight: Tensor, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.a_OR = nn.Parameter(weight.new_zeros(len(weight), rank))
        b = Dense(weight[0].numel(), rank, bias=False, generator=generator)
        self.b_RI = nn.Parameter(b.weight.detach().to(weight))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the changed weight, of the same shape."""
        return weight + (self.a_OR @ self.b_RI).reshape(weight.shape)


def adapt(network: nn.Module, rank: int, *, generator: torch.Generator) -> None:
    """Freeze a network, but for adaptors on its layers and for its normalisations, in place.

    Dense layers and convolutions over all channels get an adaptor where it has fewer weights than
    they have; a depthwise convolution has few anyway and stays as it is.

    Parameters
    ----------
    network
        Gives what it gave before, until it is trained.
    rank
        Of every adaptor; 4 to 8 are usual.
    generator
        Draws the adaptors' weights.

    Raises
    ------
    InputError
        If `rank` is below 1, or the network has adaptors already.
    """
    if rank < 1:
        raise InputError(f"an adaptor of rank {rank} was asked for; expected 1 or more")
    if adapted(network):
        raise InputError("the network has adaptors already; merge them first")
    freeze(network)
    for layer in list(network.modules()):
        if isinstance(layer, BatchNorm):
            layer.requires_grad_(True)
        is_full = isinstance(layer, Dense) or (isinstance(layer, Convolution) and layer.groups == 1)
        if not is_full:
            continue
        weight = layer.get_parameter("weight")
        if rank * (len(weight) + weight[0].numel()) < weight.numel():
            adaptor = LowRank(weight, rank, generator)
            parametrize.register_parametrization(layer, "weight", adaptor)


def adapted(network: nn.Module) -> list[nn.Module]:
    """Return the layers that have an adaptor."""
    return [layer for layer in network.modules() if parametrize.is_parametrized(layer)]


def merge(network: nn.Module) -> None:
    """Add the adaptors to the weights, in place: the network is of its first build again."""
    for layer in adapted(network):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)


def freeze(network: nn.Module) -> None:
    """Keep the weights as they are, in place.

    Running means of `BatchNorm` still follow the data in training mode, so that a network frozen
    on photographs sees micrographs with mean 0 and variance 1 inside.
    """
    network.requires_grad_(False)


def trainable(network: nn.Module) -> tuple[int, int]:
    """Return how many weights learn, and how many there are."""
    counts = [(p.numel() * p.requires_grad, p.numel()) for p in network.parameters()]
    return sum(n for n, _ in counts), sum(n for _, n in counts)
