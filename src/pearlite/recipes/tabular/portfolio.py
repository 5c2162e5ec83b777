"""Portfolio: many learners tried out of fold, a few of them blended.

Axes: N rows, K outputs (1 number, a probability a class, or a quantile a level).
"""

import math
import time as clock
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.candidates import Quality
from pearlite.recipes.tabular.decision import factors
from pearlite.recipes.tabular.features import Features, kinds_of
from pearlite.recipes.tabular.fitted import Blend, Fitted, Predictor, Sight
from pearlite.recipes.tabular.folds import fold_count, withheld_in_turn
from pearlite.recipes.tabular.search import Search, mixed, refit
from pearlite.recipes.tabular.spike import Spiked
from pearlite.recipes.tabular.trials import Budget, Table
from pearlite.recipes.tabular.tried import Kept
from pearlite.train.interrupt import held_interrupts


@dataclass
class Portfolio:
    """A fitted blend.

    Attributes
    ----------
    aim : Aim
        What is predicted.
    features : Features
        The table's features, learned from all rows.
    blend : Blend
        The members and their shares.
    factors_K : (K,)
        By what probabilities are multiplied before the largest decides.
    weights : dict
        Share of each member, the largest first; together 1.
    out_of_fold : (N, K)
        The blend's answers for training rows that were withheld; NaN where a row never was. Empty
        after loading.
    folds : (N,) int64
        In which fold a row was withheld; -1 where in none. Empty after loading.
    history : list of dict
        A row a member: member, score (out of fold), seconds, share.
    stopped : str
        ``""``, or why not all members were tried: ``"minutes"``, ``"interrupt"``.
    """

    aim: Aim
    features: Features
    blend: Blend
    factors_K: NDArray[np.float64]
    weights: dict[str, float]
    out_of_fold: NDArray[np.float64]
    folds: NDArray[np.int64]
    history: list[dict[str, Any]] = field(default_factory=list)
    stopped: str = ""

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        y: NDArray[Any],
        aim: Aim,
        *,
        weight: NDArray[np.float64] | None = None,
        group: NDArray[np.int64] | None = None,
        time: NDArray[Any] | None = None,
        quality: Quality = "balanced",
        minutes: float | None = None,
        seed: int = 0,
        threads: int = 1,
        progress: bool = False,
        state: Path | None = None,
    ) -> Self:
        """Try, blend, and fit what the blend needs to all rows.

        When the time is up, and after Ctrl-C unless there is a `state`, it goes on with the members
        that are finished.

        Parameters
        ----------
        frame
            Input columns, N rows.
        y
            Targets, (N,): float64, or classes counted from 0.
        aim
            What is predicted, and the metric.
        weight, group, time
            How much each row counts; what stays together; what comes later. All (N,).
        quality
            ``"fast"``, ``"balanced"`` or ``"best"``: how many members, trees and folds.
        minutes
            Longest time, as well as one member allows.
        seed, threads
            Of what is drawn; how many CPU threads to use.
        progress
            Whether to show a bar.
        state
            Folder for finished trials: after Ctrl-C the same call goes on where it was.

        Raises
        ------
        InputError
            If no column is of use, or rows, groups or times are too few.
        KeyboardInterrupt
            If Ctrl-C came before the first member was finished, or twice, or there is a `state`.
        """
        until = math.inf if minutes is None else clock.monotonic() + 60 * minutes
        features = Features.learn(frame, seed, kinds_of(frame))
        count = fold_count(len(y), quality)
        folds = withheld_in_turn(y, aim, count, group=group, time=time, seed=seed)
        table = Table(frame, features, folds, weight, seed, threads)
        if state is not None:
            plan = [rows for fold in folds for rows in fold]
            table.kept = Kept(state, frame, weight, *plan)
        with held_interrupts() as interrupted:
            search = Search(table, y, aim, quality, Budget(until, interrupted), progress)
            trials = search.trials()
            if state is not None and search.budget.stopped == "interrupt":
                raise KeyboardInterrupt
            share_M = search.shares(trials, y, aim)
            blend = refit(trials, share_M)
        out_of_fold = mixed(trials, share_M)
        withheld_N = ~np.isnan(out_of_fold[:, 0])
        fold_N = np.full(len(y), -1)
        for number, (_, rows) in enumerate(folds):
            fold_N[rows] = number
        factors_K = np.ones(aim.outputs)
        if aim.of_classes:
            given = None if weight is None else weight[withheld_N]
            factors_K = factors(out_of_fold[withheld_N], y[withheld_N], given, aim)
        order = np.argsort(-share_M, kind="stable")
        return cls(
            aim,
            features,
            blend,
            factors_K,
            {trials[m].name: float(share_M[m]) for m in order if share_M[m] > 0},
            out_of_fold,
            fold_N,
            [
                {
                    "member": trials[m].name,
                    "score": search.score(trials[m].out_of_fold),
                    "seconds": trials[m].seconds,
                    "share": float(share_M[m]),
                }
                for m in order
            ],
            search.budget.stopped,
        )

    def predict(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return numbers, probabilities that sum to 1, or quantiles that do not cross, (N, K).

        Raises
        ------
        InputError
            If a column is missing or holds other things than in training.
        """
        return self.blend.predict(Sight(self.features, frame))

    def decide(self, probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the class that each row of probabilities, (N, K), speaks for, (N,)."""
        return (probabilities * self.factors_K).argmax(axis=1)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the members' files into a folder that exists; return JSON-plain facts."""
        return {
            "aim": asdict(self.aim),
            "features": self.features.to_dict(),
            "factors": self.factors_K.tolist(),
            "weights": self.weights,
            "history": self.history,
            "stopped": self.stopped,
            "blend": self.blend.save(folder, set()),
        }

    @classmethod
    def load(cls, folder: Path, facts: dict[str, Any]) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        """
        aim = Aim(**{**facts["aim"], "levels": tuple(facts["aim"]["levels"])})
        parts: list[tuple[float, Predictor]] = []
        for part in facts["blend"]["parts"]:
            kind = Spiked if "spike" in part else Fitted
            parts.append((part["share"], kind.load(folder, part, aim)))
        return cls(
            aim,
            Features.from_dict(facts["features"]),
            Blend(parts),
            np.array(facts["factors"]),
            facts["weights"],
            np.empty((0, aim.outputs)),
            np.empty(0, np.int64),
            facts["history"],
            facts["stopped"],
        )
