"""A way around a part of a network, for the data and for the gradient."""

import torch
from torch import Tensor, nn

from pearlite.errors import InputError


class Add(nn.Module):
    """y = x + body(x): the body learns the difference (He et al., ResNet, CVPR 2016).

    Parameters
    ----------
    body
        Keeps the shape.
    """

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        """Map the body's input to the same shape; `InputError` if the body changes the shape."""
        change = self.body(x)
        if change.shape != x.shape:
            raise InputError(
                f"Add got {tuple(x.shape)}, but its body made {tuple(change.shape)} of it: "
                "the body must keep the shape, or use Append"
            )
        return x + change


class Append(nn.Module):
    """y = [x, body(x)]: both are kept as channels side by side (Huang et al., DenseNet, CVPR 2017).

    Parameters
    ----------
    body
        Keeps the batch and the size; the number of channels is free.
    """

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, *space)`` to ``(B, C + channels of the body, *space)``."""
        return torch.cat([x, self.body(x)], dim=1)
