"""The method: a generator of volumes whose every slice should have the image's patches.

In the order of its steps:

1. The generator makes a box from noise (`Reconstruction.f`).
2. The box is cut into its slices along z, y and x (`slices`); a texture's box is its own slice.
3. Along each axis, random patches of the slices are compared with patches of the image that belongs
   to that axis by a sliced Wasserstein distance: neighbours, wider patches and coarse ones, one of
   each at a step (`patch_distance`). Most directions have few taps: they are n-point statistics, on
   which surfaces depend.
4. What the boxes hold on average of n-point probabilities is brought to the image's
   (`PointProbabilities`).
5. Critics look at the slices too, as they are and at half the size (`critic_loss`); what they find
   wrong is added (`generator_loss`). They see in each voxel the phase that it will have in the end.

With a low-resolution volume, boxes lie at random places of it, the generator sees its voxels beside
the noise, and what is made must agree with them (`Agreement`).

The idea of training on slices is SliceGAN's (Kench & Cooper, Nat. Mach. Intell. 3, 299, 2021).

Axes: B batch, C channels, S space of the box (ZYX), HW space of a slice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pearlite.nets.critic import PatchCritic
from pearlite.nets.pyramid import NoisePyramid, fast_layout
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.low_asked import Agreement
from pearlite.recipes.reconstruct.points import PointProbabilities
from pearlite.recipes.reconstruct.settings import Recipe
from pearlite.seeds import derived_seed
from pearlite.task import Player, Task
from pearlite.train.adversarial import NON_SATURATING, frozen, r1
from pearlite.train.precision import has_fast_bfloat16
from pearlite.train.sliced_wasserstein import shrink, sliced_wasserstein

SCALES = (1, 2)
"""Pixels that critics see as one."""
HARD = 3  # pixels a side of the patches, at most, that are compared as hard voxels


@dataclass(frozen=True)
class Draw:
    """What one step looks at.

    Attributes
    ----------
    starts
        First voxel of the box along z, y and x.
    noise_BCS
        Of each level, the finest first; with the channels of a low-resolution volume.
    real_BCHW
        A window of the image normal to z, to y and to x.
    low_CS
        Channels of the low-resolution volume's voxels in the box.
    """

    starts: tuple[int, ...]
    noise_BCS: list[Tensor]
    real_BCHW: list[Tensor]
    low_CS: Tensor | None = None


class Reconstruction(Task):
    """Noise → a box of material; see the top of the page.

    Parameters
    ----------
    generator
        The network that is wanted in the end.
    pictures
        What it learns from; kept out of the weights.
    recipe
        The numbers of the method.
    share
        Tells which share of the budget is spent after so many steps.
    seed
        Of the critics' weights.
    """

    def __init__(
        self,
        generator: NoisePyramid,
        pictures: Pictures,
        recipe: Recipe,
        share: Callable[[], float],
        seed: int,
    ) -> None:
        super().__init__()
        self.generator = generator
        random = torch.Generator().manual_seed(derived_seed(seed, 1))
        critics = pictures.different if recipe.critic < 1 else 0
        self.critics = nn.ModuleList(
            PatchCritic(pictures.channels, widths=recipe.looks, generator=random)
            for _ in range(critics * len(SCALES))
        )
        self.phases = pictures.meaning.kind == "phases"
        self.recipe, self.share = recipe, share
        self.points = None
        if self.phases and recipe.points:
            self.points = PointProbabilities(
                pictures.channels,
                (pictures.windows(normal) for normal in range(pictures.different)),
            )
        self.agreement = None
        if pictures.low is not None:
            self.agreement = Agreement(pictures.low.encoding, pictures.meaning)
        self._made: dict[tuple[int, int], Tensor] = {}

    def players(self) -> list[Player]:
        """Let the generator move, then the critic, who judges the box that was just made."""
        players = [Player("generator", list(self.generator.parameters()), self.generator_loss)]
        if len(self.critics):
            weights = list(self.critics.parameters())
            players.append(
                Player("critic", weights, self.critic_loss, penalty=self.critic_slope, lazy=8)
            )
        return players

    def f(self, x: Draw) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Make the box of a draw: shares of the phases, or values (B, C, *S)."""
        device = x.noise_BCS[0].device.type
        fast = has_fast_bfloat16(device)
        with torch.autocast(device, torch.bfloat16, enabled=fast):
            made_BCS = self.generator(x.noise_BCS, x.starts).float()
        return made_BCS.softmax(1) if self.phases else made_BCS

    def generator_loss(self, draw: Draw) -> Tensor:
        """How far the patches are from the images', and what the critics object to."""
        soft_BCS = self.f(draw)
        hard_BCS = straight_through(soft_BCS) if self.phases else soft_BCS
        terms, points, objections, self._made = [], [], [], {}
        for axis, real in enumerate(draw.real_BCHW):
            soft, hard = slices(soft_BCS, axis), slices(hard_BCS, axis)
            for patches in self.recipe.patches:
                terms.append(self.patch_distance(patches, soft, hard, real))
            if self.points is not None:
                points.append(self.points(axis, some(hard, self.recipe.counted)))
            for scale in SCALES if self.critic_plays() else ():
                made = shrink(fitting(some(hard, self.recipe.judged), real), scale)
                critic = self.critic_of(axis, scale)
                if min(made.shape[2:]) < critic.field:
                    continue
                with frozen(critic):
                    objections.append(NON_SATURATING.generator(critic(made)))
                self._made[axis, scale] = made.detach()
        loss = torch.stack(terms).mean()
        if points:
            loss = loss + self.recipe.points * torch.stack(points).mean()
        if self.agreement is not None and draw.low_CS is not None:
            loss = loss + self.recipe.agreement * self.agreement.loss(hard_BCS, draw.low_CS)
        if objections:
            loss = loss + self.recipe.weight * torch.stack(objections).sum() / len(draw.real_BCHW)
        return loss

    def patch_distance(
        self, patches: Sequence[tuple[int, int]], soft: Tensor, hard: Tensor, real: Tensor
    ) -> Tensor:
        """Sliced Wasserstein distance of slices (B, C, H, W) for one of some (scale, side)."""
        recipe = self.recipe
        room = min(*soft.shape[2:], *real.shape[2:])
        fitting_patches = [pair for pair in patches if pair[0] * pair[1] <= room]
        if not fitting_patches:
            return soft.sum() * 0
        scale, side = fitting_patches[below(len(fitting_patches))]
        few = 2 + below(recipe.taps - 1) if float(torch.rand(())) < recipe.sparse else None
        top, left = below(scale), below(scale)
        made = hard if scale * side <= HARD else soft
        return sliced_wasserstein(
            shrink(some(made, recipe.slices), scale),
            shrink(real[:, :, top:, left:], scale),
            patch=side,
            projections=recipe.directions * scale,
            samples=recipe.samples,
            taps=few,
            generator=torch.default_generator,
        )

    def critic_loss(self, draw: Draw) -> Tensor:
        """Cross-entropy of the critics on windows of the images and on slices of the newest box."""
        return self.over_looks(
            draw, lambda critic, real, made: NON_SATURATING.critic(critic(real), critic(made))
        )

    def critic_slope(self, draw: Draw) -> Tensor:
        """R1 of the critics, of the means of their scores."""
        return self.recipe.slope * self.over_looks(
            draw, lambda critic, real, _: r1(lambda x: critic(x).mean((1, 2, 3)), real)
        )

    def over_looks(
        self, draw: Draw, loss: Callable[[PatchCritic, Tensor, Tensor], Tensor]
    ) -> Tensor:
        """Sum a loss of critic, real and made over what critics have just seen, over the axes."""
        total = torch.stack([weight.sum() * 0 for weight in self.critics.parameters()]).sum()
        for (axis, scale), made in self._made.items():
            height, width = (scale * side for side in made.shape[2:])
            real = shrink(windows(draw.real_BCHW[axis], len(made), height, width), scale)
            total = total + loss(self.critic_of(axis, scale), real, made) / len(draw.real_BCHW)
        return total

    def critic_of(self, axis: int, scale: int) -> PatchCritic:
        """Return the critic of the image normal to an axis, at a scale."""
        each = len(self.critics) // len(SCALES)
        critic: Any = self.critics[SCALES.index(scale) * each + min(axis, each - 1)]
        return critic

    def critic_plays(self) -> bool:
        """Whether it is late enough for the critics."""
        return len(self.critics) > 0 and self.share() >= self.recipe.critic


def straight_through(shares_BCS: Tensor) -> Tensor:
    """Return 1 for the largest share at each place and 0 for the others, with the shares' gradient.

    Bengio, Léonard & Courville, arXiv 1308.3432. Critics would tell soft shares from labels at a
    glance, and learn nothing else; and among neighbours, a grey veil of a phase would stand for its
    specks, whose surface is lost where the largest share wins in the end.
    """
    largest_BS = shares_BCS.argmax(1, keepdim=True)
    hard_BCS = torch.zeros_like(shares_BCS).scatter_(1, largest_BS, 1.0)
    return hard_BCS + shares_BCS - shares_BCS.detach()


def slices(box_BCS: Tensor, axis: int) -> Tensor:
    """Cut a box into its slices normal to an axis: (B, C, H, W); a flat box is its own."""
    return box_BCS if box_BCS.ndim == 4 else box_BCS.movedim(2 + axis, 1).flatten(0, 1)


def some(x_BCHW: Tensor, count: int) -> Tensor:
    """Return at most `count` random ones of a set."""
    return x_BCHW if len(x_BCHW) <= count else x_BCHW[torch.randperm(len(x_BCHW))[:count]]


def fitting(x_BCHW: Tensor, other_BCHW: Tensor) -> Tensor:
    """Crop images to the size of others, where they are larger."""
    return x_BCHW[:, :, : other_BCHW.shape[2], : other_BCHW.shape[3]]


def windows(real_BCHW: Tensor, count: int, height: int, width: int) -> Tensor:
    """Draw some windows of an image, as large as asked for if it is."""
    tall, wide = real_BCHW.shape[2:]
    height, width = min(tall, height), min(wide, width)
    corners = [(below(tall - height + 1), below(wide - width + 1)) for _ in range(count)]
    return torch.cat([real_BCHW[:, :, y : y + height, x : x + width] for y, x in corners])


def below(count: int) -> int:
    """Draw a number from 0 to count - 1 from torch's own generator, which the trainer seeds."""
    return int(torch.randint(count, ()))


def draws(
    pictures: Pictures, generator: NoisePyramid, recipe: Recipe, seed: int, device: torch.device
) -> Callable[[int], Draw]:
    """Make the stream of a training: a function of the step."""
    low = pictures.low

    def draw(step: int) -> Draw:
        number = derived_seed(seed, 2, step)
        random = np.random.default_rng(number)
        torch_random = torch.Generator().manual_seed(number)
        long, short = recipe.box
        sides = [long] * generator.dims
        sides[int(random.integers(generator.dims))] = short
        if low is None:
            starts = tuple(int(n) for n in random.integers(0, generator.grain, generator.dims))
        else:
            starts = low.place(sides, random)
        noise = [
            torch.randn(recipe.boxes, generator.noise, *shape, generator=torch_random)
            for shape in generator.noise_shapes(starts, sides)
        ]
        real = [pictures.window(axis, random).to(device) for axis in range(3)]
        there = [fast_layout(n.to(device)) for n in noise]
        if low is None:
            return Draw(starts, there, real)
        ends = [(a, a + n) for a, n in zip(starts, sides, strict=True)]
        factor = low.encoding.factor
        inside = low.cells([(a // factor, b // factor) for a, b in ends]).to(device)
        both = low.beside(there, [generator.spans(*span) for span in ends])
        return Draw(starts, both, real, inside)

    return draw
