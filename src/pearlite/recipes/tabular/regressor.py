"""A number from the columns of a table, with quantiles and intervals.

Axes: N rows, F input columns, Q quantiles.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from pearlite.errors import InputError
from pearlite.judge.conformal import Conformal
from pearlite.judge.scores import QUANTILES, REGRESSION, chosen
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.candidates import Quality
from pearlite.recipes.tabular.estimator import Estimator

MEDIAN = 0.5


class TabularRegressor(RegressorMixin, Estimator):
    """Predicts a number, its quantiles and honest intervals from the columns of a table.

    A portfolio of learners is fitted out of fold, and a few of them are blended by non-negative
    least squares (Breiman, Mach. Learn. 24 (1996) 49); intervals are conformal, from the
    predictions of rows that were withheld (Vovk, Gammerman & Shafer, Springer 2005).

    Parameters
    ----------
    quality
        How much is tried: ``"fast"``, ``"balanced"`` or ``"best"``.
    minutes
        The time a fit may take; ``None`` leaves it to `quality`.
    metric
        What is optimised, a name of `pearlite.judge.scores.METRICS`; ``None`` is the mean absolute
        error, or the pinball loss for quantiles.
    quantiles
        Levels between 0 and 1 to predict, such as ``(0.05, 0.95)``; the median always comes along.
    seed
        The one source of randomness.
    threads
        How many to use; ``None`` uses every core.
    progress
        Whether a bar on stderr shows how far a fit is.

    Attributes
    ----------
    portfolio_ : Portfolio
        The blend with its out-of-fold predictions.
    conformal_ : Conformal
        What intervals are calibrated by.
    columns_ : list of str
        The names of the input columns; ``x1``, ``x2`` … for an array.
    n_features_in_ : int
        Their number.
    feature_names_in_ : array of str
        Their names, where they had any.
    """

    conformal_: Conformal

    def __init__(
        self,
        *,
        quality: Quality = "balanced",
        minutes: float | None = None,
        metric: str | None = None,
        quantiles: Sequence[float] | None = None,
        seed: int = 0,
        threads: int | None = None,
        progress: bool = False,
    ) -> None:
        super().__init__(
            quality=quality,
            minutes=minutes,
            metric=metric,
            seed=seed,
            threads=threads,
            progress=progress,
        )
        self.quantiles = quantiles

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
    ) -> Self:
        """Learn to predict `y` from the columns of `X`.

        Parameters
        ----------
        X
            A table (pandas, polars, Arrow, a dict of columns, or a path) with numbers, categories,
            dates, texts and chemical formulas; or an array of numbers, (N, F).
        y
            The numbers to predict, (N,).
        sample_weight
            How much each row counts, (N,), none negative.
        groups
            A label a row, (N,): rows of a group are never on two sides of a fold.
        time
            A number or date a row, (N,): every fold learns from the past.

        Returns
        -------
        TabularRegressor
            Itself.

        Raises
        ------
        InputError
            If the table, the target or an option is wrong.
        """
        rows = self._training(X, y, sample_weight, groups, time)
        numbers = _numbers(rows.y)
        levels = () if self.quantiles is None else _levels(self.quantiles)
        goal = QUANTILES if levels else REGRESSION
        self._learn(
            rows, numbers, Aim(goal, chosen(goal, self.metric, levels or None).name, levels=levels)
        )
        held_out = self.portfolio_.folds >= 0
        self.conformal_ = Conformal.calibrate(
            numbers[held_out],
            self._core(self.portfolio_.out_of_fold[held_out]),
            group=None if rows.group is None else rows.group[held_out],
        )
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return a number a row, (N,): the median where quantiles were learnt.

        Raises
        ------
        InputError
            If columns are missing or hold other things than in training.
        """
        frame = self._new(X)
        return self.portfolio_.predict(frame)[:, self._middle]

    def predict_quantiles(self, X: Any) -> NDArray[np.float64]:
        """Return the quantiles that were asked for, (N, Q), in that order.

        Raises
        ------
        InputError
            If none were asked for, or the table does not fit.
        """
        frame = self._new(X)
        if self.quantiles is None:
            raise InputError(
                "no quantiles were learnt; fit TabularRegressor(quantiles=(0.05, 0.5, 0.95)), or "
                "ask predict_interval"
            )
        places = [self.portfolio_.aim.levels.index(level) for level in self.quantiles]
        return self.portfolio_.predict(frame)[:, places]

    def predict_interval(self, X: Any, coverage: float = 0.9) -> NDArray[np.float64]:
        """Return intervals that hold the truth of new rows with a given probability, (N, 2).

        They are calibrated on rows that were withheld by the same rule as in the fit: for rows of
        new groups where groups were given.

        Parameters
        ----------
        X
            New rows.
        coverage
            The probability, between 0 and 1.

        Raises
        ------
        InputError
            If `coverage` is no probability, or the table does not fit.
        """
        frame = self._new(X)
        answers = self.portfolio_.predict(frame)
        return self.conformal_.interval(self._core(answers), coverage)

    @property
    def _middle(self) -> int:
        """The place of the predicted number among the portfolio's outputs."""
        levels = self.portfolio_.aim.levels
        return levels.index(MEDIAN) if levels else 0

    def _core(self, answers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what intervals are put around: outer quantiles, (N, 2), or the number, (N,)."""
        levels = self.portfolio_.aim.levels
        banded = bool(levels) and levels[0] < MEDIAN < levels[-1]
        return answers[:, [0, -1]] if banded else answers[:, self._middle]


def _levels(quantiles: Any) -> tuple[float, ...]:
    """Return the levels to learn, ascending: those asked for and the median."""
    try:
        return tuple(sorted({*(float(level) for level in quantiles), MEDIAN}))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"quantiles is {quantiles!r}; expected levels between 0 and 1, as (0.1, 0.9)"
        ) from error


def _numbers(y: NDArray[Any]) -> NDArray[np.float64]:
    try:
        return y.astype(np.float64)
    except ValueError as error:
        raise InputError(
            f"the target holds no numbers ({error}); use TabularClassifier for classes"
        ) from error
