"""The learners of a portfolio, a file a family; none knows of tables, folds or blends.

Axes: N rows, F features, K outputs: 1 number, a probability a class, or a quantile a level.
"""

from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.tabular.aim import Aim

Matrix = NDArray[np.float64]


ROWS_A_THREAD = 5_000
"""With fewer, threads of boosted trees mostly wait for each other."""


def threads_for(rows: int, threads: int) -> int:
    """Return how many threads are of use to boosted trees."""
    return max(1, min(threads, rows // ROWS_A_THREAD))


class Member(Protocol):
    """One learner, made with its options.

    Attributes
    ----------
    amount : str
        The option that says how much is learned, which lack of time cuts; ``""`` if none does.
    effort : float
        The share of that amount for which there was time; 1 before `fit`.
    """

    amount: ClassVar[str]
    effort: float

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
        """Learn from rows.

        Parameters
        ----------
        x_NF
            Features. Those for trees may hold NaN.
        y_N
            Numbers, or classes counted from 0, each of which occurs.
        weight_N
            How much each row counts; all the same where None.
        aim
            What is predicted.
        seed, threads
            Of what is drawn; how many CPU threads to use.
        seconds
            After which to make do with what was learned, as well as the method can.
        """
        ...

    def predict(self, x_NF: Matrix) -> Matrix:
        """Return numbers, probabilities or quantiles, (N, K)."""
        ...

    def save(self, stem: Path) -> dict[str, Any]:
        """Write one file, `stem` with a suffix, and return what else `load` needs, JSON-plain."""
        ...

    @classmethod
    def load(cls, stem: Path, facts: dict[str, Any]) -> Self:
        """Read what `save` wrote; `InputError` if it is missing or damaged."""
        ...


_PLACES = {
    "extra_trees": "forest.ExtraTrees",
    "random_forest": "forest.RandomForest",
    "histogram": "histogram.HistogramBoosting",
    "lightgbm": "lightgbm.LightGBM",
    "xgboost": "xgboost.XGBoost",
    "linear": "linear.Linear",
    "gaussian_process": "gaussian_process.GaussianProcess",
    "mlp": "mlp.NeuralNetwork",
}
KINDS = tuple(_PLACES)
"""Names of the members."""


def member_class(kind: str) -> type[Member]:
    """Return the class of a member; its library is imported now and not before."""
    module, name = _PLACES[kind].split(".")
    return getattr(import_module(f"{__name__}.{module}"), name)
