"""Gradient boosting by LightGBM, kept in its own text format."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from joblib import cpu_count
from numpy.typing import NDArray

from pearlite.data.disk import replacing
from pearlite.errors import InputError
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.members import Matrix, threads_for

if TYPE_CHECKING:
    from lightgbm import Booster

_SAME_EVERYWHERE = {"verbosity": -1, "deterministic": True, "force_row_wise": True}
_BETWEEN = "\n\f\n"  # quantiles are a model a level, in one file


class LightGBM:
    """Trees grown leaf by leaf on binned features (Ke et al., NeurIPS 30, 2017).

    Parameters
    ----------
    rounds
        How many trees, each of which corrects the ones before it; times K for several classes, and
        for each level of quantiles.
    rate
        How much of its correction a tree makes.
    leaves, rows_in_leaf
        Most leaves of a tree; fewest rows in a leaf.
    features, rows
        Shares of the features and of the rows that a tree is grown from.
    """

    amount: ClassVar[str] = "rounds"

    def __init__(
        self,
        rounds: int = 500,
        rate: float = 0.04,
        leaves: int = 15,
        rows_in_leaf: int = 5,
        features: float = 0.5,
        rows: float = 0.8,
    ) -> None:
        self.rounds = rounds
        self.options = {
            "learning_rate": rate,
            "num_leaves": leaves,
            "min_data_in_leaf": rows_in_leaf,
            "feature_fraction": features,
            "bagging_fraction": rows,
            "bagging_freq": 1,
        }
        self.effort = 1.0
        self.threads = cpu_count()
        self.binary = False
        self.boosters: list[Booster] = []

    def fit(
        self,
        x_NF: Matrix,
        y_N: NDArray[Any],
        weight_N: NDArray[np.float64] | None,
        aim: Aim,
        *,
        seed: int,
        threads: int,
        seconds: float,
    ) -> Self:
        """Add trees until there are enough of them, or the time is up."""
        import lightgbm
        from lightgbm.callback import EarlyStopException

        start, objectives = time.monotonic(), objectives_of(aim)
        rounds = [self.rounds] * len(objectives)

        def stop_in_time(environment: Any) -> None:
            number = len(self.boosters)
            if time.monotonic() >= start + (number + 1) / len(objectives) * seconds:
                rounds[number] = environment.iteration + 1
                raise EarlyStopException(environment.iteration, [])

        self.threads, self.boosters = threads, []
        fixed = {**self.options, **_SAME_EVERYWHERE, "seed": seed % 2**31}
        fixed["num_threads"] = threads_for(len(y_N), threads)
        data = lightgbm.Dataset(x_NF, y_N, weight=weight_N, params=fixed, free_raw_data=False)
        for objective in objectives:
            given = {**fixed, **objective}
            booster = lightgbm.train(given, data, self.rounds, callbacks=[stop_in_time])
            self.boosters.append(booster)
        self.effort = float(np.mean(rounds)) / self.rounds
        self.binary = aim.goal == "binary"
        return self

    def predict(self, x_NF: Matrix) -> Matrix:
        """Return numbers, probabilities or quantiles, (N, K)."""
        threads = threads_for(len(x_NF), self.threads)
        answers = [
            np.asarray(booster.predict(x_NF, num_threads=threads)) for booster in self.boosters
        ]
        if len(answers) > 1:
            return np.sort(np.column_stack(answers), axis=1)
        answer_NK = answers[0].reshape(len(x_NF), -1)
        return np.column_stack([1 - answer_NK, answer_NK]) if self.binary else answer_NK

    def save(self, stem: Path) -> dict[str, Any]:
        """Write the models as text."""
        with replacing(stem.with_suffix(".txt")) as hidden:
            texts = [booster.model_to_string() for booster in self.boosters]
            hidden.write_text(_BETWEEN.join(texts), encoding="utf-8")
        return {"binary": self.binary}

    @classmethod
    def load(cls, stem: Path, facts: dict[str, Any]) -> Self:
        """Read what `save` wrote."""
        import lightgbm

        path, made = stem.with_suffix(".txt"), cls()
        made.binary = facts["binary"]
        try:
            texts = path.read_text(encoding="utf-8").split(_BETWEEN)
            if not all("end of parameters" in text for text in texts):
                raise ValueError("its end is missing")
            made.boosters = [lightgbm.Booster(model_str=text) for text in texts]
        except (OSError, ValueError, lightgbm.basic.LightGBMError) as error:
            raise InputError(f"{path} is not a complete LightGBM model ({error})") from error
        return made


def objectives_of(aim: Aim) -> list[dict[str, Any]]:
    """Return what to minimise; squares also for absolute errors, which trees learn better so."""
    if aim.goal == "quantiles":
        return [{"objective": "quantile", "alpha": level} for level in aim.levels]
    if aim.goal == "multiclass":
        return [{"objective": "multiclass", "num_class": aim.classes}]
    return [{"objective": "binary" if aim.goal == "binary" else "regression"}]
