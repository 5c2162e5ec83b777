"""How the gradient becomes an update: makers of torch optimisers."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

MakeOptimiser = Callable[[Sequence[nn.Parameter]], torch.optim.Optimizer]


def adam(rate: float = 1e-3) -> MakeOptimiser:
    """Adam (Kingma & Ba, arXiv 1412.6980), all parameters updated by one fused kernel."""
    return lambda parameters: torch.optim.Adam(parameters, lr=rate, fused=True)
