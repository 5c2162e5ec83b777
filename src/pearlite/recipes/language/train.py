"""Train a network on tokens in a budget of CPU seconds."""

from dataclasses import dataclass

import torch
from torch import nn

from pearlite.data.batch import moved
from pearlite.data.packed import Windows
from pearlite.data.stream import in_order
from pearlite.recipes.language.corpus import Corpus
from pearlite.recipes.language.settings import Recipe
from pearlite.see.budget_bar import budget_bar
from pearlite.seeds import derived_seed
from pearlite.train.budget import Budget
from pearlite.train.distribute import replicate
from pearlite.train.history import Row
from pearlite.train.objectives import TokenPrediction, hidden_rows, hide
from pearlite.train.rows import Rows
from pearlite.train.state import State
from pearlite.train.trainer import EVENTS, Event, Trainer
from pearlite.train.validate import mean_loss

WATCHED = 16_384  # tokens of the validation part that each row of the history is measured on


@dataclass(frozen=True)
class Trained:
    """What comes out of a training, beside the weights.

    Attributes
    ----------
    history
        Rows with the step, the seconds, the mean loss since the row before and the loss of some
        of the validation part, in nats a token.
    epoch
        Steps after which all of the text was seen.
    stopped
        Why it ended.
    """

    history: list[Row]
    epoch: int
    stopped: str


def train(
    network: nn.Module,
    corpus: Corpus,
    recipe: Recipe,
    *,
    masked: bool,
    seed: int,
    seconds: float,
    steps: int | None = None,
    device: torch.device,
    state: State | None = None,
    events: dict[str, list[Event]] | None = None,
    progress: bool = False,
) -> Trained:
    """Train a network; the weights of the best validation are in it in the end.

    Parameters
    ----------
    network
        On any device; it is on `device` afterwards.
    corpus
        What it learns from, and what it is watched on.
    recipe
        The numbers of the training.
    masked
        Whether hidden tokens are predicted instead of the next ones.
    seed
        Determines what each step sees.
    seconds
        CPU seconds of the training. As a time decides, two trainings with the same seed differ.
    steps
        Updates, where they and not the time shall decide: then the seed determines everything.
    state
        Where the training is kept, and taken up again if it was interrupted.
    events
        Further events of the trainer.
    progress
        Draw a progress bar.

    Raises
    ------
    InputError
        If the text is shorter than the context.
    KeyboardInterrupt
        After Ctrl-C; the state is saved.
    """
    context, tokeniser = recipe.network["context"], corpus.tokeniser
    windows = Windows(corpus.train, context, recipe.batch, seed=seed, device=device)
    withheld = corpus.validation.spread(context, max(1, WATCHED // context))
    if masked:
        generator = torch.Generator().manual_seed(derived_seed(seed, 3))
        withheld = hide(withheld[0], tokeniser, generator)
    task = replicate(TokenPrediction(network).to(device))
    budget = Budget(seconds, steps, recipe.warm_up, linear=True)
    if state is not None:
        state.also["budget"] = budget
    trainer = Trainer(
        task,
        optimiser=recipe.optimiser(network),
        validate=mean_loss(in_order(moved(withheld, device), recipe.batch)),
        every=2**62,
        seed=seed,
        precision="auto",
        state=state,
        events=budget_events(budget, progress, events),
    )
    trainer.fit(
        hidden_rows(windows, tokeniser, seed) if masked else windows,
        resume=state is not None,
    )
    return Trained(trainer.history, windows.epoch, trainer.stopped)


def budget_events(
    budget: Budget, progress: bool, further: dict[str, list[Event]] | None = None
) -> dict[str, list[Event]]:
    """Return the events of a training with a budget: its rows, its bar, and further ones."""
    rows, bar = Rows(budget), budget_bar(budget, "Learning", progress)
    own = {"start": [budget.follow, rows.begin], "step": [budget.follow, rows.follow]}
    each = (own, bar, further or {})
    return {name: [event for some in each for event in some.get(name, [])] for name in EVENTS}
