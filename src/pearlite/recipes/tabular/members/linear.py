"""Ridge regression and logistic regression: the simplest members, and the yardstick of others."""

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.members import Matrix
from pearlite.recipes.tabular.members.arrays import load_arrays, save_arrays

PENALTIES = np.logspace(-3, 5, 17)
"""Of ridge; the best by leave-one-out is taken."""


class Linear:
    """Sums of features: ridge for numbers, logistic regression for classes.

    Quantiles are those of the ridge's residuals, added to its answer.

    Parameters
    ----------
    strength
        The inverse of logistic regression's penalty.
    """

    amount: ClassVar[str] = ""
    effort = 1.0

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength
        self.of_classes = False
        self.slope_FK: NDArray[np.float64]
        self.shift_K: NDArray[np.float64]

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
        """Solve; the time is not looked at."""
        self.of_classes = aim.of_classes
        if aim.of_classes:
            from sklearn.linear_model import LogisticRegression

            model = LogisticRegression(C=self.strength, max_iter=200, tol=1e-3)
            self._take(_quietly(model, x_NF, y_N, weight_N))
            if aim.classes == 2:
                self.slope_FK = np.column_stack([-self.slope_FK, self.slope_FK]) / 2
                self.shift_K = np.concatenate([-self.shift_K, self.shift_K]) / 2
            return self
        from sklearn.linear_model import RidgeCV

        self._take(_quietly(RidgeCV(PENALTIES), x_NF, y_N, weight_N))
        if aim.levels:
            residual_N = y_N - self.predict(x_NF)[:, 0]
            self.slope_FK = np.repeat(self.slope_FK, len(aim.levels), axis=1)
            self.shift_K = self.shift_K + np.quantile(residual_N, aim.levels)
        return self

    def _take(self, model: Any) -> None:
        self.slope_FK = np.atleast_2d(model.coef_).T.astype(np.float64)
        self.shift_K = np.atleast_1d(model.intercept_).astype(np.float64)

    def predict(self, x_NF: Matrix) -> Matrix:
        """Return numbers, probabilities or quantiles, (N, K)."""
        answer_NK = x_NF @ self.slope_FK + self.shift_K
        return softmax(answer_NK, axis=1) if self.of_classes else answer_NK

    def save(self, stem: Path) -> dict[str, Any]:
        """Write the coefficients."""
        save_arrays(
            stem.with_suffix(".safetensors"), {"slope": self.slope_FK, "shift": self.shift_K}
        )
        return {"of_classes": self.of_classes}

    @classmethod
    def load(cls, stem: Path, facts: dict[str, Any]) -> Self:
        """Read what `save` wrote."""
        arrays, made = load_arrays(stem.with_suffix(".safetensors")), cls()
        made.slope_FK, made.shift_K = arrays["slope"], arrays["shift"]
        made.of_classes = facts["of_classes"]
        return made


def _quietly(
    model: Any, x_NF: Matrix, y_N: NDArray[Any], weight_N: NDArray[np.float64] | None
) -> Any:
    """Fit; a warning of slow convergence or a poor condition is nothing a user can act on."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(x_NF, y_N, sample_weight=weight_N)
