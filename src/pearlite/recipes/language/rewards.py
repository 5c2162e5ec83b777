"""What an answer is worth: by a reward model, or by a function, and compared with its group.

Axes: B answers.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.recipes.language.answers import Answers

if TYPE_CHECKING:
    from pearlite.recipes.language.reward import RewardModel

Floats = NDArray[np.float64]
Reward = Callable[[Sequence[str], Sequence[str], Answers], Floats]
"""Maps prompts, answers, and the same as tokens on the policy's device, to a number an answer."""


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


def _centred(values_B: Floats, group_B: NDArray[np.int64]) -> Floats:
    counts = np.bincount(group_B)
    return values_B - (np.bincount(group_B, values_B) / np.maximum(counts, 1))[group_B]
