"""The bend between two layers, without which any number of them were one linear map."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError


def relu_squared(x: Tensor) -> Tensor:
    """max(0, x)² (So et al., Primer, NeurIPS 2021)."""
    return F.relu(x).square()


def gelu_tanh(x: Tensor) -> Tensor:
    """½ x (1 + tanh(√(2/π) (x + 0.044715 x³))): nearly `gelu`, as GPT-2 has it."""
    return F.gelu(x, approximate="tanh")


def softmax(x: Tensor) -> Tensor:
    """e^xᵢ / Σⱼ e^xⱼ along the last axis: positive, and the sum is 1."""
    return F.softmax(x, dim=-1)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,  # max(0, x)
    "leaky_relu": F.leaky_relu,  # x if x > 0 else 0.01 x
    "relu_squared": relu_squared,
    "elu": F.elu,  # x if x > 0 else e^x - 1
    "gelu": F.gelu,  # x Φ(x), Φ the normal distribution (Hendrycks & Gimpel, arXiv 1606.08415)
    "gelu_tanh": gelu_tanh,
    "silu": F.silu,  # x σ(x) (Elfwing, Uchibe & Doya, Neural Networks 107, 3, 2018)
    "softplus": F.softplus,  # ln(1 + e^x)
    "sigmoid": torch.sigmoid,  # σ(x) = 1 / (1 + e^-x)
    "tanh": torch.tanh,  # (e^x - e^-x) / (e^x + e^-x)
    "softmax": softmax,
}


class Activation(nn.Module):
    """One of `ACTIVATIONS` as a layer; it has no weights and keeps the shape."""

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in ACTIVATIONS:
            raise InputError(f"no activation {name!r}: take one of {', '.join(ACTIVATIONS)}")
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to the same shape."""
        return ACTIVATIONS[self.name](x)

    def extra_repr(self) -> str:
        """Name, for printing."""
        return self.name


def activation(name: str) -> nn.Module:
    """Make the layer of that name, one of the keys of `ACTIVATIONS`; others raise `InputError`."""
    return Activation(name)
