"""How the gradient becomes an update: makers of torch optimisers, from simple to clever.

Every maker takes `rate`, the learning rate; `decay`, the share of every weight that is taken off in
a step, in units of `rate`; and `clip`, the largest norm of the gradient of all parameters together:
longer gradients are shortened to it.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim.adamw import adamw as adamw_update

from pearlite.train.precision import has_fast_bfloat16

MakeOptimiser = Callable[[Sequence[nn.Parameter]], torch.optim.Optimizer]


def sgd(
    rate: float = 1e-2,
    momentum: float = 0.0,
    nesterov: bool = False,
    decay: float = 0.0,
    clip: float = math.inf,
) -> MakeOptimiser:
    """Step down the gradient, or down a sum of all gradients of which `momentum` is left each step.

    Polyak, USSR Computational Mathematics and Mathematical Physics 4 (1964); `nesterov` looks one
    step ahead (Sutskever et al., ICML 2013). Here the decay is part of the gradient.
    """
    options = {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay}

    def make(parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
        fused = not any(isinstance(p, DTensor) for p in parameters)  # torch has no sharded kernel
        return torch.optim.SGD(parameters, lr=rate, fused=fused, **options)

    return _clipped(make, clip)


def adam(
    rate: float = 1e-3, *, betas: tuple[float, float] = (0.9, 0.999), clip: float = math.inf
) -> MakeOptimiser:
    """Adam (Kingma & Ba, arXiv 1412.6980), all parameters updated by one fused kernel.

    `betas` are what is left each step of the mean gradient and of its mean square; adversarial
    training takes less of the first, for the other player moves.
    """
    return _clipped(lambda p: torch.optim.Adam(p, lr=rate, betas=betas, fused=True), clip)


def adamw(rate: float = 1e-3, decay: float = 1e-4, clip: float = math.inf) -> MakeOptimiser:
    """Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101)."""
    return _clipped(lambda p: torch.optim.AdamW(p, lr=rate, weight_decay=decay, fused=True), clip)


def muon(
    rate: float = 1e-3,
    decay: float = 1e-4,
    clip: float = math.inf,
    *,
    momentum: float = 0.95,
    rest: Collection[nn.Parameter] = (),
    rest_rate: float | None = None,
) -> MakeOptimiser:
    """Muon for the hidden matrices, AdamW for everything else.

    Hidden are all weights of two and more axes but the first and last, which are taken for the
    embedding and the head, and those in `rest`, such as learned positions. A convolution is a
    matrix with a row an output channel. One rate serves both, unless AdamW's is `rest_rate`.
    """

    def make(parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
        matrices = [p for p in parameters if p.ndim >= 2]
        apart = {id(p) for p in (*matrices[-1:], *rest)}
        hidden = {id(p): p for p in matrices[1:] if id(p) not in apart}
        others = [p for p in parameters if id(p) not in hidden]
        return Muon(list(hidden.values()), others, rate, decay, momentum, rest_rate)

    return _clipped(make, clip)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised: every direction of a `hidden` matrix moves equally far.

    Jordan et al. 2024, https://kellerjordan.github.io/posts/muon, with Nesterov's look ahead; steps
    as long as AdamW's (Liu et al., arXiv 2502.16982). AdamW updates the `rest`.
    """

    def __init__(
        self,
        hidden: list[Any],
        rest: list[Any],
        rate: float,
        decay: float,
        momentum: float,
        rest_rate: float | None = None,
    ) -> None:
        own = {} if rest_rate is None else {"lr": rest_rate}
        groups = [{"params": hidden, "hidden": True}, {"params": rest, "hidden": False, **own}]
        super().__init__(groups, {"lr": rate, "weight_decay": decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if group["hidden"]:
                self._orthogonal(parameters, group)
            elif parameters:
                self._adamw(parameters, group)

    def _orthogonal(self, parameters: list[Any], group: dict[str, Any]) -> None:
        """Move matrices of equal shape together, which keeps the number of kernels small."""
        alike: dict[Any, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for p in parameters:
            mean = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
            mean.lerp_(p.grad, 1 - group["momentum"])
            alike[p.shape, p.device].append((p, p.grad.lerp(mean, group["momentum"]).flatten(1)))
        for pairs in alike.values():
            moves = orthogonalise(torch.stack([move for _, move in pairs]))
            length = 0.2 * max(moves.shape[1:]) ** 0.5
            for (p, _), move in zip(pairs, moves, strict=True):
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(move.view_as(p), alpha=-group["lr"] * length)

    def _adamw(self, parameters: list[Any], group: dict[str, Any]) -> None:
        for p in parameters:
            if not self.state[p]:
                self.state[p]["step"] = torch.zeros((), device=p.device)
                self.state[p] |= {name: torch.zeros_like(p) for name in ("exp_avg", "exp_avg_sq")}
        names = ("exp_avg", "exp_avg_sq", "step")
        means, squares, steps = ([self.state[p][name] for p in parameters] for name in names)
        options: Any = {"beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "amsgrad": False}
        options |= {name: group[name] for name in ("lr", "weight_decay")}
        options |= {"maximize": False, "fused": True}
        grads = [p.grad for p in parameters]
        adamw_update(parameters, grads, means, squares, [], steps, **options)


def orthogonalise(matrices_NRC: Tensor) -> Tensor:
    """Bring the singular values of N matrices near 1 by five Newton-Schulz steps (Jordan)."""
    wide = matrices_NRC.shape[1] <= matrices_NRC.shape[2]
    x = matrices_NRC if wide else matrices_NRC.mT
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    if has_fast_bfloat16(x.device.type):
        x = x.bfloat16()
    for _ in range(5):
        gram = x @ x.mT
        change = torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315)
        x = torch.baddbmm(x, change, x, beta=3.4445)
    return (x if wide else x.mT).to(matrices_NRC.dtype)


def _clipped(make: MakeOptimiser, clip: float) -> MakeOptimiser:
    def make_clipped(parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
        def shorten(*_: object) -> None:
            nn.utils.clip_grad_norm_(parameters, clip)

        optimiser = make(parameters)
        optimiser.register_step_pre_hook(shorten)
        return optimiser

    return make if math.isinf(clip) else make_clipped
