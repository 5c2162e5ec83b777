"""From a table's folds to a blend: try the candidates, share the weight, fit to all rows.

Axes: M members, N rows, K outputs.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.scores import chosen
from pearlite.recipes.tabular import blend
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.candidates import Quality, candidates
from pearlite.recipes.tabular.fitted import Blend
from pearlite.recipes.tabular.spike import PRESENCE, Errors, Spike, Spiked, together
from pearlite.recipes.tabular.trials import Budget, Table, Trial, run_trials

PLAIN, PRESENT = 0.2, 0.4
"""Shares of the time for members that know of no spike, and for whether a row is off it."""
PLAIN_MEMBERS = 1
"""How many know of no spike."""


@dataclass
class Search:
    """One portfolio's way to its blend.

    Attributes
    ----------
    table, y_N, aim
        The rows in their folds, their targets, what is predicted.
    quality : str
        How much is tried.
    budget : Budget
        When to stop.
    progress : bool
        Whether to show bars.
    """

    table: Table
    y_N: NDArray[Any]
    aim: Aim
    quality: Quality
    budget: Budget
    progress: bool

    def trials(self) -> list[Trial]:
        """Try members; where the target has a spike, also the two questions that it poses."""
        spike = Spike.find(self.y_N, self.aim)
        if spike is None:
            return self._run(self.y_N, self.aim, "Trying members", 1.0)
        trials = self._run(self.y_N, self.aim, "Trying members", PLAIN, most=PLAIN_MEMBERS)
        if self.budget.stopped != "interrupt" and self.budget.left > 0:
            with suppress(KeyboardInterrupt):  # the members that are finished remain
                trials.append(self._spiked(spike))
        return trials

    def shares(
        self,
        trials: Sequence[Trial],
        y_N: NDArray[Any],
        aim: Aim,
        usable_N: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float64]:
        """Return each trial's share in the blend, (M,), from the usable rows that were withheld."""
        seen_N = ~np.isnan(trials[0].out_of_fold[:, 0])
        if usable_N is not None:
            seen_N &= usable_N
        weight = self.table.weight
        return blend.shares(
            [trial.out_of_fold[seen_N] for trial in trials],
            (np.eye(aim.classes)[y_N] if aim.of_classes else y_N[:, None])[seen_N],
            None if weight is None else weight[seen_N],
            aim,
        )

    def score(self, answer_NK: NDArray[np.float64]) -> float:
        """Return the metric of answers out of fold."""
        seen_N = ~np.isnan(answer_NK[:, 0])
        answer = answer_NK[seen_N]
        metric = chosen(self.aim.goal, self.aim.metric, self.aim.levels or None)
        if self.aim.goal == "regression":
            answer = answer[:, 0]
        weight = self.table.weight
        return metric(self.y_N[seen_N], answer, None if weight is None else weight[seen_N])

    def _run(
        self,
        y_N: NDArray[Any],
        aim: Aim,
        what: str,
        share: float,
        usable_N: NDArray[np.bool_] | None = None,
        most: int | None = None,
    ) -> list[Trial]:
        known = y_N if usable_N is None else y_N[usable_N]
        found = candidates(self.table.features, self.table.frame, known, aim, self.quality)[:most]
        bar = what if self.progress else None
        with self.budget.part(share):
            return run_trials(
                self.table, y_N, aim, found, self.budget, usable_N=usable_N, progress=bar
            )

    def _spiked(self, spike: Spike) -> Trial:
        """Ask whether a row is off the spike and how far, and put both together."""
        began = time.monotonic()
        off_N = self.y_N != spike.value
        off = off_N.astype(np.int64)
        whether = self._run(off, PRESENCE, "Trying members on whether", PRESENT / (1 - PLAIN))
        how_much = self._run(self.y_N, self.aim, "Trying members on how much", 1.0, off_N)
        presence_M = self.shares(whether, off, PRESENCE)
        amount_M = self.shares(how_much, self.y_N, self.aim, off_N)
        presence_N = mixed(whether, presence_M)[:, 1]
        amount_N = mixed(how_much, amount_M)[:, 0]
        seen_N = off_N & ~np.isnan(amount_N)
        ratio = spike.positive and bool(amount_N[seen_N].min() > 0)
        errors = Errors.learn(self.y_N[seen_N], amount_N[seen_N], ratio)
        answer_NK = together(spike, errors, presence_N, amount_N, self.aim)
        answer_NK[np.isnan(amount_N)] = np.nan

        def fit_again() -> Spiked:
            present, far = refit(whether, presence_M), refit(how_much, amount_M)
            return Spiked(spike, errors, present, far, self.aim)

        return Trial("whether, then how much", answer_NK, time.monotonic() - began, fit_again)


def mixed(trials: Sequence[Trial], share_M: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the blend's answers out of fold, (N, K)."""
    return np.sum([s * t.out_of_fold for s, t in zip(share_M, trials, strict=True) if s > 0], 0)


def refit(trials: Sequence[Trial], share_M: NDArray[np.float64]) -> Blend:
    """Fit the members that have a share to all rows."""
    return Blend([(float(s), t.refit()) for s, t in zip(share_M, trials, strict=True) if s > 0])
