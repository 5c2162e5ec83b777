"""Train a material from images in a budget of CPU seconds."""

from dataclasses import dataclass, replace

import torch

from pearlite.nets.pyramid import NoisePyramid
from pearlite.recipes.reconstruct.fraction import bias_for, sampled_logits
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.reconstruct.settings import Recipe, recipe_for
from pearlite.recipes.reconstruct.start import Start, nearest_starts
from pearlite.recipes.reconstruct.task import Reconstruction, draws
from pearlite.recipes.reconstruct.watch import HALF, RUNNING, Watch, is_near
from pearlite.seeds import derived_seed
from pearlite.train.budget import Budget
from pearlite.train.device import device_of
from pearlite.train.history import Row
from pearlite.train.moving import MovingWeights
from pearlite.train.optimisers import adam
from pearlite.train.rows import Rows
from pearlite.train.state import State
from pearlite.train.threads import one_thread
from pearlite.train.trainer import Event, Trainer

RATE = 2e-3
BETAS = (0.0, 0.99)
REMEMBERED = 200  # steps that count most in the averaged weights


@dataclass(frozen=True)
class Trained:
    """What comes out of a training.

    Attributes
    ----------
    material
        With the averaged weights.
    history
        Rows with the step, the seconds and the mean losses since the row before, and what was
        watched.
    near
        Share of the budget at which it was seen to be near enough; None where that did not end it.
    starts
        What the generator began with.
    """

    material: Material
    history: list[Row]
    near: float | None
    starts: list[Start]


def train(
    pictures: Pictures,
    *,
    seed: int,
    seconds: float = 300.0,
    steps: int | None = None,
    recipe: Recipe | None = None,
    state: State | None = None,
    events: dict[str, list[Event]] | None = None,
    watch: Watch | None = None,
    until: str = "budget",
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
    watch
        Measures the averaged weights at each row of the history.
    until
        ``"inside"`` ends the training once what is watched is near enough to the images (see
        `pearlite.recipes.reconstruct.watch`); ``"budget"`` does not.
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
    where = device_of(device)
    starts: list[Start] = []
    if recipe.patterns:
        with one_thread():
            starts = nearest_starts(pictures, len(recipe.widths))
    generator = NoisePyramid(
        pictures.channels,
        widths=recipe.widths,
        noise=recipe.noise,
        dims=pictures.dims,
        condition=None if pictures.low is None else pictures.low.encoding.condition,
        patterns=[start.pattern for start in starts],
        generator=torch.Generator().manual_seed(derived_seed(seed, 0)),
    )
    if starts:
        generator.begin_inside([s.phase for s in starts], [s.least for s in starts])
    budget = Budget(seconds, steps)
    task = Reconstruction(generator, pictures, recipe).to(where)
    averages = MovingWeights(task, REMEMBERED, part="generator")
    if state is not None:
        state.also |= {"budget": budget, "averages": averages}
        state.also |= {} if watch is None else {"watch": watch}
    given, due = events or {}, Rows(budget)
    ending = [ends_near(budget, due.count)] if until == "inside" else []
    trainer = Trainer(
        task,
        optimiser=adam(RATE, betas=BETAS),
        validate=None if watch is None else lambda _: watch.measure(averages.task),
        every=2**62,
        keep="last",
        seed=seed,
        state=state,
        events={
            "start": [budget.follow, due.begin, *given.get("start", [])],
            "step": [averages.follow, budget.follow, due.follow, *given.get("step", [])],
            "validate": [*ending, *given.get("validate", [])],
            "end": [averages.settle, *given.get("end", [])],
        },
        progress=progress,
    )
    with one_thread():  # two take 1.6 times the CPU seconds of a step for 0.8 of its time, or worse
        trainer.fit(draws(pictures, generator, recipe, seed, where), resume=state is not None)
    material = calibrated(generator, pictures, recipe.calibrated, derived_seed(seed, 3))
    return Trained(material, trainer.history, budget.hurried, starts)


def calibrated(generator: NoisePyramid, pictures: Pictures, side: int, seed: int) -> Material:
    """Make a material of a generator; in a cube of that side its fractions are the images'.

    Beside a low-resolution volume they stay as they are: it says itself how much there is.
    """
    low = pictures.low
    material = Material(generator.eval().requires_grad_(False), pictures.meaning, low=low)
    if pictures.meaning.kind != "phases" or low is not None:
        return material
    dims = pictures.dims
    logits_KN = sampled_logits(material, (side,) * dims, seed, (None,) * dims)
    bias = bias_for(logits_KN, pictures.shares().tolist())
    return replace(material, bias=tuple(bias.tolist()))


def ends_near(budget: Budget, rows: int) -> Event:
    """Make a ``"validate"`` event that hurries to the end once rows of the second half are near."""

    def judge(trainer: Trainer) -> None:
        late = budget.share(trainer.step) >= HALF + (RUNNING - 1) / rows
        if late and is_near(trainer.history):
            budget.hurry(trainer.step)

    return judge
