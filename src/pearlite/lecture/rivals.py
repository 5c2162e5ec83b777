"""The players of the page `gan`: a generator against a critic, under rules that can be changed.

Axes: B batch, N samples, D features of a sample, Z features of a seed, M modes.
"""

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pearlite.nets.mlp import MLP
from pearlite.seeds import derived_seed
from pearlite.task import Player, Task
from pearlite.train.adversarial import NON_SATURATING, Game, frozen, gradient_penalty, r1
from pearlite.train.history import Row
from pearlite.train.moving import MovingWeights
from pearlite.train.optimisers import MakeOptimiser, adam
from pearlite.train.schedule import linear
from pearlite.train.trainer import Event, Stream, Trainer

MODES, SPREAD, NEAR = 8, 0.05, 3  # of the ring; what lies within NEAR spreads of a mode is good
REMEMBERED = 300  # steps that count most in the averaged generator
BATCH = 128


@dataclass(frozen=True)
class Rules:
    """How two players play.

    Attributes
    ----------
    name
        For the page.
    game
        Their losses.
    critic_rate, rate
        Learning rates of the critic and of the generator.
    momentum
        Adam's memory of earlier gradients.
    steepness
        Weight of R1.
    lazy
        R1 is computed on one step of so many.
    slope
        Weight of the gradient penalty.
    falls
        Whether both rates fall to 0 along a line.
    """

    name: str
    game: Game = NON_SATURATING
    critic_rate: float = 2e-3
    rate: float = 2e-3
    momentum: float = 0.9
    steepness: float = 0.0
    lazy: int = 1
    slope: float = 0.0
    falls: bool = False

    def optimisers(self) -> dict[str, MakeOptimiser]:
        """Adam for each player; without momentum it also forgets the gradients' size sooner."""
        betas = (self.momentum, 0.99 if self.momentum < 0.5 else 0.999)
        return {
            "critic": adam(self.critic_rate, betas=betas),
            "generator": adam(self.rate, betas=betas),
        }


class Rivals(Task):
    """A generator that makes samples of seeds, and a critic that tells them from real ones."""

    def __init__(self, generator: nn.Module, critic: nn.Module, seed_size: int, rules: Rules):
        super().__init__()
        self.generator, self.critic = generator, critic
        self.seed_size, self.rules = seed_size, rules

    def f(self, x: Tensor) -> Tensor:
        """Make samples (B, D) of seeds (B, Z)."""
        return self.generator(x)

    def players(self) -> list[Player]:
        """Let the critic move first, then the generator."""
        rules = self.rules
        penalty = self.critic_steepness if rules.steepness else None
        critic, generator = list(self.critic.parameters()), list(self.generator.parameters())
        return [
            Player("critic", critic, self.critic_loss, penalty=penalty, lazy=rules.lazy),
            Player("generator", generator, self.generator_loss),
        ]

    def critic_loss(self, real_BD: Tensor) -> Tensor:
        """How badly the critic tells real samples from made ones."""
        with torch.no_grad():
            made_BD = self.f(self.seeds(len(real_BD)))
        loss = self.rules.game.critic(self.critic(real_BD), self.critic(made_BD))
        if self.rules.slope:
            loss = loss + self.rules.slope * gradient_penalty(self.critic, real_BD, made_BD)
        return loss

    def critic_steepness(self, real_BD: Tensor) -> Tensor:
        """R1."""
        return self.rules.steepness * r1(self.critic, real_BD)

    def generator_loss(self, real_BD: Tensor) -> Tensor:
        """How badly the generator deceives the critic."""
        with frozen(self.critic):
            return self.rules.game.generator(self.critic(self.f(self.seeds(len(real_BD)))))

    def seeds(self, count: int) -> Tensor:
        """Draw seeds (B, Z) from torch's own generator, which the trainer seeds."""
        return torch.randn(count, self.seed_size)


@dataclass(frozen=True)
class Match:
    """How a game went.

    Attributes
    ----------
    rules
        That were played by.
    last, average
        The generator after its last move, and the average of its weights.
    history
        The players' losses.
    looks
        Pairs of (step, numbers), the numbers being modes and share of the last weights, then of the
        average; empty where nobody looked.
    """

    rules: Rules
    last: nn.Module
    average: nn.Module
    history: list[Row]
    looks: list[tuple[int, tuple[int, float, int, float]]]

    def settled(self) -> tuple[float, ...]:
        """Return the mean of the numbers over the second half of the game."""
        half = self.looks[len(self.looks) // 2 :]
        return tuple(sum(n) / len(half) for n in zip(*(each for _, each in half), strict=True))


def play(
    rivals: Rivals,
    stream: Stream,
    steps: int,
    seed: int,
    every: int,
    seeds_NZ: Tensor | None = None,
) -> Match:
    """Let two players play, average the generator, and look at the ring it makes now and then.

    Parameters
    ----------
    rivals, stream, steps, seed
        Who plays with what, how long, and where what is drawn comes from.
    every
        Steps from one look, and from one row of the history, to the next.
    seeds_NZ
        Of the samples that are looked at; None for players who do not play with the ring.
    """
    average = MovingWeights(rivals, REMEMBERED, part="generator")
    looks: list[tuple[int, tuple[int, float, int, float]]] = []

    def look(trainer: Trainer) -> None:
        if seeds_NZ is not None and trainer.step % every == 0:
            with torch.no_grad():
                now = judged(rivals.generator(seeds_NZ))
                looks.append((trainer.step, (*now, *judged(average.task(seeds_NZ)))))

    rates = [linear(steps=steps, warm_up=0)] if rivals.rules.falls else []
    events: dict[str, list[Event]] = {
        "start": [*rates],
        "step": [*rates, average.follow, look],
    }
    trainer = Trainer(
        rivals,
        optimiser=rivals.rules.optimisers(),
        every=every,
        keep="last",
        seed=seed,
        events=events,
    )
    trainer.fit(stream, steps=steps)
    last = copy.deepcopy(rivals.generator)
    return Match(rivals.rules, last, average.task, trainer.history, looks)


def ring_rivals(rules: Rules, seed: int, width: int = 64) -> Rivals:
    """Make the same two players for any rules: MLPs that know nothing yet of the ring."""
    random = torch.Generator().manual_seed(seed)
    generator = MLP((2, width, width, 2), generator=random)
    critic = MLP((2, width, width, 1), activation="leaky_relu", generator=random)
    return Rivals(generator, critic, 2, rules)


def centres() -> Tensor:
    """Return the modes of the ring: (M, 2), on a circle of radius 1."""
    angle_M = 2 * math.pi * torch.arange(MODES) / MODES
    return torch.stack([angle_M.cos(), angle_M.sin()], 1)


def ring(count: int, random: torch.Generator) -> Tensor:
    """Draw samples (N, 2) around modes of equal weight."""
    which_N = torch.randint(MODES, (count,), generator=random)
    return centres()[which_N] + SPREAD * torch.randn(count, 2, generator=random)


def ring_stream(seed: int) -> Stream:
    """Return a function of the step that draws new samples."""
    return lambda step: ring(BATCH, torch.Generator().manual_seed(derived_seed(seed, step)))


def judged(made_N2: Tensor) -> tuple[int, float]:
    """Count modes with a fifth of their due of good samples; and the share of good samples."""
    apart_N, which_N = torch.cdist(made_N2, centres()).min(1)
    good_N = apart_N < NEAR * SPREAD
    count_M = torch.bincount(which_N[good_N], minlength=MODES)
    covered = int((count_M >= len(made_N2) / MODES / 5).sum())
    return covered, good_N.float().mean().item()
