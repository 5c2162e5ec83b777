"""Boosted trees for more rows than memory holds: a few trees on each random part of them in turn.

Stochastic gradient boosting (Friedman, Comput. Stat. Data Anal. 38 (2002) 367) fits every tree to
another random sample; here the sample is a bucket on disk. Memory depends on its size alone.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.buckets import Rows
from pearlite.recipes.tabular.members.lightgbm import LightGBM, objectives_of

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset

OPTIONS = {
    "learning_rate": 0.2,
    "num_leaves": 127,
    "min_data_in_leaf": 50,
    "verbosity": -1,
    "deterministic": True,
    "force_col_wise": True,
}


class Growing:
    """LightGBM's boosters between two buckets.

    Parameters
    ----------
    sample
        Training rows from all over the table; they decide the bins of each feature.
    validation
        Rows that say when to stop.
    aim
        What is predicted.
    seed, threads
        Of what is drawn; how many CPU threads to use.

    Attributes
    ----------
    rounds : int
        Trees so far, of each booster and class.
    best_rounds : int
        How many of them to keep.
    best_loss : float
        The least mean loss on `validation`.
    """

    def __init__(
        self,
        sample: Rows,
        validation: Rows,
        aim: Aim,
        *,
        seed: int,
        threads: int,
    ) -> None:
        fixed = {**OPTIONS, "seed": seed % 2**31, "num_threads": threads}
        self.binary = aim.goal == "binary"
        self.params = [{**fixed, **objective} for objective in objectives_of(aim)]
        self.boosters: list[Booster] = []
        self.bins = self._dataset(sample, None)
        self.validation = self._dataset(validation, self.bins)
        self.rounds = self.best_rounds = 0
        self.best_loss = np.inf

    def visit(self, rows: Rows, trees: int, enough: Callable[[], bool]) -> float:
        """Grow trees on a bucket, at least one; return the loss on the validation rows."""
        import lightgbm

        data = self._dataset(rows, self.bins)
        before = [booster.train_set for booster in self.boosters]  # LightGBM compares new with old
        if not self.boosters:
            self.boosters = [lightgbm.Booster(params, data) for params in self.params]
            for booster in self.boosters:
                booster.add_valid(self.validation, "validation")
        for number in range(trees):
            for booster in self.boosters:
                booster.update(train_set=data)
            self.rounds += 1
            if number + 1 < trees and enough():
                break
        del before
        loss = float(np.mean([booster.eval_valid()[0][2] for booster in self.boosters]))
        if loss < self.best_loss:
            self.best_loss, self.best_rounds = loss, self.rounds
        return loss

    def member(self) -> LightGBM:
        """Return the trees up to the best loss as a member of a portfolio."""
        import lightgbm

        texts = [
            booster.model_to_string(num_iteration=self.best_rounds) for booster in self.boosters
        ]
        made = LightGBM(rounds=self.best_rounds)
        made.boosters = [lightgbm.Booster(model_str=text) for text in texts]
        made.binary = self.binary
        return made

    def _dataset(self, rows: Rows, bins: "Dataset | None") -> "Dataset":
        import lightgbm

        return lightgbm.Dataset(
            rows.x_NF, rows.y_N, weight=rows.weight_N, reference=bins, params=self.params[0]
        ).construct()
