"""The game of SliceGAN: what its generator and its critics descend on; see `slicegan`.

Letters: B batch, C channels, N slices, S space (DHW), HW of images.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.slicegan import HALO, LEAST_CELLS, SliceCritic, SliceGenerator
from pearlite.recipes.reconstruct.generate import TILES
from pearlite.recipes.reconstruct.images import Meaning, Pictures
from pearlite.recipes.reconstruct.task import slices, some
from pearlite.seeds import derived_seed
from pearlite.task import Player, Task
from pearlite.train.adversarial import WASSERSTEIN, frozen, gradient_penalty

AXES = 3  # along which slices are judged, one a step


@dataclass(frozen=True)
class Published:
    """The numbers of the paper.

    Attributes
    ----------
    widths, critic
        Of the two networks; see `SliceGenerator` and `SliceCritic`.
    batch
        Volumes a step, and windows of the image beside their slices.
    rounds
        Moves of the critic along every axis for one of the generator.
    penalty
        Weight of the gradient penalty.
    rate, betas
        Of Adam, for both networks.
    judged
        Slices along an axis that the critic sees a step; None for all of them, as published.
    """

    widths: tuple[int, ...] = (64, 512, 256, 128, 64)
    critic: tuple[int, ...] = (64, 128, 256, 512)
    batch: int = 8
    rounds: int = 5
    penalty: float = 10.0
    rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    judged: int | None = None


class Draw(NamedTuple):
    """What one step looks at: an axis, windows of its image, noise for each of the two players."""

    axis: int
    real_BCHW: Tensor
    for_generator_BCS: Tensor
    for_critic_BCS: Tensor


class SliceGame(Task):
    """A generator of volumes, and a critic for each different image.

    A step is one axis of one round: the critic of that axis moves. The volumes of a round are made
    at its first step and judged along all three axes.
    """

    made_BCS: Tensor

    def __init__(self, pictures: Pictures, numbers: Published, end: str, seed: int) -> None:
        super().__init__()
        self.numbers = numbers
        channels = pictures.channels
        self.generator = SliceGenerator(
            channels,
            widths=numbers.widths,
            end=end,
            generator=torch.Generator().manual_seed(derived_seed(seed, 0)),
        )
        random = torch.Generator().manual_seed(derived_seed(seed, 1))
        self.critics = nn.ModuleList(
            SliceCritic(channels, widths=numbers.critic, generator=random)
            for _ in range(pictures.different)
        )
        self.side = (LEAST_CELLS - HALO) * self.generator.grain
        self._check(pictures)
        self.register_buffer("made_BCS", torch.zeros(numbers.batch, channels, *AXES * [self.side]))

    def _check(self, pictures: Pictures) -> None:
        seen: Any = self.critics[0].field
        if TILES[3] % self.generator.grain or seen > self.side:
            raise InputError(
                f"widths={self.numbers.widths} make volumes of {self.side} voxels a side from "
                f"cells of {self.generator.grain}, a critic of {self.numbers.critic} sees {seen}: "
                f"take at most 6 widths, and fewer for the critic than for the generator"
            )
        smallest = min(min(plane.shape[-2:]) for plane in pictures.planes)
        if smallest < self.side:
            raise InputError(
                f"an image is {smallest} pixels wide; SliceGAN learns from windows of {self.side}: "
                "take a larger image or fewer widths"
            )

    def players(self) -> list[Player]:
        """Let the generator move at the start of a round, rarely, then the critic."""
        every = AXES * self.numbers.rounds
        return [
            Player("generator", list(self.generator.parameters()), self.generator_loss, every),
            Player("critic", list(self.critics.parameters()), self.critic_loss),
        ]

    def f(self, x: Tensor) -> Tensor:
        """Make volumes (B, C, *S) of noise."""
        return self.generator(x)

    def generator_loss(self, draw: Draw) -> Tensor:
        """Take the critics' scores of all slices along all axes, their sign changed."""
        volumes_BCS = self.generator(draw.for_generator_BCS)
        losses = []
        with frozen(self.critics):
            for axis in range(AXES):
                scores = self.critic_of(axis)(self.judged(slices(volumes_BCS, axis)))
                losses.append(WASSERSTEIN.generator(scores))
        return torch.stack(losses).sum()

    def critic_loss(self, draw: Draw) -> Tensor:
        """Wasserstein loss and gradient penalty of one axis's critic."""
        if draw.axis == 0:
            with torch.no_grad():
                self.made_BCS.copy_(self.generator(draw.for_critic_BCS))
        critic = self.critic_of(draw.axis)
        made_NCHW = slices(self.made_BCS, draw.axis)
        real_BCHW = draw.real_BCHW
        loss = WASSERSTEIN.critic(critic(real_BCHW), critic(self.judged(made_NCHW)))
        between = gradient_penalty(critic, real_BCHW, some(made_NCHW, len(real_BCHW)))
        return loss + self.numbers.penalty * between

    def critic_of(self, axis: int) -> nn.Module:
        """Return the critic of the image normal to an axis."""
        return self.critics[min(axis, len(self.critics) - 1)]

    def judged(self, slices_NCHW: Tensor) -> Tensor:
        """Return the slices that the critic sees."""
        most = self.numbers.judged
        return slices_NCHW if most is None else some(slices_NCHW, most)

    def draws(self, pictures: Pictures, seed: int, device: torch.device) -> Callable[[int], Draw]:
        """Make the stream of a training: a function of the step."""
        batch, cells = self.numbers.batch, AXES * [LEAST_CELLS]

        def draw(step: int) -> Draw:
            number, axis = derived_seed(seed, 2, step), step % AXES
            random = np.random.default_rng(number)
            windows = [pictures.window(axis, random, self.side) for _ in range(batch)]
            real_BCHW = bounded(torch.cat(windows), pictures.meaning)
            noise = torch.randn(
                (2, batch, self.generator.noise, *cells),
                generator=torch.Generator().manual_seed(number),
            )
            return Draw(axis, real_BCHW.to(device), *noise.to(device))

        return draw


def bounded(x_BCS: Tensor, meaning: Meaning) -> Tensor:
    """Bring values of mean 0 and variance 1 between -1 and 1, of the images' least and most."""
    if meaning.kind == "phases":
        return x_BCS
    offset, scale = _columns(x_BCS, meaning)
    return 2 * (x_BCS * scale + offset - meaning.low) / (meaning.high - meaning.low) - 1


def standard(x_BCS: Tensor, meaning: Meaning) -> Tensor:
    """Undo `bounded`."""
    offset, scale = _columns(x_BCS, meaning)
    return ((x_BCS + 1) / 2 * (meaning.high - meaning.low) + meaning.low - offset) / scale


def _columns(x_BCS: Tensor, meaning: Meaning) -> tuple[Tensor, Tensor]:
    ones = (1,) * (x_BCS.ndim - 2)
    offset, scale = (x_BCS.new_tensor(v).view(-1, *ones) for v in (meaning.offset, meaning.scale))
    return offset, scale
