"""Candidates tried out of fold: what each would answer for rows that it has not seen.

Axes: N rows, K outputs.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.candidates import Candidate
from pearlite.recipes.tabular.features import Features
from pearlite.recipes.tabular.fitted import Fitted, Predictor, Sight
from pearlite.recipes.tabular.folds import Fold
from pearlite.recipes.tabular.tried import Kept, Tried
from pearlite.recipes.tabular.views import LearnedView
from pearlite.see.progress import track
from pearlite.seeds import derived_seed

REFIT = 1.3
"""Time of a fit to all rows, in units of one to a fold's."""


@dataclass
class Budget:
    """When to stop, and whether it came to that.

    Attributes
    ----------
    until : float
        On the clock of `time.monotonic`.
    interrupted
        Tells whether Ctrl-C was pressed.
    reserved : float
        Seconds that fitting what was found to all rows will take.
    stopped : str
        ``""``, ``"minutes"`` or ``"interrupt"``.
    """

    until: float = math.inf
    interrupted: Callable[[], bool] = lambda: False
    reserved: float = 0.0
    stopped: str = ""

    @property
    def left(self) -> float:
        """Seconds left for trying."""
        return self.until - self.reserved - time.monotonic()

    @contextmanager
    def part(self, share: float) -> Iterator[None]:
        """Let the time end, in this block, when this share of what is left is spent."""
        until = self.until
        if math.isfinite(until):
            self.until = until - (1 - share) * self.left
        try:
            yield
        finally:
            self.until = until


@dataclass
class Table:
    """The training rows in their folds, with features that are learned inside each.

    Attributes
    ----------
    folds : list
        Pairs of rows to learn from and rows to withhold.
    kept
        Where finished trials are kept; None keeps none.
    """

    frame: pd.DataFrame
    features: Features
    folds: list[Fold]
    weight: NDArray[np.float64] | None
    seed: int
    threads: int
    kept: Kept | None = None
    _learned: dict[int, tuple[Sight, Sight]] = field(default_factory=dict)
    _views: dict[Any, LearnedView] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.whole = Sight(self.features, self.frame)

    def fold(self, number: int) -> tuple[Sight, Sight]:
        """Return the rows to learn from and the withheld rows of a fold."""
        if number not in self._learned:
            learn, withheld = (self.frame.iloc[rows] for rows in self.folds[number])
            features = Features.learn(learn, self.seed, self.features.kinds)
            self._learned[number] = Sight(features, learn), Sight(features, withheld)
        return self._learned[number]

    def view(self, candidate: Candidate, number: int | None) -> LearnedView:
        """Return a candidate's view as learned in a fold, or from all rows."""
        key = candidate.view, number
        if key not in self._views:
            sight = self.whole if number is None else self.fold(number)[0]
            learned = LearnedView.learn(candidate.view, sight.features, sight.frame)
            self._views[key] = learned
        return self._views[key]

    def fit(
        self,
        candidate: Candidate,
        y_N: NDArray[Any],
        aim: Aim,
        usable_N: NDArray[np.bool_],
        number: int | None,
        seed: int,
        seconds: float,
        effort: float = 1.0,
    ) -> Fitted:
        """Fit a candidate to the usable rows of a fold, or of all."""
        rows = np.arange(len(y_N)) if number is None else self.folds[number][0]
        sight = self.whole if number is None else self.fold(number)[0]
        view = self.view(candidate, number)
        kept = usable_N[rows]
        rows = rows[kept]
        return Fitted.fit(
            candidate,
            view,
            sight.matrix(view)[kept],
            y_N[rows],
            None if self.weight is None else self.weight[rows],
            aim,
            seed=seed,
            threads=self.threads,
            seconds=seconds,
            effort=effort,
        )


@dataclass
class Trial:
    """A candidate's answers for rows that it did not learn from.

    Attributes
    ----------
    name : str
        The candidate's.
    out_of_fold : (N, K)
        NaN for rows that no fold withheld.
    seconds : float
        All its fits took.
    refit : callable
        Fits it to all rows.
    """

    name: str
    out_of_fold: NDArray[np.float64]
    seconds: float
    refit: Callable[[], Predictor]


def run_trials(
    table: Table,
    y_N: NDArray[Any],
    aim: Aim,
    candidates: Sequence[Candidate],
    budget: Budget,
    *,
    usable_N: NDArray[np.bool_] | None = None,
    progress: str | None = None,
) -> list[Trial]:
    """Try candidates in turn, until all are done or the budget is spent; one is always finished.

    Parameters
    ----------
    table, y_N, aim
        The rows, their targets, and what is predicted.
    candidates
        The first should be fast.
    budget
        Is told what was reserved, and why the trying ended.
    usable_N
        Rows that may be learned from; all where None. Others are withheld in their turn all the
        same.
    progress
        What the progress bar says; no bar where None.

    Raises
    ------
    KeyboardInterrupt
        If it came before the first candidate was finished.
    """
    trials: list[Trial] = []
    usable_N = np.ones(len(y_N), bool) if usable_N is None else usable_N
    steps = range(len(candidates) * len(table.folds))
    ticks = iter(track(steps, progress or "", show=progress is not None))
    for index, candidate in enumerate(candidates):
        fit = partial(table.fit, candidate, y_N, aim, usable_N)
        seed, must = derived_seed(table.seed, index), not trials
        about = candidate, y_N, aim, usable_N, seed
        tried = None if table.kept is None else table.kept.find(*about)
        if tried is None:
            tried = Tried.nothing(len(y_N), aim.outputs)
            _answer_in_turn(table, fit, tried, budget, seed, must, ticks)
            if budget.stopped == "interrupt":
                break
            if len(tried.seconds) < len(table.folds):
                continue
            if table.kept is not None:
                table.kept.keep(tried, *about)
        again = tried.seconds.mean() * REFIT
        budget.reserved += again
        longest = 2 * again if math.isfinite(budget.until) else math.inf
        effort = float(tried.efforts.mean())
        refit = partial(fit, number=None, seed=seed, seconds=longest, effort=effort)
        trials.append(Trial(candidate.name, tried.answers, float(tried.seconds.sum()), refit))
    if not trials:
        raise KeyboardInterrupt
    return trials


def _answer_in_turn(
    table: Table,
    fit: Callable[..., Fitted],
    tried: Tried,
    budget: Budget,
    seed: int,
    must: bool,
    ticks: Iterator[int],
) -> None:
    """Fill in what a candidate brings, fold by fold.

    Folds are missing if the candidate was given up: for lack of time, unless it `must` be finished,
    or for Ctrl-C.
    """
    spent = tried.seconds
    for number, (_, withheld) in enumerate(table.folds):
        next(ticks, None)
        fits_left = len(table.folds) - number + REFIT
        if budget.interrupted():
            budget.stopped = "interrupt"
            break
        if not must and budget.left <= (spent.mean() * fits_left if len(spent) else 0):
            budget.stopped = "minutes"
            break
        began = time.monotonic()
        own = derived_seed(seed, number)
        try:
            fitted = fit(number=number, seed=own, seconds=budget.left / fits_left)
        except KeyboardInterrupt:  # from a member that looks for Ctrl-C itself
            budget.stopped = "interrupt"
            break
        tried.answers[withheld] = fitted.predict(table.fold(number)[1])
        effort = 1.0 if fitted.member is None else fitted.member.effort
        tried.efforts = np.append(tried.efforts, effort)
        tried.seconds = spent = np.append(spent, time.monotonic() - began)
