"""The smallest two-player game: one number each.

The Dirac-GAN of Mescheder, Geiger & Nowozin, Which training methods for GANs do actually converge?,
ICML 2018 (arXiv 1801.04406), with the Wasserstein loss. Axes: N places on a path.
"""

import torch
from torch import Tensor, nn

from pearlite.task import Player, Task
from pearlite.train.adversarial import WASSERSTEIN, r1
from pearlite.train.optimisers import MakeOptimiser
from pearlite.train.trainer import Trainer

STEPS = 300


class TwoNumbers(Task):
    """All samples are 0; the generator makes θ, and the critic's score of x is ψ · x."""

    def __init__(self, steepness: float) -> None:
        super().__init__()
        self.made = nn.Parameter(torch.ones(1, 1))
        self.slope = nn.Parameter(torch.ones(1, 1))
        self.steepness = steepness

    def players(self) -> list[Player]:
        """Let the critic move first, then the generator."""
        penalty = self.critic_steepness if self.steepness else None
        return [
            Player("critic", [self.slope], self.critic_loss, penalty=penalty, lazy=1),
            Player("generator", [self.made], self.generator_loss),
        ]

    def critic_loss(self, real_11: Tensor) -> Tensor:
        """Score of what is made less that of what is real."""
        return WASSERSTEIN.critic(real_11 * self.slope, self.made.detach() * self.slope)

    def critic_steepness(self, real_11: Tensor) -> Tensor:
        """R1."""
        return self.steepness * r1(lambda x: x * self.slope, real_11)

    def generator_loss(self, real_11: Tensor) -> Tensor:
        """Score of what is made, its sign changed."""
        return WASSERSTEIN.generator(self.made * self.slope.detach())


def orbit(make: MakeOptimiser, steepness: float = 0.0) -> Tensor:
    """Play the game of two numbers; return (θ, ψ) at every step, shape (N, 2)."""
    task, places = TwoNumbers(steepness), [torch.ones(2)]

    def record(_trainer: Trainer) -> None:
        places.append(torch.cat([task.made.detach()[0], task.slope.detach()[0]]).clone())

    events = {"step": [record]}
    trainer = Trainer(task, optimiser=make, every=STEPS, keep="last", events=events)
    trainer.fit(lambda step: torch.zeros(1, 1), steps=STEPS)
    return torch.stack(places)
