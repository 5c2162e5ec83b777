"""Gradient boosting on histograms, from scikit-learn."""

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.members import Matrix, threads_for
from pearlite.recipes.tabular.members.arrays import load_arrays, save_arrays
from pearlite.recipes.tabular.members.nodes import Nodes


class HistogramBoosting:
    """scikit-learn's answer to LightGBM: binned features, trees grown leaf by leaf.

    Quantiles are a model a level.

    Parameters
    ----------
    rounds, rate, leaves, features
        As in `LightGBM`.
    """

    amount: ClassVar[str] = ""
    effort = 1.0

    def __init__(
        self, rounds: int = 300, rate: float = 0.05, leaves: int = 15, features: float = 0.5
    ) -> None:
        self.options = {
            "max_iter": rounds,
            "learning_rate": rate,
            "max_leaf_nodes": leaves,
            "max_features": features,
            "min_samples_leaf": 5,
            "early_stopping": False,
        }
        self.goal = "regression"
        self.nodes: list[Nodes] = []
        self.base_K: NDArray[np.float64]

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
        """Grow all trees; the time is not looked at."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        options: dict[str, Any] = {**self.options, "random_state": seed % 2**32}
        if aim.of_classes:
            models = [HistGradientBoostingClassifier(**options)]
        elif aim.levels:
            models = [
                HistGradientBoostingRegressor(loss="quantile", quantile=level, **options)
                for level in aim.levels
            ]
        else:
            models = [HistGradientBoostingRegressor(**options)]
        with threadpool_limits(threads_for(len(y_N), threads)):
            models = [model.fit(x_NF, y_N, weight_N) for model in models]
        self.goal = aim.goal
        self.nodes = [
            _nodes([rounds[k] for rounds in model._predictors])
            for model in models
            for k in range(len(model._predictors[0]))
        ]
        self.base_K = np.concatenate([np.ravel(model._baseline_prediction) for model in models])
        return self

    def predict(self, x_NF: Matrix) -> Matrix:
        """Return numbers, probabilities or quantiles, (N, K)."""
        sums = [nodes.mean(x_NF) * len(nodes.root_T) for nodes in self.nodes]
        raw_NK = np.column_stack(sums) + self.base_K
        if self.goal == "binary":
            return np.column_stack([expit(-raw_NK), expit(raw_NK)])
        return softmax(raw_NK, axis=1) if self.goal == "multiclass" else np.sort(raw_NK, axis=1)

    def save(self, stem: Path) -> dict[str, Any]:
        """Write the nodes."""
        arrays = {
            f"{k}.{name}": array
            for k, nodes in enumerate(self.nodes)
            for name, array in nodes.arrays().items()
        }
        save_arrays(stem.with_suffix(".safetensors"), {**arrays, "base": self.base_K})
        return {"goal": self.goal, "models": len(self.nodes)}

    @classmethod
    def load(cls, stem: Path, facts: dict[str, Any]) -> Self:
        """Read what `save` wrote."""
        arrays, made = load_arrays(stem.with_suffix(".safetensors")), cls()
        made.goal, made.base_K = facts["goal"], arrays.pop("base")
        for k in range(facts["models"]):
            own = {
                name.removeprefix(f"{k}."): array
                for name, array in arrays.items()
                if name.startswith(f"{k}.")
            }
            made.nodes.append(Nodes.of_arrays(own))
        return made


def _nodes(trees: list[Any]) -> Nodes:
    """Take over fitted trees of scikit-learn's histogram boosting."""
    counts = [len(tree.nodes) for tree in trees]
    root_T = np.cumsum([0, *counts[:-1]]).astype(np.int32)
    shift_M = np.repeat(root_T, counts)
    nodes_M = np.concatenate([tree.nodes for tree in trees])
    leaf_M, own_M = nodes_M["is_leaf"].astype(bool), np.arange(len(nodes_M))
    return Nodes(
        root_T,
        np.where(leaf_M, -1, nodes_M["feature_idx"]).astype(np.int32),
        nodes_M["num_threshold"].astype(np.float64),
        np.where(leaf_M, own_M, nodes_M["left"] + shift_M).astype(np.int32),
        np.where(leaf_M, own_M, nodes_M["right"] + shift_M).astype(np.int32),
        nodes_M["missing_go_to_left"].astype(bool),
        nodes_M["value"].astype(np.float64)[leaf_M, None],
    )
