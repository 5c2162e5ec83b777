"""How the gradient becomes an update: makers of torch optimisers."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

MakeOptimiser = Callable[[Sequence[nn.Parameter]], torch.optim.Optimizer]


def adam(rate: float = 1e-3) -> MakeOptimiser:
    """Adam (Kingma & Ba, arXiv 1412.6980), all parameters updated by one fused kernel."""
    return lambda parameters: torch.optim.Adam(parameters, lr=rate, fused=True)


def adamw(rate: float = 1e-3, decay: float = 1e-4, clip: float = math.inf) -> MakeOptimiser:
    """Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101).

    Parameters
    ----------
    rate
        Learning rate.
    decay
        Share of every weight that is taken off in a step, in units of `rate`.
    clip
        Largest norm of the gradient of all parameters together; longer ones are shortened to it.
    """

    def make(parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
        def shorten(*_: object) -> None:
            nn.utils.clip_grad_norm_(parameters, clip)

        optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
        if math.isfinite(clip):
            optimiser.register_step_pre_hook(shorten)
        return optimiser

    return make
