"""The method: a generator of volumes whose every slice should have the image's patches.

In the order of its steps:

1. The generator makes a box from noise (`Reconstruction.f`).
2. The box is cut into its slices along z, y and x (`slices`); a texture's box is its own slice.
3. Along each axis, random patches of the slices are compared with patches of the image that belongs
   to that axis by a sliced Wasserstein distance, at a random scale (`patch_distance`). Half of the
   directions have few taps: they are n-point statistics, on which surfaces depend. The slices of
   earlier steps are counted in, so that one box need not hold all that the image holds.
4. Later a critic looks at the slices too (`critic_loss`); what it finds wrong is added
   (`generator_loss`).

The idea of training on slices is SliceGAN's (Kench & Cooper, Nat. Mach. Intell. 3, 299, 2021).

Axes: B batch, C channels, S space of the box (ZYX), HW space of a slice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pearlite.nets.critic import PatchCritic
from pearlite.nets.pyramid import NoisePyramid, fast_layout
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.settings import Recipe
from pearlite.seeds import derived_seed
from pearlite.task import Player, Task
from pearlite.train.adversarial import NON_SATURATING, frozen, r1
from pearlite.train.sliced_wasserstein import shrink, sliced_wasserstein


@dataclass(frozen=True)
class Draw:
    """What one step looks at.

    Attributes
    ----------
    starts
        First voxel of the box along z, y and x.
    noise_BCS
        Of each level, the finest first.
    real_BCHW
        A window of the image normal to z, to y and to x.
    """

    starts: tuple[int, ...]
    noise_BCS: list[Tensor]
    real_BCHW: list[Tensor]


@dataclass
class Earlier:
    """Slices along z, y and x that the newest steps have made, for a `State` to keep."""

    most: int
    sets: list[list[Tensor]] = field(default_factory=list)

    def add(self, slices: list[Tensor]) -> None:
        """Take the slices of a step, and let go of the oldest."""
        self.sets = [*self.sets, slices][-self.most :] if self.most else []

    def state_dict(self) -> dict[str, Any]:
        """Return the slices."""
        return {"sets": self.sets}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take slices back."""
        self.sets = [list(slices) for slices in state["sets"]]


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
            PatchCritic(pictures.channels, generator=random) for _ in range(critics)
        )
        self.phases = pictures.meaning.kind == "phases"
        self.recipe, self.share = recipe, share
        self.earlier = Earlier(recipe.earlier)
        self._made: dict[int, Tensor] = {}

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
        made_BCS = self.generator(x.noise_BCS, x.starts)
        if not self.phases:
            return made_BCS
        shares_BCS = made_BCS.softmax(1)
        return straight_through(shares_BCS) if self.share() >= self.recipe.hard else shares_BCS

    def generator_loss(self, draw: Draw) -> Tensor:
        """How far the patches are from the images', and what the critic objects to."""
        box_BCS = self.f(draw)
        along = [slices(box_BCS, axis) for axis in range(3)]
        terms = [self.patch_distance(axis, along[axis], draw.real_BCHW[axis]) for axis in range(3)]
        loss = torch.stack(terms).mean()
        self._made = {}
        for axis, made in enumerate(along):
            if self.critic_plays() and self.wide_enough(made, draw.real_BCHW[axis]):
                made = fitting(some(made, self.recipe.judged), draw.real_BCHW[axis])
                with frozen(self.critics):
                    scores = self.critic_of(axis)(made)
                loss = loss + self.recipe.weight / 3 * NON_SATURATING.generator(scores)
                self._made[axis] = made.detach()
        self.earlier.add([some(s, self.recipe.kept).detach() for s in along])
        return loss

    def patch_distance(self, axis: int, made_BCHW: Tensor, real_BCHW: Tensor) -> Tensor:
        """Sliced Wasserstein distance of slices normal to an axis, at a random scale."""
        recipe = self.recipe
        side = min(*made_BCHW.shape[2:], *real_BCHW.shape[2:])
        fitting_patches = [pair for pair in recipe.patches if pair[0] * pair[1] <= side]
        scale, patch = fitting_patches[below(len(fitting_patches))]
        few = 2 + below(recipe.taps - 1) if float(torch.rand(())) < recipe.sparse else None
        top, left = below(scale), below(scale)
        earlier = [kept[axis] for kept in self.earlier.sets] if self.settled() else []
        whole = [s for s in earlier if min(s.shape[2:]) >= scale * patch]
        return sliced_wasserstein(
            shrink(some(made_BCHW, recipe.slices), scale),
            shrink(real_BCHW[:, :, top:, left:], scale),
            patch=patch,
            projections=recipe.directions,
            samples=recipe.samples,
            taps=few,
            earlier=[shrink(s, scale) for s in whole],
            generator=torch.default_generator,
        )

    def critic_loss(self, draw: Draw) -> Tensor:
        """Cross-entropy of the critic on windows of the images and on slices of the newest box."""
        terms = [weight.sum() * 0 for weight in self.critics.parameters()]
        for axis, made in self._made.items():
            critic, real = self.critic_of(axis), windows(draw.real_BCHW[axis], made)
            terms.append(NON_SATURATING.critic(critic(real), critic(made)) / 3)
        return torch.stack(terms).sum()

    def critic_slope(self, draw: Draw) -> Tensor:
        """R1 of the critic, of the mean of its scores."""
        terms = [weight.sum() * 0 for weight in self.critics.parameters()]
        for axis, made in self._made.items():
            critic, real = self.critic_of(axis), windows(draw.real_BCHW[axis], made)
            terms.append(self.recipe.slope / 3 * r1(lambda x, c=critic: c(x).mean((1, 2, 3)), real))
        return torch.stack(terms).sum()

    def critic_of(self, axis: int) -> nn.Module:
        """Return the critic of the image normal to an axis."""
        return self.critics[min(axis, len(self.critics) - 1)]

    def critic_plays(self) -> bool:
        """Whether it is late enough for the critic."""
        return len(self.critics) > 0 and self.share() >= self.recipe.critic

    def wide_enough(self, *images: Tensor) -> bool:
        """Whether images are at least as large as the critic's field."""
        field: Any = self.critics[0].field
        return all(min(image.shape[2:]) >= field for image in images)

    def settled(self) -> bool:
        """Whether it is late enough to count in what was made before."""
        return self.share() >= self.recipe.settled


def straight_through(shares_BCS: Tensor) -> Tensor:
    """Return 1 for the largest share at each place and 0 for the others, with the shares' gradient.

    Bengio, Léonard & Courville, arXiv 1308.3432. With soft shares a grey veil of a phase stands for
    its specks, and its surface is lost where the largest share wins in the end.
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


def windows(real_BCHW: Tensor, made_BCHW: Tensor) -> Tensor:
    """Draw as many windows of an image as there are slices, as large as them if it is."""
    tall, wide = real_BCHW.shape[2:]
    height, width = min(tall, made_BCHW.shape[2]), min(wide, made_BCHW.shape[3])
    corners = [(below(tall - height + 1), below(wide - width + 1)) for _ in made_BCHW]
    return torch.cat([real_BCHW[:, :, y : y + height, x : x + width] for y, x in corners])


def below(count: int) -> int:
    """Draw a number from 0 to count - 1 from torch's own generator, which the trainer seeds."""
    return int(torch.randint(count, ()))


def draws(
    pictures: Pictures, generator: NoisePyramid, recipe: Recipe, seed: int, device: torch.device
) -> Callable[[int], Draw]:
    """Make the stream of a training: a function of the step."""

    def draw(step: int) -> Draw:
        number = derived_seed(seed, 2, step)
        random = np.random.default_rng(number)
        torch_random = torch.Generator().manual_seed(number)
        long, short = recipe.box
        sides = [long] * generator.dims
        sides[int(random.integers(generator.dims))] = short
        starts = tuple(int(n) for n in random.integers(0, generator.grain, generator.dims))
        noise = [
            torch.randn(recipe.boxes, generator.noise, *shape, generator=torch_random)
            for shape in generator.noise_shapes(starts, sides)
        ]
        real = [pictures.window(axis, random).to(device) for axis in range(3)]
        return Draw(starts, [fast_layout(n.to(device)) for n in noise], real)

    return draw
