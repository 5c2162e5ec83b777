"""Where a model stands: what is always said together of a model that was aligned.

Reward alone says nothing: it also rises where a model has found its weak side, repeats itself, or
has forgotten how to write. So it stands beside the true measure, if there is one, the divergence
from the starting point, the variety of the answers and their validity.

Axes: N answers, D draws.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pearlite.data.tokens import Tokeniser
from pearlite.judge.bootstrap import Bootstrapped, interval
from pearlite.recipes.language.answers import Answers, answer_prompts, divergence, log_shares
from pearlite.recipes.language.rewards import Floats, Reward, measured

LONGEST_GRAM = 3
DRAWS = 1000
SHOWN = 12  # answers that a page shows

Measure = Callable[[str, str], float]


@dataclass(frozen=True)
class Measures:
    """What answers are judged by, beside the reward; none of it is ever learned from.

    Attributes
    ----------
    truth
        What is really wanted, as a number, of a prompt and an answer.
    valid
        Whether an answer is one at all.
    canonical
        Writes answers that mean the same the same way.
    """

    truth: Measure | None = None
    valid: Measure | None = None
    canonical: Callable[[str], str] = str.strip


@dataclass(frozen=True)
class Standing:
    """What a model wrote and what is to be said of it.

    Attributes
    ----------
    samples : list of tuple
        Prompt and answer of the first answers.
    means : dict
        Name to mean and interval: ``reward`` where there is one, ``truth`` and ``valid`` where they
        were given, ``kl`` in nats an answer.
    variety : dict
        ``unique``, the share of different answers, of so many as were written; ``distinct-n``, the
        share of different ones among all rows of n tokens (Li et al., NAACL 2016).
    answers : int
        How many it wrote.
    """

    samples: list[tuple[str, str]]
    means: dict[str, Bootstrapped]
    variety: dict[str, float]
    answers: int

    def plain(self) -> dict[str, Any]:
        """Return it as test.json holds it."""
        means = {
            name: {"value": mean.value, "low": mean.low, "high": mean.high}
            for name, mean in self.means.items()
        }
        return {
            "samples": self.samples,
            "means": means,
            "variety": self.variety,
            "answers": self.answers,
        }


@torch.no_grad()
def standing(
    network: nn.Module,
    reference: nn.Module,
    tokeniser: Tokeniser,
    prompts: Sequence[str],
    longest: int,
    reward: Reward | None,
    measures: Measures,
    seed: int,
) -> Standing:
    """Let a model write, and measure what it wrote.

    Parameters
    ----------
    network, reference
        The model, and where it started.
    tokeniser
        Theirs.
    prompts
        One an answer.
    longest
        Most tokens of an answer.
    reward
        What was learned from, if there is such a thing.
    measures
        What else the answers are judged by.
    seed
        Decides what is written.
    """
    generator = torch.Generator().manual_seed(seed)
    texts, answers, _ = answer_prompts(network, tokeniser, prompts, longest, generator)
    answers = answers.to(next(network.parameters()).device)
    pairs = list(zip(prompts, texts, strict=True))
    found: dict[str, tuple[Floats, tuple[float, float]]] = {}
    if reward is not None:
        found["reward"] = (reward(prompts, texts, answers), (-np.inf, np.inf))
    for name, function in (("truth", measures.truth), ("valid", measures.valid)):
        if function is not None:
            values_N = np.array([measured(function, *pair) for pair in pairs])
            found[name] = (values_N, _bounds(values_N))
    now_BTV, then_BTV = log_shares(network, answers), log_shares(reference, answers)
    gone_N = divergence(now_BTV, then_BTV, answers).double().cpu().numpy()
    found["kl"] = (gone_N, (0.0, np.inf))
    alike = {(prompt, measures.canonical(text)) for prompt, text in pairs}
    variety = {"unique": len(alike) / len(pairs)}
    for n in range(1, LONGEST_GRAM + 1):
        variety[f"distinct-{n}"] = _distinct(answers, n)
    means = {name: _mean(values_N, ends, seed) for name, (values_N, ends) in found.items()}
    return Standing(pairs[:SHOWN], means, variety, len(pairs))


def _mean(values_N: Floats, bounds: tuple[float, float], seed: int) -> Bootstrapped:
    count, random = len(values_N), np.random.default_rng(seed)
    drawn_D = np.array([values_N[random.integers(count, size=count)].mean() for _ in range(DRAWS)])
    return interval(float(values_N.mean()), drawn_D, count, bounds, False)


def _bounds(values_N: Floats) -> tuple[float, float]:
    share = np.isin(values_N, (0.0, 1.0)).all()
    return (0.0, 1.0) if share else (-np.inf, np.inf)


def _distinct(answers: Answers, n: int) -> float:
    rows: list[NDArray[np.int64]] = [
        tokens_T[own_T].cpu().numpy()
        for tokens_T, own_T in zip(answers.tokens_BT, answers.own_BT, strict=True)
    ]
    grams = Counter(
        tuple(row[place : place + n]) for row in rows for place in range(len(row) - n + 1)
    )
    return len(grams) / grams.total() if grams else 0.0
