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

With a low-resolution volume, boxes lie at random places of it, the generator sees its voxels beside
the noise, and what is made must agree with them (`Agreement`).

The idea of training on slices is SliceGAN's (Kench & Cooper, Nat. Mach. Intell. 3, 299, 2021).

Axes: B batch, C channels, S space of the box (ZYX), HW space of a slice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pearlite.nets.pyramid import NoisePyramid, fast_layout
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.low_asked import Agreement
from pearlite.recipes.reconstruct.points import PointProbabilities
from pearlite.recipes.reconstruct.settings import Recipe
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.precision import has_fast_bfloat16
from pearlite.train.sliced_wasserstein import shrink, sliced_wasserstein

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
    """

    def __init__(
        self,
        generator: NoisePyramid,
        pictures: Pictures,
        recipe: Recipe,
    ) -> None:
        super().__init__()
        self.generator = generator
        self.phases = pictures.meaning.kind == "phases"
        self.recipe = recipe
        self.points = None
        if self.phases and recipe.points:
            self.points = PointProbabilities(
                pictures.channels,
                (pictures.windows(normal) for normal in range(pictures.different)),
            )
        self.agreement = None
        if pictures.low is not None:
            self.agreement = Agreement(pictures.low.encoding, pictures.meaning)

    def f(self, x: Draw) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Make the box of a draw: shares of the phases, or values (B, C, *S)."""
        device = x.noise_BCS[0].device.type
        fast = has_fast_bfloat16(device)
        with torch.autocast(device, torch.bfloat16, enabled=fast):
            made_BCS = self.generator(x.noise_BCS, x.starts).float()
        return made_BCS.softmax(1) if self.phases else made_BCS

    def loss(self, batch: Draw) -> Tensor:
        """How far the patches and the n-point probabilities are from the images'."""
        soft_BCS = self.f(batch)
        hard_BCS = straight_through(soft_BCS) if self.phases else soft_BCS
        terms, points = [], []
        for axis, real in enumerate(batch.real_BCHW):
            soft, hard = slices(soft_BCS, axis), slices(hard_BCS, axis)
            for patches in self.recipe.patches:
                terms.append(self.patch_distance(patches, soft, hard, real))
            if self.points is not None:
                points.append(self.points(axis, some(hard, self.recipe.counted)))
        loss = torch.stack(terms).mean()
        if points:
            loss = loss + self.recipe.points * torch.stack(points).mean()
        if self.agreement is not None and batch.low_CS is not None:
            loss = loss + self.recipe.agreement * self.agreement.loss(hard_BCS, batch.low_CS)
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


def straight_through(shares_BCS: Tensor) -> Tensor:
    """Return 1 for the largest share at each place and 0 for the others, with the shares' gradient.

    Bengio, Léonard & Courville, arXiv 1308.3432. Among neighbours, a grey veil of a phase would
    stand for its specks, whose surface is lost where the largest share wins in the end.
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
