"""Alignment: a language model that writes what is preferred, and still writes.

Either a reward model is learned from pairs, or a function judges answers; then the model learns
from these rewards (`policy`). Or the pairs teach it directly (`direct`). What comes out is always
measured together, before and after (`standing`).
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from pearlite.data.split import Split
from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError, Refused
from pearlite.recipes.language.direct import DirectFit, DirectSettings, fit_direct
from pearlite.recipes.language.policy import PolicyFit, fit_policy
from pearlite.recipes.language.preferences import Pair, divide
from pearlite.recipes.language.reward import RewardFit, RewardSettings, fit_reward
from pearlite.recipes.language.rewards import Reward, learned, verified
from pearlite.recipes.language.rounds import PolicySettings
from pearlite.recipes.language.standing import Measure, Measures, Standing, standing
from pearlite.seeds import derived_seed

METHODS = ("policy", "direct")
LOG_ODDS = 1.0  # a standard deviation of a reward model below this is not magnified


@dataclass(frozen=True)
class AlignSettings:
    """How a model is aligned.

    Attributes
    ----------
    method
        One of `METHODS`.
    reward, policy, direct
        How each part learns.
    answers
        How many are written before and after to be measured.
    longest
        Most tokens of an answer; None: half more than the longest of the pairs, or what the context
        holds.
    """

    method: str = "policy"
    reward: RewardSettings = field(default_factory=RewardSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)
    direct: DirectSettings = field(default_factory=DirectSettings)
    answers: int = 512
    longest: int | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError(f"there is no method {self.method!r}; take {' or '.join(METHODS)}")


@dataclass(frozen=True)
class Aligned:
    """What came out, beside the weights.

    Attributes
    ----------
    before, after
        What the model wrote, measured.
    fit
        How it learned.
    reward
        The reward model, if there is one.
    split
        Which pairs were used for what, if there are pairs.
    """

    before: Standing
    after: Standing
    fit: PolicyFit | DirectFit
    reward: RewardFit | None
    split: Split | None


def align(
    network: nn.Module,
    tokeniser: Tokeniser,
    pairs: Sequence[Pair] = (),
    *,
    reward: Measure | None = None,
    measures: Measures | None = None,
    settings: AlignSettings | None = None,
    seed: int = 0,
    force: bool = False,
    progress: bool = False,
) -> Aligned:
    """Align a language model; it is changed in place.

    Parameters
    ----------
    network
        Reads from left to right; it learns on the device where it is.
    tokeniser
        Its own.
    pairs
        What is preferred. With a `reward` only their prompts are used.
    reward
        A function of prompt and answer that takes the reward model's place.
    measures
        What the answers are judged by, and never learned from.
    settings
        How it is aligned.
    seed
        The one source of randomness.
    force
        Go on although the reward model does no better than guessing.
    progress
        Draw progress bars.

    Raises
    ------
    InputError
        If there is neither a pair nor a reward, or the pairs do not fit the model.
    Refused
        If nothing can be learned from the pairs, and `force` was not given.
    """
    settings, measures = settings or AlignSettings(), measures or Measures()
    if not pairs and reward is None:
        raise InputError("there is nothing to learn from; give pairs, or a reward function")
    if reward is not None and settings.method == "direct":
        raise InputError("the method direct learns from pairs, not from a function; leave one out")
    reference = copy.deepcopy(network).eval().requires_grad_(False)
    longest = settings.longest or _longest(pairs, tokeniser, network)
    split = divide(pairs, canonical=measures.canonical, seed=seed) if reward is None else None
    own: dict[str, Any] = {"seed": derived_seed(seed, 1), "progress": progress}
    judge: Reward | None = None if reward is None else verified(reward)
    model: RewardFit | None = None
    if split is not None and settings.method == "policy":
        model = fit_reward(
            network,
            tokeniser,
            pairs,
            split,
            settings=settings.reward,
            device=next(network.parameters()).device,
            **own,
        )
        if model.accuracy.low <= 0.5 and not force:
            raise Refused(_guessing(model))
        judge = learned(model.model)
    learns_on = list(pairs) if split is None else [pairs[number] for number in split.train]
    tested_on = list(pairs) if split is None else [pairs[number] for number in split.test]
    asked = _prompts(tested_on)
    measured = [asked[number % len(asked)] for number in range(settings.answers)]
    seen: tuple[Any, ...] = (reference, tokeniser, measured, longest, judge, measures)
    before = standing(network, *seen, seed=derived_seed(seed, 2))
    fit: PolicyFit | DirectFit
    if judge is not None:
        fit = fit_policy(
            network,
            tokeniser,
            _prompts(learns_on),
            judge,
            longest=longest,
            canonical=measures.canonical,
            least=LOG_ODDS if model else 0.0,
            settings=settings.policy,
            **own,
        )
    else:
        assert split is not None
        fit = fit_direct(
            network, tokeniser, pairs, split, longest=longest, settings=settings.direct, **own
        )
    after = standing(network, *seen, seed=derived_seed(seed, 3))
    return Aligned(before, after, fit, model, split)


def _longest(pairs: Sequence[Pair], tokeniser: Tokeniser, network: Any) -> int:
    """Return how many tokens an answer may have."""
    prompts = tokeniser.encode_all(_prompts(pairs))
    room = network.embed.context - 1 - max(len(prompt_T) for prompt_T in prompts)
    if room < 2:
        raise InputError(
            f"the longest prompt leaves no room for an answer in a context of "
            f"{network.embed.context}; shorten it, or train a model with a longer --context"
        )
    answers = [text for pair in pairs for text in (pair.chosen, pair.rejected)]
    if not answers:
        return room
    most = max(len(answer_T) for answer_T in tokeniser.encode_all(answers)) + 1
    return min(room, most + most // 2)


def _prompts(pairs: Sequence[Pair]) -> list[str]:
    return list(dict.fromkeys(pair.prompt for pair in pairs)) or [""]


def _guessing(model: RewardFit) -> str:
    accuracy = model.accuracy
    return (
        f"the reward model is right in {accuracy.value:.1%} of {model.pairs} withheld pairs (95 %: "
        f"{accuracy.low:.1%} to {accuracy.high:.1%}), no better than guessing: a model that learns "
        "from it learns nothing that was preferred. Give more pairs, or pairs that agree with one "
        "another; --force goes on."
    )
