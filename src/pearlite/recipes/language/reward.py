"""A reward model: what pairs of answers say of what people prefer, as one number an answer.

Axes: B answers, T tokens, D features.
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
from pearlite.errors import InputError
from pearlite.judge.classes import share
from pearlite.judge.interval import Interval
from pearlite.nets.language import RecurrentLanguageModel
from pearlite.nets.transformer import TransformerDecoder
from pearlite.recipes.language.answers import Answers, encode_pairs
from pearlite.recipes.language.preferences import Pair
from pearlite.task import Task
from pearlite.train.history import Row
from pearlite.train.losses import cross_entropy
from pearlite.train.objectives import NOTHING
from pearlite.train.optimisers import adamw
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss


@dataclass(frozen=True)
class RewardSettings:
    """How a reward model learns.

    Attributes
    ----------
    epochs
        How often it sees each pair of the training part, at most: the weights of the best
        validation are kept.
    batch
        Pairs a step.
    rate, decay, clip
        Of AdamW.
    writing
        Weight of the cross-entropy of the answers, nats a token: a model that goes on predicting
        them as well judges new ones better (Radford et al., "Improving language understanding by
        generative pre-training", 2018; docs/language-align.md says by how much).
    """

    epochs: float = 2
    batch: int = 32
    rate: float = 1e-3
    decay: float = 0.05
    clip: float = 1.0
    writing: float = 0.3


@dataclass(frozen=True)
class RewardFit:
    """A reward model and how far to trust it.

    Attributes
    ----------
    model
        In evaluation mode.
    accuracy
        In how many of the withheld pairs the chosen answer has the higher reward, with Wilson's
        interval.
    pairs
        How many were withheld.
    history
        As `Trainer.fit` returns it.
    """

    model: "RewardModel"
    accuracy: Interval
    pairs: int
    history: list[Row]


class RewardModel(nn.Module):
    """A language model whose last layer gives one number, after the last token.

    Stiennon et al., Learning to summarize from human feedback, NeurIPS 2020.

    Parameters
    ----------
    language_model
        Reads from left to right; it is copied.

    Raises
    ------
    InputError
        If it does not.
    """

    def __init__(self, language_model: nn.Module) -> None:
        super().__init__()
        if not isinstance(language_model, TransformerDecoder | RecurrentLanguageModel):
            raise InputError(
                f"{type(language_model).__name__} does not read from left to right and cannot "
                "answer; start from a run of the objective causal"
            )
        self.network = copy.deepcopy(language_model)
        weight = self.network.embed.weight
        self.weight_D = nn.Parameter(weight.new_zeros(weight.shape[1]))

    def forward(self, answers: Answers) -> Tensor:
        """Return the reward of each answer, ``(B,)``: its log-odds against one of reward 0."""
        return self.rewards(self.network.features(answers.tokens_BT), answers)

    def rewards(self, x_BTD: Tensor, answers: Answers) -> Tensor:
        """Return the rewards from what is known after each token."""
        rows_B = torch.arange(len(answers), device=x_BTD.device)
        return x_BTD[rows_B, answers.last_B].float() @ self.weight_D


class Preference(Task):
    """Give the chosen answer the higher reward: the model of Bradley and Terry (Biometrika 1952).

    A batch is the tokens of the chosen answers, which of them are their own, and the same of the
    rejected ones.
    """

    def __init__(self, model: RewardModel, writing: float = 0.0) -> None:
        super().__init__()
        self.model, self.writing = model, writing

    def margins(self, batch: Sequence[Tensor]) -> Tensor:
        """Return by how much the reward of each chosen answer is higher, ``(B,)``."""
        chosen_B, rejected_B = self.model(_both(batch)).chunk(2)
        return chosen_B - rejected_B

    def loss(self, batch: Sequence[Tensor]) -> Tensor:
        """Return the mean negative logarithm of the probability of what was preferred.

        In training, the cross-entropy of the answers' tokens is added.
        """
        answers = _both(batch)
        x_BTD = self.model.network.features(answers.tokens_BT)
        chosen_B, rejected_B = self.model.rewards(x_BTD, answers).chunk(2)
        preferred = -F.logsigmoid(chosen_B - rejected_B).mean()
        if not (self.training and self.writing):
            return preferred
        next_BT = torch.where(answers.own_BT, answers.tokens_BT, NOTHING)[:, 1:]
        logits_BTV = self.model.network.logits(x_BTD[:, :-1])
        return preferred + self.writing * cross_entropy(
            logits_BTV.flatten(0, 1), next_BT.flatten(), ignore=NOTHING
        )


def fit_reward(
    language_model: nn.Module,
    tokeniser: Tokeniser,
    pairs: Sequence[Pair],
    split: Split,
    *,
    settings: RewardSettings | None = None,
    seed: int = 0,
    device: torch.device | None = None,
    progress: bool = False,
) -> RewardFit:
    """Learn a reward model from pairs, and count how often it is right on the withheld ones.

    Parameters
    ----------
    language_model
        What it begins with; it is not changed.
    tokeniser
        The language model's.
    pairs, split
        The pairs, and which of them train, choose and test.
    settings
        How it learns.
    seed
        Decides the order of the pairs.
    device
        Where it learns.
    progress
        Draw a progress bar.

    Raises
    ------
    InputError
        If the network does not read from left to right, or an answer does not fit it.
    """
    settings, device = settings or RewardSettings(), device or torch.device("cpu")
    tensors = encode_pairs(pairs, tokeniser, language_model, device)
    train, validation, test = ([t[part] for t in tensors] for part in split.parts.values())
    task = Preference(RewardModel(language_model).to(device), settings.writing)
    stream = Stream(train, settings.batch, seed=seed)
    steps = max(1, round(settings.epochs * stream.epoch))
    trainer = Trainer(
        task,
        optimiser=adamw(settings.rate, settings.decay, settings.clip),
        validate=mean_loss(in_order(validation)),
        every=max(1, steps // 12),
        seed=seed,
        precision="auto",
        events={
            event: [cosine(steps=steps, warm_up=max(1, steps // 20))] for event in ("start", "step")
        },
        progress="Learning what is preferred" if progress else None,
    )
    trainer.fit(stream, steps=steps)
    with torch.inference_mode():
        right = sum(int((task.margins(batch) > 0).sum()) for batch in in_order(test))
    count = len(split.test)
    return RewardFit(task.model.eval(), share(right, count), count, trainer.history)


def _both(batch: Sequence[Tensor]) -> Answers:
    """Return the chosen answers of a batch, then the rejected ones."""
    chosen, rejected = batch[:2], batch[2:]
    return Answers(*(torch.cat(pair) for pair in zip(chosen, rejected, strict=True))).trimmed
