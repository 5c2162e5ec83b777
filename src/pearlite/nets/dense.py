"""Every output is a weighted sum of all inputs."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.nets.init import draw_weights


class Dense(nn.Module):
    """y = W x + b on the last axis.

    Between layers of D and D′ neurons lie D′·D weights and D′ biases, whatever the data.

    Parameters
    ----------
    inputs, outputs
        Length of the last axis before and after.
    bias
        Whether b is added.
    generator
        Draws the initial weights.
    """

    def __init__(
        self, inputs: int, outputs: int, *, bias: bool = True, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None
        draw_weights(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., inputs)`` to ``(..., outputs)``."""
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return f"{self.inputs}, {self.outputs}, bias={self.bias is not None}"
