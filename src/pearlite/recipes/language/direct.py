"""Direct preference optimisation: pairs teach the language model itself, without a reward model.

The reward of an answer is how much likelier the model finds it than the one it started from did
(Rafailov et al., DPO, arXiv 2305.18290). DPO itself goes on pushing pairs apart that it has learned
by heart; IPO asks for a fixed distance (Azar et al., arXiv 2310.12036). Neither holds up the
probability of the chosen answers, so some of the loss can be that of writing them (Pang et al.,
arXiv 2404.19733). The divergence is measured on the way, as nothing in the loss bounds it.

Axes: B pairs, T tokens.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.data.split import Split
from pearlite.data.stream import Stream, in_order
from pearlite.data.tokens import Tokeniser
from pearlite.judge.classes import share
from pearlite.judge.interval import Interval
from pearlite.recipes.language.answers import (
    Answers,
    drift,
    encode_pairs,
    log_shares,
    of_tokens,
)
from pearlite.recipes.language.leash import Leash
from pearlite.recipes.language.preferences import Pair
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.history import Row
from pearlite.train.optimisers import adamw
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss


@dataclass(frozen=True)
class DirectSettings:
    """How a model learns from pairs directly.

    Attributes
    ----------
    loss
        ``"dpo"`` or ``"ipo"``.
    beta
        What a nat of log-ratio is worth: the larger, the nearer the model stays.
    writing
        Weight of the cross-entropy of the chosen answers, nats a token.
    epochs, batch, rate, clip
        How often it sees each pair at most, pairs a step, and of AdamW.
    budget
        Divergence from the starting point, nats an answer, that ends the training.
    looks
        How often the divergence is measured.
    answers
        On how many answers.
    """

    loss: str = "dpo"
    beta: float = 0.1
    writing: float = 0.0
    epochs: float = 1
    batch: int = 64
    rate: float = 1e-4
    clip: float = 1.0
    budget: float = 2.5
    looks: int = 8
    answers: int = 256


@dataclass(frozen=True)
class DirectFit:
    """What came out of a training, beside the weights.

    Attributes
    ----------
    history
        Rows with the loss on the pairs that choose, and the divergence ``kl``.
    stopped
        Why it ended: ``"steps"``, or ``"budget"`` of the divergence.
    kept
        Step whose weights were kept, 0 for those at the start.
    accuracy
        In how many of the withheld pairs the chosen answer gained more probability, with Wilson's
        interval.
    pairs
        How many were withheld.
    """

    history: list[Row]
    stopped: str
    kept: int
    accuracy: Interval
    pairs: int


class Direct(Task):
    """Let the chosen answers gain more probability than the rejected ones.

    A batch is the tokens of the chosen answers, which of them are their own, the same of the
    rejected ones, and the log-probabilities of both by the starting point.
    """

    def __init__(self, network: nn.Module, settings: DirectSettings) -> None:
        super().__init__()
        self.network, self.settings = network, settings

    def margins(self, batch: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return by how much each chosen answer gained more, and what its tokens cost, ``(B,)``."""
        answers = Answers(*(torch.cat(pair) for pair in zip(batch[:2], batch[2:4], strict=True)))
        chosen_B, rejected_B = log_odds(self.network, answers).chunk(2)
        margins_B = (chosen_B - batch[4]) - (rejected_B - batch[5])
        return margins_B, -chosen_B / batch[1].sum(1)

    def loss(self, batch: Sequence[Tensor]) -> Tensor:
        """Return the mean loss of the pairs, with that of writing the chosen answers."""
        margins_B, costs_B = self.margins(batch)
        settings = self.settings
        if settings.loss == "ipo":
            losses_B = (margins_B - 1 / (2 * settings.beta)).square()
        else:
            losses_B = -F.logsigmoid(settings.beta * margins_B)
        return (losses_B + settings.writing * costs_B).mean()


def log_odds(network: nn.Module, answers: Answers) -> Tensor:
    """Return the logarithm of the probability of each answer, ``(B,)``."""
    answers = answers.trimmed
    return of_tokens(log_shares(network, answers), answers).sum(1)


def fit_direct(
    network: nn.Module,
    tokeniser: Tokeniser,
    pairs: Sequence[Pair],
    split: Split,
    *,
    longest: int,
    settings: DirectSettings | None = None,
    seed: int = 0,
    progress: bool = False,
) -> DirectFit:
    """Let a language model learn from pairs directly; it is changed in place.

    The weights in the end are those within the budget of the divergence that did best on the pairs
    that choose.

    Parameters
    ----------
    network
        Reads from left to right.
    tokeniser
        Its own.
    pairs, split
        The pairs, and which of them train, choose and test.
    longest
        Most tokens of an answer, its end included, where the model writes to be measured.
    settings
        How it learns.
    seed
        Decides the order of the pairs and what is written.
    progress
        Draw a progress bar.

    Raises
    ------
    InputError
        If an answer does not fit the model.
    """
    settings = settings or DirectSettings()
    device = next(network.parameters()).device
    reference = copy.deepcopy(network).eval().requires_grad_(False)
    tensors = _with_reference(encode_pairs(pairs, tokeniser, reference, device), reference)
    train, validation, test = ([t[part] for t in tensors] for part in split.parts.values())
    prompts = [pairs[number].prompt for number in split.train]
    asked = [prompts[number % len(prompts)] for number in range(settings.answers)]
    task = Direct(network, settings)
    stream = Stream(train, settings.batch, seed=seed)
    steps = max(1, round(settings.epochs * stream.epoch))
    chosen = mean_loss(in_order(validation))
    with torch.inference_mode():
        start = chosen(task.eval())["val_loss"]
    leash = Leash(network, settings.budget, "val_loss", start)

    def look(task: Task) -> dict[str, float]:
        generator = torch.Generator().manual_seed(derived_seed(seed, 1, trainer.step))
        kl = drift(network, reference, tokeniser, asked, longest, generator)
        return {**chosen(task), "kl": kl}

    rates = [cosine(steps=steps, warm_up=max(1, steps // 10))]
    trainer = Trainer(
        task,
        optimiser=adamw(settings.rate, 0.0, settings.clip),
        validate=look,
        every=max(1, steps // settings.looks),
        keep="last",
        seed=seed,
        events={"start": rates, "step": rates, "validate": [leash.hold]},
        progress="Learning from pairs" if progress else None,
    )
    trainer.fit(stream, steps=steps)
    leash.restore()
    with torch.inference_mode():
        right = sum(int((task.margins(batch)[0] > 0).sum()) for batch in in_order(test))
    count = len(split.test)
    return DirectFit(trainer.history, trainer.stopped, leash.kept, share(right, count), count)


@torch.no_grad()
def _with_reference(tensors: list[Tensor], reference: nn.Module) -> list[Tensor]:
    """Add the log-probabilities of both answers by the starting point, ``(N,)`` each."""
    parts = [
        torch.cat([log_odds(reference, Answers(*batch)) for batch in in_order(tensors[half])])
        for half in (slice(0, 2), slice(2, 4))
    ]
    return [*tensors, *parts]
