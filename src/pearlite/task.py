"""Task: x → f(x; θ) → ŷ, L(ŷ, y). The one abstraction that every trained recipe shares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn


@dataclass(frozen=True)
class Player:
    """One loss and the parameters that descend on it.

    Parameters
    ----------
    name
        Names the loss in the history: ``loss_NAME``, or ``loss`` where `name` is empty.
    parameters
        What this player's optimiser may change; nobody else's.
    loss
        Maps a batch to a scalar tensor.
    every
        The player moves on every so many steps: a critic that is trained five times as often as
        its generator has 1, the generator 5.
    penalty
        A second loss whose gradient is added on one move of `lazy`, `lazy` times as long: the same
        pull in the mean, for a part of the cost (Karras et al., arXiv 1912.04958, section 3.1). Its
        mean is ``loss_NAME_penalty``.
    lazy
        On how many moves the penalty counts once.
    """

    name: str
    parameters: Sequence[nn.Parameter]
    loss: Callable[[Any], Tensor]
    every: int = 1
    penalty: Callable[[Any], Tensor] | None = None
    lazy: int = 16


class Task(nn.Module):
    """What is learned, apart from how: the network(s), the prediction `f` and the loss `L`.

    A subclass keeps its networks as attributes, so that their parameters, device and weights are
    the task's own. The common task defines `f` and `L`, and its batches are pairs ``(x, y)``.
    Others override `loss`, when a batch is no such pair, or `players`, when several losses pull at
    different parameters, as in adversarial training.
    """

    def f(self, x: Tensor) -> Tensor:
        """Predict ŷ from x with the present parameters."""
        raise NotImplementedError(f"{type(self).__name__} does not define f(x), its prediction")

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Measure how far the prediction ŷ is from y: a scalar, smaller is better."""
        raise NotImplementedError(f"{type(self).__name__} does not define L(y_hat, y), its loss")

    def loss(self, batch: Any) -> Tensor:
        """Loss of one batch, here a pair ``(x, y)``."""
        x, y = batch
        return self.L(self.f(x), y)

    def players(self) -> Sequence[Player]:
        """Who descends on what, in the order of their moves. Here: all parameters on `loss`."""
        return [Player("", list(self.parameters()), self.loss)]

    def forward(self, x: Tensor) -> Tensor:
        """Predict ŷ; the same as `f`."""
        return self.f(x)
