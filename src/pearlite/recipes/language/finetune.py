"""Fine-tuning: a network that has learned goes on learning, whole or by adaptors of low rank.

The texts are new documents, or instructions of which only the answers are learned; the rest is the
same: AdamW at a low rate, and the weights of the best validation, the beginning included.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pearlite.data.batch import moved
from pearlite.data.packed import Windows
from pearlite.data.stream import in_order
from pearlite.errors import InputError
from pearlite.nets.lora import adapt, merge, trainable
from pearlite.recipes.language.answers import Answers
from pearlite.recipes.language.corpus import Corpus
from pearlite.recipes.language.instructions import Lessons, asked
from pearlite.recipes.language.train import WATCHED, budget_events
from pearlite.seeds import derived_seed
from pearlite.train.budget import Budget
from pearlite.train.distribute import replicate
from pearlite.train.history import Row
from pearlite.train.objectives import TokenPrediction, hidden_rows, hide
from pearlite.train.optimisers import adamw
from pearlite.train.state import State
from pearlite.train.trainer import Event, Trainer
from pearlite.train.validate import mean_loss

WIDTH_TIMES_RATE = 0.1  # the rate of a whole network, times its width
FASTER = 10  # times the rate, for adaptors
BATCH, TOKENS = 16, 8192  # windows or answers a step, and their tokens, at most

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Tuning:
    """How a network is fine-tuned.

    Attributes
    ----------
    rank
        Of the adaptors (LoRA, Hu et al., ICLR 2022); None: all weights learn.
    rate
        Of AdamW; None: that of `usual_rate`.
    batch
        Windows or answers a step.
    decay, clip, warm_up
        Of AdamW; of the budget over which the rate rises.

    Raises
    ------
    InputError
        If the rank, the rate or the batch is not positive.
    """

    rank: int | None = None
    rate: float | None = None
    batch: int = BATCH
    decay: float = 0.01
    clip: float = 1.0
    warm_up: float = 0.05

    def __post_init__(self) -> None:
        for name, given in (("rank", self.rank), ("rate", self.rate), ("batch", self.batch)):
            if given is not None and not given > 0:
                raise InputError(f"a {name} of {given} was asked for; give more than 0")


@dataclass(frozen=True)
class Material:
    """What is learned, and what is watched.

    Attributes
    ----------
    rows
        Maps the number of a step to tokens and targets, int64 ``(B, T)`` both.
    withheld
        Batches of the validation part.
    epoch
        Steps after which everything was seen.
    """

    rows: Callable[[int], Batch]
    withheld: Sequence[Batch]
    epoch: int


@dataclass(frozen=True)
class Tuned:
    """What comes out of a fine-tuning, beside the weights.

    Attributes
    ----------
    history
        As of `pearlite.recipes.language.train.Trained`.
    epoch
        Steps after which everything was seen.
    stopped
        Why it ended.
    before, after
        Validation loss of the network that it began from, and of the one that was kept, in nats.
    rate
        Of AdamW.
    learning, weights
        How many weights learned, and how many the network has.
    """

    history: list[Row]
    epoch: int
    stopped: str
    before: float
    after: float
    rate: float
    learning: int
    weights: int


def usual_rate(width: int, rank: int | None) -> float:
    """Return the rate of AdamW for a network of that width: the wider, the lower.

    See docs/language-weights.md for what was measured.
    """
    rate = WIDTH_TIMES_RATE / width
    return rate if rank is None else FASTER * rate


def usual_batch(context: int) -> int:
    """Return how many windows or answers a step has."""
    return max(1, min(BATCH, TOKENS // context))


def of_text(
    corpus: Corpus, context: int, batch: int, *, masked: bool, seed: int, device: torch.device
) -> Material:
    """Return a corpus as material: the next token, or hidden ones, of windows.

    Raises
    ------
    InputError
        If the text is shorter than a window.
    """
    windows = Windows(corpus.train, context, batch, seed=seed, device=device)
    withheld = corpus.validation.spread(context, max(1, WATCHED // context))
    rows: Callable[[int], Batch] = windows
    if masked:
        generator = torch.Generator().manual_seed(derived_seed(seed, 3))
        withheld = hide(withheld[0], corpus.tokeniser, generator)
        rows = hidden_rows(windows, corpus.tokeniser, seed)
    return Material(rows, in_order(moved(withheld, device), batch), windows.epoch)


def of_answers(
    train: Answers, validation: Answers, batch: int, *, seed: int, device: torch.device
) -> Material:
    """Return instructions as material, of which only the answers are learned and watched."""
    lessons = Lessons(train, batch, seed=seed, device=device)
    most = max(1, WATCHED // validation.tokens_BT.shape[1])
    rows = asked(Answers(validation.tokens_BT[:most], validation.own_BT[:most]))
    return Material(lessons, in_order(moved(rows, device), batch), lessons.epoch)


def tune(
    network: nn.Module,
    width: int,
    material: Material,
    tuning: Tuning,
    *,
    seed: int,
    seconds: float,
    steps: int | None = None,
    device: torch.device,
    state: State | None = None,
    events: dict[str, list[Event]] | None = None,
    progress: bool = False,
) -> Tuned:
    """Let a network go on learning; the best weights are in it in the end, adaptors merged.

    Parameters
    ----------
    network
        On any device; it is on `device` afterwards.
    width
        Features of a token, from which the usual rate follows.
    material
        What it learns from, and what it is watched on.
    tuning
        How.
    seed, seconds, steps, state, events, progress
        As of `pearlite.recipes.language.train.train`.
    device
        Where to compute.

    Raises
    ------
    InputError
        If the loss is not finite.
    KeyboardInterrupt
        After Ctrl-C; the state is saved.
    """
    weights = sum(parameter.numel() for parameter in network.parameters())
    if tuning.rank is not None:
        adapt(network, tuning.rank, generator=torch.Generator().manual_seed(derived_seed(seed, 4)))
    learning, _ = trainable(network)
    rate = usual_rate(width, tuning.rank) if tuning.rate is None else tuning.rate
    task = replicate(TokenPrediction(network).to(device))
    budget = Budget(seconds, steps, tuning.warm_up)
    first = First()
    if state is not None:
        state.also |= {"budget": budget, "first": first}
    following = budget_events(budget, progress, events)
    trainer = Trainer(
        task,
        optimiser=adamw(rate, tuning.decay, tuning.clip),
        validate=mean_loss(material.withheld),
        every=2**62,
        seed=seed,
        precision="auto",
        state=state,
        events={**following, "start": [first.keep, *following["start"]]},
    )
    trainer.fit(material.rows, resume=state is not None)
    merge(network)
    network.requires_grad_(True)
    return Tuned(
        trainer.history,
        material.epoch,
        trainer.stopped,
        first.loss,
        trainer.best,
        rate,
        learning,
        weights,
    )


class First:
    """The network before its first step, which is kept if no later one is better.

    Attributes
    ----------
    loss : float
        Its validation loss.
    """

    def __init__(self) -> None:
        self.loss = float("nan")

    def keep(self, trainer: Trainer) -> None:
        """Validate it, before anything is learned: a ``"start"`` event."""
        if trainer.step or trainer.validate is None:
            return
        trainer.task.eval()
        with torch.inference_mode():
            self.loss = trainer.validate(trainer.task)["val_loss"]
        weights = trainer.task.state_dict()
        trainer.best, trainer.best_step = self.loss, 0
        trainer.best_weights = {name: tensor.clone() for name, tensor in weights.items()}

    def state_dict(self) -> dict[str, float]:
        """Return its loss, for a `State` to keep."""
        return {"loss": self.loss}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Take the loss of the training that goes on."""
        self.loss = state["loss"]
