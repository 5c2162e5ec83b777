"""Rounds of answers: a policy writes, a reward judges, and what each answer gained is kept.

Axes: B answers, T tokens, V vocabulary.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pearlite.data.tokens import Tokeniser
from pearlite.recipes.language.answers import (
    Answers,
    answer_prompts,
    divergence,
    log_shares,
    of_tokens,
)
from pearlite.recipes.language.rewards import Reward, advantages
from pearlite.seeds import derived_seed


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

    rounds: int = 40
    answers: int = 256
    group: int = 16
    updates: int = 2
    rate: float = 1.5e-4
    clip: float = 1.0
    ratio: float = 0.2
    leash: float = 0.3
    budget: float = 2.5
    repeat: float = 0.5


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
