"""Gradient boosting by XGBoost, kept in its own JSON format."""

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
    from xgboost import Booster


class XGBoost:
    """Trees grown level by level on second derivatives (Chen & Guestrin, KDD 2016).

    Parameters
    ----------
    rounds
        How many trees, each of which corrects the ones before it; times K for several classes, and
        for each level of quantiles.
    rate
        How much of its correction a tree makes.
    depth, rows_in_leaf
        Most questions in a row; least weight of a leaf.
    features, rows
        Share of the features that a split may choose from; of the rows that a tree is grown from.
    bins
        Into which the values of a feature are sorted.
    """

    amount: ClassVar[str] = "rounds"

    def __init__(
        self,
        rounds: int = 500,
        rate: float = 0.05,
        depth: int = 6,
        rows_in_leaf: float = 2.0,
        features: float = 0.5,
        rows: float = 0.8,
        bins: int = 128,
    ) -> None:
        self.rounds = rounds
        self.options = {
            "eta": rate,
            "max_depth": depth,
            "min_child_weight": rows_in_leaf,
            "colsample_bynode": features,
            "subsample": rows,
            "max_bin": bins,
            "tree_method": "hist",
        }
        self.effort = 1.0
        self.threads = cpu_count()
        self.binary, self.quantiles = False, False
        self.booster: Booster

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
        import xgboost
        from xgboost.callback import TrainingCallback

        until, own = time.monotonic() + seconds, threads_for(len(y_N), threads)
        parameters = {**self.options, **objective_of(aim), "seed": seed % 2**31, "nthread": own}
        data = xgboost.QuantileDMatrix(
            x_NF, y_N, weight=weight_N, nthread=own, max_bin=self.options["max_bin"]
        )

        class StopInTime(TrainingCallback):
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                return time.monotonic() >= until

        self.booster = xgboost.train(parameters, data, self.rounds, callbacks=[StopInTime()])
        self.effort = self.booster.num_boosted_rounds() / self.rounds
        self.threads = threads
        self.binary, self.quantiles = aim.goal == "binary", bool(aim.levels)
        return self

    def predict(self, x_NF: Matrix) -> Matrix:
        """Return numbers, probabilities or quantiles, (N, K)."""
        self.booster.set_param({"nthread": threads_for(len(x_NF), self.threads)})
        answer_NK = np.asarray(self.booster.inplace_predict(x_NF), np.float64)
        answer_NK = answer_NK.reshape(len(x_NF), -1)
        if self.binary:
            return np.column_stack([1 - answer_NK, answer_NK])
        return np.sort(answer_NK, axis=1) if self.quantiles else answer_NK

    def save(self, stem: Path) -> dict[str, Any]:
        """Write the model as JSON."""
        with replacing(stem.with_suffix(".json")) as hidden:
            hidden.write_bytes(self.booster.save_raw("json"))
        return {"binary": self.binary, "quantiles": self.quantiles}

    @classmethod
    def load(cls, stem: Path, facts: dict[str, Any]) -> Self:
        """Read what `save` wrote."""
        import xgboost

        path, made = stem.with_suffix(".json"), cls()
        made.booster = xgboost.Booster()
        made.binary, made.quantiles = facts["binary"], facts["quantiles"]
        try:
            made.booster.load_model(bytearray(path.read_bytes()))
        except (OSError, xgboost.core.XGBoostError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise InputError(f"{path} is not a complete XGBoost model ({reason})") from error
        return made


def objective_of(aim: Aim) -> dict[str, Any]:
    """Return what to minimise; squares also for absolute errors, which trees learn better so."""
    if aim.goal == "quantiles":
        return {"objective": "reg:quantileerror", "quantile_alpha": list(aim.levels)}
    if aim.goal == "multiclass":
        return {"objective": "multi:softprob", "num_class": aim.classes}
    return {"objective": "binary:logistic" if aim.goal == "binary" else "reg:squarederror"}
