"""Train a material from images in a budget of CPU seconds."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from pearlite.nets.pyramid import NoisePyramid
from pearlite.recipes.reconstruct.fraction import find_bias, sampled_logits
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.reconstruct.settings import Recipe, recipe_for
from pearlite.recipes.reconstruct.task import Reconstruction, draws
from pearlite.seeds import derived_seed
from pearlite.train.budget import Budget
from pearlite.train.history import Row
from pearlite.train.moving import MovingWeights
from pearlite.train.optimisers import MakeOptimiser
from pearlite.train.state import State
from pearlite.train.trainer import Event, Trainer

RATES = {"generator": 2e-3, "critic": 1e-3}
BETAS = (0.0, 0.99)
REMEMBERED = 200  # steps that count most in the averaged weights
ROWS = 20  # rows of the history


@dataclass(frozen=True)
class Trained:
    """What comes out of a training.

    Attributes
    ----------
    material
        With the averaged weights.
    history
        Rows with the step, the seconds and the mean losses since the row before.
    """

    material: Material
    history: list[Row]


def train(
    pictures: Pictures,
    *,
    seed: int,
    seconds: float = 300.0,
    steps: int | None = None,
    recipe: Recipe | None = None,
    state: State | None = None,
    events: dict[str, list[Event]] | None = None,
    progress: str | None = None,
    device: str = "auto",
) -> Trained:
    """Train a generator whose slices have the images' patches.

    Parameters
    ----------
    pictures
        What it learns from.
    seed
        Determines weights and what each step looks at.
    seconds
        CPU seconds of the training. As a time decides, two trainings with the same seed differ.
    steps
        Updates, where they and not the time shall decide: then the seed determines everything.
    recipe
        The numbers of the method; chosen by the images unless given.
    state
        Where the training is kept, and taken up again if it was interrupted.
    events
        Further events of the trainer, such as previews; ``trainer.task.generator`` is what learns.
    progress
        What the progress bar says; no bar where None.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` …

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C; the state is saved.
    """
    recipe = recipe or recipe_for(pictures)
    where = torch.device(
        ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    )
    generator = NoisePyramid(
        pictures.channels,
        widths=recipe.widths,
        noise=recipe.noise,
        generator=torch.Generator().manual_seed(derived_seed(seed, 0)),
    )
    budget = Budget(seconds, steps)
    trainer: Trainer

    def share() -> float:
        return budget.share(trainer.step)

    task = Reconstruction(generator, pictures, recipe, share, seed).to(where)
    averages = MovingWeights(task, REMEMBERED, part="generator")
    if state is not None:
        state.also |= {"budget": budget, "averages": averages, "earlier": task.earlier}
    given = events or {}
    trainer = Trainer(
        task,
        optimiser={p.name: _adam(RATES[p.name]) for p in task.players()},
        every=2**62,
        keep="last",
        seed=seed,
        state=state,
        events={
            "start": [budget.follow, *given.get("start", [])],
            "step": [averages.follow, budget.follow, rows(budget), *given.get("step", [])],
            "validate": given.get("validate", []),
            "end": [averages.settle, *given.get("end", [])],
        },
        progress=progress,
    )
    trainer.fit(draws(pictures, generator, recipe, seed, where), resume=state is not None)
    material = calibrated(generator, pictures, recipe.calibrated, derived_seed(seed, 3))
    return Trained(material, trainer.history)


def calibrated(generator: NoisePyramid, pictures: Pictures, side: int, seed: int) -> Material:
    """Make a material of a generator; in a cube of that side its fractions are the images'."""
    material = Material(generator.eval().requires_grad_(False), pictures.meaning)
    if pictures.meaning.kind != "phases":
        return material
    logits_KN = sampled_logits(material, (side,) * 3, seed, (None,) * 3)
    wanted = dict(enumerate(pictures.shares()))
    wanted.pop(max(wanted, key=lambda phase: wanted[phase]))
    bias = find_bias(logits_KN, wanted)
    return replace(material, bias=tuple(bias.tolist()))


def rows(budget: Budget) -> Callable[[Trainer], None]:
    """Make an event that adds a row to the history at equal shares of the budget."""

    def judge(trainer: Trainer) -> None:
        if len(trainer.history) < int(budget.share(trainer.step) * ROWS):
            trainer.judge()

    return judge


def _adam(rate: float) -> MakeOptimiser:
    return lambda parameters: torch.optim.Adam(parameters, lr=rate, betas=BETAS, fused=True)
