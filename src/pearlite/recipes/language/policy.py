"""Policy optimisation: a model writes, a reward judges, what was judged well gets likelier.

The update is that of GRPO (Shao et al., DeepSeekMath, arXiv 2402.03300): ratios of probabilities
are clipped as in PPO (Schulman et al., arXiv 1707.06347), and the mean reward of a group of answers
takes the place of a critic. A leash holds the model near the one it started from: divergence costs,
and ends the training once it has used up its budget.

Axes: B answers, T tokens, V vocabulary.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pearlite.data.tokens import Tokeniser
from pearlite.recipes.language.answers import Answers, divergence, log_shares, of_tokens
from pearlite.recipes.language.leash import Leash
from pearlite.recipes.language.rewards import Reward
from pearlite.recipes.language.rounds import PolicySettings, Rounds
from pearlite.task import Task
from pearlite.train.history import Row
from pearlite.train.optimisers import adamw
from pearlite.train.trainer import Trainer

FURTHEST = 10.0  # a larger change of a token's log-probability counts as this one


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
        Judges answers; see `pearlite.recipes.language.rewards`.
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
