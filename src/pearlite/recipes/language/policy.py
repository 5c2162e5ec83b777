"""Policy optimisation: a model writes, a reward judges, what was judged well gets likelier.

The update is that of GRPO (Shao et al., DeepSeekMath, arXiv 2402.03300): ratios of probabilities
are clipped as in PPO (Schulman et al., arXiv 1707.06347), and the mean reward of a group of answers
takes the place of a critic. A leash holds the model near the one it started from: divergence costs,
and ends the training once it has used up its budget.

Axes: B answers, T tokens, V vocabulary.
"""

import copy
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.recipes.language.answers import (
    Answers,
    answer_prompts,
    divergence,
    log_shares,
    of_tokens,
)
from pearlite.recipes.language.leash import Leash
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.history import Row
from pearlite.train.optimisers import adamw
from pearlite.train.trainer import Trainer

if TYPE_CHECKING:
    from pearlite.recipes.language.reward import RewardModel

Floats = NDArray[np.float64]
Reward = Callable[[Sequence[str], Sequence[str], Answers], Floats]
"""Maps prompts, answers, and the same as tokens on the policy's device, to a number an answer."""

FURTHEST = 10.0  # a larger change of a token's log-probability counts as this one


@dataclass(frozen=True)
class PolicySettings:
    """How a policy learns.

    Attributes
    ----------
    rounds
        How often the model writes, at most.
    answers
        How many it writes a round.
    group
        How many of them answer the same prompt, where there are several prompts.
    updates
        Steps a round; each takes its share of the answers.
    rate, clip
        Of AdamW.
    ratio
        A token's probability is not moved further than by this share in a round.
    leash
        What a nat of divergence costs, in standard deviations of the reward.
    budget
        Divergence from the starting point, nats an answer, that ends the training.
    repeat
        What an answer loses for every e-fold more of its like in a round, in standard deviations.
    """

    rounds: int = 25
    answers: int = 256
    group: int = 16
    updates: int = 2
    rate: float = 3e-4
    clip: float = 1.0
    ratio: float = 0.2
    leash: float = 0.4
    budget: float = 2.5
    repeat: float = 0.5


@dataclass(frozen=True)
class PolicyFit:
    """What came out of a training, beside the weights.

    Attributes
    ----------
    history
        A row a round, the starting point first: mean reward, divergence ``kl`` and share of
        different answers ``unique`` of what was written then.
    stopped
        Why it ended: ``"steps"``, or ``"budget"`` of the divergence.
    kept
        Round whose weights were kept, from 0.
    """

    history: list[Row]
    stopped: str
    kept: int


@dataclass(frozen=True)
class Round:
    """What a policy has written, and what it is worth.

    Attributes
    ----------
    answers
        As tokens.
    advantage_B
        How much better each was than its group, in standard deviations.
    before_BT
        Logarithms of the tokens' probabilities when they were written.
    reference_BTV
        Those of all tokens of the vocabulary by the starting point.
    facts
        What is said of it in the history.
    """

    answers: Answers
    advantage_B: Tensor
    before_BT: Tensor
    reference_BTV: Tensor
    facts: dict[str, float]

    def part(self, number: int, parts: int) -> tuple[Tensor, ...]:
        """Return every so many of its answers, as a batch of `Leashed`."""
        rows = (self.answers.tokens_BT, self.answers.own_BT)
        whole = (*rows, self.advantage_B, self.before_BT, self.reference_BTV)
        return tuple(tensor[number::parts].clone() for tensor in whole)


class Leashed(Task):
    """Make good answers likelier without going far from the reference.

    A batch is a part of a `Round`. The network is always in evaluation mode: with dropout, the
    probabilities of now and then would not be of the same model.
    """

    def __init__(self, network: nn.Module, settings: PolicySettings) -> None:
        super().__init__()
        self.network, self.settings = network, settings

    def train(self, mode: bool = True) -> "Leashed":
        """Stay in evaluation mode, whatever is asked."""
        return super().train(False)

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the clipped surrogate of the reward plus the price of the divergence."""
        tokens_BT, own_BT, advantage_B, before_BT, reference_BTV = batch
        answers, settings = Answers(tokens_BT, own_BT), self.settings
        now_BTV = log_shares(self.network, answers)
        moved_BT = (of_tokens(now_BTV, answers) - before_BT).clamp(-FURTHEST, FURTHEST)
        ratio_BT, advantage_B1 = moved_BT.exp(), advantage_B[:, None]
        near_BT = ratio_BT.clamp(1 - settings.ratio, 1 + settings.ratio)
        gain_BT = torch.minimum(ratio_BT * advantage_B1, near_BT * advantage_B1)
        gain_B = (gain_BT * own_BT[:, 1:]).sum(1)
        price_B = settings.leash * divergence(now_BTV, reference_BTV, answers)
        return (price_B - gain_B).mean()


class Rounds:
    """Maps the number of a step to a batch; every few steps the policy writes anew.

    Parameters
    ----------
    policy, reference
        What writes, and where it started.
    tokeniser
        Theirs.
    prompts
        What is answered, drawn at random; each by a group of answers.
    reward
        Judges answers.
    longest
        Most tokens of an answer.
    canonical
        Writes answers that mean the same the same way.
    least
        Rewards are divided by their standard deviation, but by no less than this.
    settings, seed
        As of `fit_policy`.
    """

    def __init__(
        self,
        policy: nn.Module,
        reference: nn.Module,
        tokeniser: Tokeniser,
        prompts: Sequence[str],
        reward: Reward,
        *,
        longest: int,
        canonical: Callable[[str], str],
        least: float,
        settings: PolicySettings,
        seed: int,
    ) -> None:
        self.policy, self.reference, self.tokeniser = policy, reference, tokeniser
        self.prompts, self.reward, self.longest = list(prompts), reward, longest
        self.canonical, self.least, self.settings, self.seed = canonical, least, settings, seed
        self.number = -1
        self.now = self.write(0)

    def __call__(self, step: int) -> tuple[Tensor, ...]:
        """Return a part of the round that is under way."""
        number, part = divmod(step, self.settings.updates)
        self.now = self.write(number)
        return self.now.part(part, self.settings.updates)

    @torch.no_grad()
    def write(self, number: int) -> Round:
        """Return a round; it is written when it is first asked for."""
        if number == self.number:
            return self.now
        self.number, settings = number, self.settings
        device = next(self.policy.parameters()).device
        seed = derived_seed(self.seed, 1, number)
        prompts, group_B = self._asked(np.random.default_rng(seed))
        generator = torch.Generator().manual_seed(seed)
        texts, answers, ended_B = answer_prompts(
            self.policy, self.tokeniser, prompts, self.longest, generator
        )
        answers = answers.to(device)
        rewards_B = self.reward(prompts, texts, answers)
        alike = [
            (prompt, self.canonical(text)) for prompt, text in zip(prompts, texts, strict=True)
        ]
        advantage_B = advantages(
            np.where(ended_B.numpy(), rewards_B, rewards_B.min()),
            group_B,
            alike,
            self.least,
            settings.repeat,
        )
        now_BTV, reference_BTV = (
            log_shares(self.policy, answers),
            log_shares(self.reference, answers),
        )
        self.now = Round(
            answers,
            torch.from_numpy(advantage_B).float().to(device),
            of_tokens(now_BTV, answers),
            reference_BTV,
            {
                "reward": float(rewards_B.mean()),
                "kl": float(divergence(now_BTV, reference_BTV, answers).mean()),
                "unique": len(set(alike)) / len(alike),
            },
        )
        return self.now

    def _asked(self, random: np.random.Generator) -> tuple[list[str], NDArray[np.int64]]:
        """Return the prompt of each answer of a round, and its number."""
        count = self.settings.answers
        if len(self.prompts) == 1:
            return self.prompts * count, np.zeros(count, np.int64)
        groups = math.ceil(count / self.settings.group)
        drawn = random.choice(len(self.prompts), groups, replace=groups > len(self.prompts))
        group_B = np.repeat(np.arange(groups), self.settings.group)
        return [self.prompts[drawn[group]] for group in group_B], group_B


def advantages(
    rewards_B: Floats,
    group_B: NDArray[np.int64],
    alike: Sequence[object],
    least: float = 0.0,
    repeat: float = 0.0,
) -> Floats:
    """Return how much better each answer is than its group, in standard deviations of all.

    Parameters
    ----------
    rewards_B
        Of each answer.
    group_B
        Number of its group.
    alike
        What is equal for answers that mean the same.
    least
        The standard deviation counts as this if it is smaller: differences that mean little are
        not blown up.
    repeat
        Each answer loses this times the logarithm of the number of its like.
    """
    spread = max(float(_centred(rewards_B, group_B).std()), least)
    counts = Counter(alike)
    often_B = np.log([counts[one] for one in alike])
    worth_B = (rewards_B / spread if spread > 0 else 0 * rewards_B) - repeat * often_B
    return _centred(worth_B, group_B)


def fit_policy(
    network: nn.Module,
    tokeniser: Tokeniser,
    prompts: Sequence[str],
    reward: Reward,
    *,
    longest: int,
    canonical: Callable[[str], str] = str.strip,
    least: float = 0.0,
    settings: PolicySettings | None = None,
    seed: int = 0,
    progress: bool = False,
) -> PolicyFit:
    """Let a language model learn from a reward; it is changed in place.

    The weights in the end are the last ones within the budget of the divergence.

    Parameters
    ----------
    network
        Reads from left to right.
    tokeniser
        Its own.
    prompts
        What is to be answered; ``[""]`` for a model that writes by itself.
    reward
        Judges answers; see `learned` and `verified`.
    longest
        Most tokens of an answer, its end included.
    canonical
        Writes answers that mean the same the same way; repeating them is discouraged.
    least
        Standard deviation of the rewards below which they are not magnified; 1 for log-odds.
    settings
        How it learns.
    seed
        Decides what is written.
    progress
        Draw a progress bar.

    Raises
    ------
    InputError
        If a reward is not finite.
    """
    settings = settings or PolicySettings()
    reference = copy.deepcopy(network).eval().requires_grad_(False)
    rounds = Rounds(
        network,
        reference,
        tokeniser,
        prompts,
        reward,
        longest=longest,
        canonical=canonical,
        least=least,
        settings=settings,
        seed=seed,
    )
    history: list[Row] = [{"step": 0, **rounds.now.facts}]
    leash = Leash(network, settings.budget)

    def look(_task: Task) -> dict[str, float]:
        return rounds.write(trainer.step // settings.updates).facts

    trainer = Trainer(
        Leashed(network, settings),
        optimiser=adamw(settings.rate, 0.0, settings.clip),
        validate=look,
        every=settings.updates,
        keep="last",
        seed=seed,
        events={"validate": [leash.hold]},
        progress="Learning from rewards" if progress else None,
    )
    trainer.fit(rounds, steps=settings.rounds * settings.updates)
    leash.restore()
    kept = leash.kept // settings.updates
    return PolicyFit([*history, *trainer.history], trainer.stopped, kept)


def learned(model: "RewardModel") -> Reward:
    """Make a reward of a reward model."""

    @torch.no_grad()
    def reward(_prompts: Sequence[str], _texts: Sequence[str], answers: Answers) -> Floats:
        return model(answers).double().cpu().numpy()

    return reward


def verified(function: Callable[[str, str], float]) -> Reward:
    """Make a reward of a function of prompt and answer, such as a test that an answer passes.

    Raises
    ------
    InputError
        When it is called, if the function gives something that is no finite number.
    """

    def reward(prompts: Sequence[str], texts: Sequence[str], _answers: Answers) -> Floats:
        return np.array([measured(function, *pair) for pair in zip(prompts, texts, strict=True)])

    return reward


def measured(function: Callable[[str, str], float], prompt: str, answer: str) -> float:
    """Return what a function says of an answer.

    Raises
    ------
    InputError
        If that is no finite number.
    """
    value: Any = function(prompt, answer)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(
            f"the function gives {value!r} for the answer {answer[:40]!r}; it must give a finite "
            "number for every text"
        )
    return number


def _centred(values_B: Floats, group_B: NDArray[np.int64]) -> Floats:
    counts = np.bincount(group_B)
    return values_B - (np.bincount(group_B, values_B) / np.maximum(counts, 1))[group_B]
