"""MLP: dense layers with a nonlinearity after each but the last; and one with a gate.

Axes: D features; any axes may stand before them.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.activation import activation as make_activation
from pearlite.nets.dense import Dense
from pearlite.nets.dropout import Dropout


class MLP(nn.Module):
    """Multilayer perceptron (Rumelhart, Hinton & Williams, Nature 323, 533, 1986).

    Parameters
    ----------
    widths
        Number of features: of the input, of every hidden layer, of the output.
    activation
        Name of the nonlinearity between the layers (see `pearlite.nets.activation`).
    dropout
        Share of the hidden features that training leaves out at random.
    bias
        Whether the dense layers have biases.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there are fewer than two widths.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        activation: str = "relu",
        dropout: float = 0.0,
        bias: bool = True,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if len(widths) < 2:
            raise InputError(f"widths={list(widths)}: an MLP needs at least [inputs, outputs]")
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths[:-1]):
            layers += [Dense(inputs, outputs, bias=bias, generator=generator)]
            layers += [make_activation(activation), Dropout(dropout)]
        layers += [Dense(widths[-2], widths[-1], bias=bias, generator=generator)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x_D: Tensor) -> Tensor:
        """Map ``(…, widths[0])`` to ``(…, widths[-1])``."""
        return self.layers(x_D)


class SwiGLU(nn.Module):
    """y = W (silu(G x) · V x): of the hidden features, each passes as far as its gate says.

    Shazeer, GLU variants improve transformer, arXiv 2002.05202.

    Parameters
    ----------
    width, hidden
        Features of the input and of the output; hidden features.
    bias
        Whether the three dense layers have biases.
    generator
        Draws the initial weights.
    """

    def __init__(
        self, width: int, hidden: int, *, bias: bool = True, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.gate = Dense(width, hidden, bias=bias, generator=generator)
        self.value = Dense(width, hidden, bias=bias, generator=generator)
        self.out = Dense(hidden, width, bias=bias, generator=generator)

    def forward(self, x_D: Tensor) -> Tensor:
        """Map ``(…, width)`` to the same shape."""
        return self.out(F.silu(self.gate(x_D)) * self.value(x_D))
