"""Crops to train on: where they lie, how they are turned, stretched and bent.

Axes: B batch, C channels, S space, that is HW of an image or DHW of a volume; N pixels.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.network.working import LINEAR, working_image, working_truth
from pearlite.recipes.segment.recipe import Recipe
from pearlite.seeds import derived_seed

REMEMBERED = 20_000  # labelled pixels a class and image among which a crop's middle is drawn

Vary = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]
"""Maps images (B, C, *S) and labels (B, *S) to others, drawing from the generator."""


@dataclass(frozen=True)
class Geometry:
    """How a crop may differ from the image in place and shape.

    Parameters
    ----------
    shape
        Share of the crops that are turned, stretched and bent; the others are only mirrored and
        turned by right angles, and keep the image's own pixels.
    stretch
        Standard deviation of the logarithm of the size.
    bend
        Standard deviation of the displacement in pixels, of a field with a knot every 32 pixels.
    balance
        Share of the crops whose middle is drawn from the classes evenly; of the others it is drawn
        from the labelled pixels evenly.
    outside
        Share of a crop's side that may lie beyond the border of the image, where it is mirrored.
    """

    shape: float = 0.5
    stretch: float = 0.15
    bend: float = 1.5
    balance: float = 0.3
    outside: float = 1.0


class Crops:
    """Batches of crops, as a function of the step.

    Parameters
    ----------
    examples
        Images with labels; they may differ in size.
    recipe
        Says scale, crop and symmetries.
    batch
        Crops a batch.
    geometry
        How crops are drawn.
    vary
        What happens to them then.
    seed
        With the step, determines a batch.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        recipe: Recipe,
        *,
        batch: int,
        geometry: Geometry,
        vary: Vary | None,
        seed: int,
    ) -> None:
        self.recipe, self.batch, self.geometry = recipe, batch, geometry
        self.vary, self.seed = vary, seed
        self.images = [working_image(e.image_CS, recipe.scale).half() for e in examples]
        self.truths = [working_truth(e.truth_S, recipe.scale) for e in examples]
        rng = torch.Generator().manual_seed(derived_seed(seed, 1))
        self.places = [_places(truth, recipe.classes, rng) for truth in self.truths]
        self.labelled = torch.tensor(
            [[float(count) for _, count in places] for places in self.places]
        )

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return images (B, C, *S) float32 and labels (B, *S) int64."""
        rng = torch.Generator().manual_seed(derived_seed(self.seed, 0, step))
        drawn = [self._draw(rng) for _ in range(self.batch)]
        x_BCS = torch.stack([image for image, _ in drawn])
        y_BS = torch.stack([truth for _, truth in drawn])
        if self.vary is not None:
            x_BCS, y_BS = self.vary(x_BCS, y_BS, rng)
        return x_BCS, y_BS

    def _draw(self, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        which, middle = self._middle(rng)
        image, truth = self.images[which], self.truths[which]
        dims, side = truth.ndim, self.recipe.crop
        axes = torch.linspace(-(side - 1) / 2, (side - 1) / 2, side)
        grid_Sd = torch.stack(torch.meshgrid(*dims * [axes], indexing="ij"), -1)
        bent = bool(torch.rand((), generator=rng) < self.geometry.shape)
        jitter = (torch.rand(dims, generator=rng) - 0.5) * side
        middle = self._inside(middle + jitter, truth).round() + (side + 1) % 2 / 2
        turn = _symmetry(dims, self.recipe.symmetries, rng)
        if bent:
            turn = turn @ self._shape(dims, rng)
            grid_Sd = grid_Sd + self._bending(dims, rng)
        place_Sd = grid_Sd @ turn.T + middle
        places = place_Sd.flatten(0, -2)
        first, last = places.amin(0).floor().int() - 1, places.amax(0).ceil().int() + 2
        box = [
            reflected(torch.arange(int(first[axis]), int(last[axis])), truth.shape[axis])
            for axis in range(dims)
        ]
        sides = torch.tensor([len(line) for line in box])
        unit_Sd = ((2 * (place_Sd - first) + 1) / sides - 1).flip(-1)[None]  # grid_sample: x first
        mode = "bilinear" if bent else "nearest"
        x_CS = _sample(_part(image, box)[None], unit_Sd, mode)[0]
        y_S = _sample(_part(truth, box)[None, None], unit_Sd, "nearest")[0, 0]
        return x_CS, y_S.long()

    def _inside(self, middle: Tensor, truth: Tensor) -> Tensor:
        """Move a crop's middle so far into the image that at most `outside` of it is beyond."""
        nearest = self.recipe.crop * (0.5 - self.geometry.outside)
        farthest = torch.tensor(truth.shape) - nearest
        return torch.maximum(torch.minimum(middle, farthest), torch.full_like(middle, nearest))

    def _middle(self, rng: torch.Generator) -> tuple[int, Tensor]:
        """Draw an image and a labelled pixel of it."""
        weights = self.labelled
        if torch.rand((), generator=rng) < self.geometry.balance:
            weights = weights / weights.sum(0, keepdim=True).clamp(min=1)
        which, number = divmod(
            int(torch.multinomial(weights.flatten(), 1, generator=rng)), self.recipe.classes
        )
        pixels_Nd, _ = self.places[which][number]
        chosen = int(torch.randint(len(pixels_Nd), (), generator=rng))
        return which, pixels_Nd[chosen].float()

    def _shape(self, dims: int, rng: torch.Generator) -> Tensor:
        """Draw a stretch, and a rotation as far as the symmetries allow."""
        normal = torch.randn(dims + 1, generator=rng)
        stretch = torch.diag(torch.exp(self.geometry.stretch * (normal[0] + 0.3 * normal[1:])))
        widest = math.pi if self.recipe.symmetries == "all" else math.radians(5)
        angle = float((torch.rand((), generator=rng) - 0.5) * 2 * widest)
        turn = torch.eye(dims)
        turn[-2:, -2:] = torch.tensor(
            [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        )
        return turn @ stretch

    def _bending(self, dims: int, rng: torch.Generator) -> Tensor:
        knots = max(2, self.recipe.crop // 32 + 1)
        coarse = torch.randn(1, dims, *dims * [knots], generator=rng) * self.geometry.bend
        sides = dims * [self.recipe.crop]
        return F.interpolate(coarse, sides, mode=LINEAR[dims], align_corners=True)[0].movedim(0, -1)


def _places(truth_S: Tensor, classes: int, rng: torch.Generator) -> list[tuple[Tensor, int]]:
    """Return for every class up to `REMEMBERED` of its pixels, (N, d), and how many it has."""
    places = []
    for number in range(classes):
        pixels_Nd = (truth_S == number).nonzero()
        count = len(pixels_Nd)
        if count > REMEMBERED:
            pixels_Nd = pixels_Nd[torch.randint(count, (REMEMBERED,), generator=rng)]
        places.append((pixels_Nd, count))
    return places


def _symmetry(dims: int, symmetries: str, rng: torch.Generator) -> Tensor:
    """Draw one of the allowed mirror images and turns, as a matrix of 0 and ±1."""
    matrix = torch.eye(dims)
    if symmetries == "all":
        signs = torch.randint(2, (dims,), generator=rng) * 2.0 - 1
        return (matrix * signs)[torch.randperm(dims, generator=rng)]
    if symmetries == "left-right" and torch.rand((), generator=rng) < 0.5:
        matrix[-1, -1] = -1
    return matrix


def reflected(indices: Tensor, length: int) -> Tensor:
    """Mirror indices at both ends of an axis until they lie on it; the end pixels appear twice."""
    indices = indices % (2 * length)
    return torch.where(indices < length, indices, 2 * length - 1 - indices)


def _part(values: Tensor, box: Sequence[Tensor]) -> Tensor:
    """Return the rows, columns … of the last axes, float32."""
    for axis, line in enumerate(reversed(box), start=1):
        values = values.index_select(values.ndim - axis, line)
    return values.float()


def _sample(values_BCS: Tensor, unit_BSd: Tensor, mode: str) -> Tensor:
    return F.grid_sample(values_BCS, unit_BSd, mode, "border", align_corners=False)


def labels_in(example: Example) -> int:
    """Return how many pixels of an example have a label."""
    return int((example.truth_S != UNLABELLED).sum())
