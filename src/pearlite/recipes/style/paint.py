"""Paint a content with the patches of a reference: its pixels descend on their distance.

What is learned is the image itself. The loss is the sliced Wasserstein distance between its patches
and the reference's (Heitz et al., CVPR 2021; here on the grey values, so that no pretrained network
is needed), at all scales at once and state by state (`classes.py`), plus a content term: how far
the blurred image has moved from where it started.

Axes: B = 1 batch, C channels, H rows, W columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from pearlite.errors import InputError
from pearlite.recipes.style.patches import Kind, Piece, distances, mean_distance
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.history import Row
from pearlite.train.optimisers import adam
from pearlite.train.schedule import cosine
from pearlite.train.state import State
from pearlite.train.trainer import Trainer

RATE = 0.1  # of the reference's standard deviation; falls to 0 along a cosine
PROJECTIONS = 32
SAMPLES, SPARSENESS = 6000, 40  # patches a step at least, and pixels a patch in larger images
BLUR = 2.0  # pixels, width of the Gaussian of the content term
STEPS = {"fast": 60, "balanced": 150, "best": 500}


@dataclass(frozen=True)
class Budget:
    """How much is done.

    Parameters
    ----------
    steps
        Updates of the image; ``None`` if there is a time.
    minutes
        Time for an image instead.
    """

    steps: int | None
    minutes: float | None


class Painting(Task):
    """An image that takes on the patches of a reference."""

    def __init__(
        self,
        start: Piece,
        reference: Sequence[Piece],
        kinds: Sequence[Kind],
        strength: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.image_BCHW = nn.Parameter(start.image_BCHW.clone())
        self.states_BCHW, self.reference, self.kinds = start.states_BCHW, reference, kinds
        self.content_BCHW = blur(start.image_BCHW)
        self.strength, self.seed = strength, seed
        self.samples = max(SAMPLES, start.pixels // SPARSENESS)

    def loss(self, batch: int) -> Tensor:
        """Distance of the patches in step `batch`, and of the blurred image from the content's."""
        generator = torch.Generator().manual_seed(derived_seed(self.seed, batch))
        painted = [Piece(self.image_BCHW, self.states_BCHW)]
        terms = [
            mean_distance(
                distances(
                    painted,
                    self.reference,
                    kind,
                    projections=PROJECTIONS,
                    samples=self.samples,
                    generator=generator,
                )
            )
            for kind in self.kinds
        ]
        known = [term for term in terms if term is not None]
        if not known:
            raise InputError(
                "no patch of the content shows what one of the reference shows; give a larger "
                "reference, or say with labels which phase is which"
            )
        style = torch.stack(known).sum()
        if self.strength == 1:
            return style
        moved = (blur(self.image_BCHW) - self.content_BCHW).square().mean()
        return self.strength * style + (1 - self.strength) * len(self.kinds) * moved


def paint(
    start: Piece,
    reference: Sequence[Piece],
    kinds: Sequence[Kind],
    *,
    strength: float,
    budget: Budget,
    seed: int,
    state: Path | None = None,
    progress: bool = False,
) -> tuple[Tensor, list[Row]]:
    """Paint an image.

    Parameters
    ----------
    start
        Where it begins: the content in the reference's greys.
    reference
        Where the patches come from.
    kinds
        Which patches.
    strength
        Share of the style in the loss, from 0 to 1; the rest is the content's.
    budget
        How much is done.
    seed
        Of the directions and of where the patches lie. The same seed gives the same image, unless
        the budget is a time.
    state
        A folder in which the painting keeps where it is, and from which it goes on.
    progress
        Draw a progress bar.

    Returns
    -------
    Tensor
        The image ``(C, H, W)``.
    list of dict
        The loss on the way.
    """
    task = Painting(start, reference, kinds, strength, seed).to(start.image_BCHW.device)
    schedule = cosine(steps=budget.steps, minutes=budget.minutes, warm_up=1)
    trainer = Trainer(
        task,
        optimiser=adam(RATE, betas=(0.9, 0.99)),
        every=10,
        keep="last",
        seed=seed,
        state=None if state is None else State(state, seconds=30),
        events={"start": [schedule], "step": [schedule]},
        progress="Painting" if progress else None,
    )
    history = trainer.fit(int, steps=budget.steps, minutes=budget.minutes, resume=state is not None)
    return task.image_BCHW.detach()[0], history


def blur(image_BCHW: Tensor) -> Tensor:
    """Blur by a Gaussian of `BLUR` pixels; the border is continued by its pixels."""
    reach = round(3 * BLUR)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1) ** 2) / (2 * BLUR**2))
    kernel = (kernel / kernel.sum()).to(image_BCHW).expand(image_BCHW.shape[1], 1, -1)
    padded = functional.pad(image_BCHW, (reach,) * 4, mode="replicate")
    channels = image_BCHW.shape[1]
    rows = functional.conv2d(padded, kernel[:, :, None, :], groups=channels)
    return functional.conv2d(rows, kernel[:, :, :, None], groups=channels)
