"""A class and its probability from the columns of a table.

Axes: N rows, K classes.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from pearlite.errors import InputError
from pearlite.judge.scores import BINARY, MULTICLASS, chosen
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.estimator import Estimator


class TabularClassifier(ClassifierMixin, Estimator):
    """Predicts a class and its probability from the columns of a table.

    The portfolio is that of `TabularRegressor`. Where the metric counts classes rather than rows,
    as balanced accuracy does, the rule that turns probabilities into a class is chosen on rows
    that were withheld.

    Parameters
    ----------
    quality, minutes, seed, threads, progress
        As for `TabularRegressor`.
    metric
        What is optimised; ``None`` is the balanced accuracy.

    Attributes
    ----------
    classes_ : array
        The classes, in the order of the probabilities.
    portfolio_, columns_, n_features_in_, feature_names_in_
        As for `TabularRegressor`.
    """

    classes_: NDArray[Any]

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
    ) -> Self:
        """Learn to predict the class `y` from the columns of `X`.

        Parameters
        ----------
        X, sample_weight, groups, time
            As for `TabularRegressor.fit`.
        y
            The classes, (N,): words, whole numbers or truth values.

        Returns
        -------
        TabularClassifier
            Itself.

        Raises
        ------
        InputError
            If the table, the target or an option is wrong.
        """
        rows = self._training(X, y, sample_weight, groups, time)
        try:
            check_classification_targets(rows.y)
            self.classes_, codes = np.unique(rows.y, return_inverse=True)
        except TypeError as error:
            raise InputError(
                f"the target mixes kinds of classes ({error}); write all as words or all as numbers"
            ) from error
        count = len(self.classes_)
        if count < 2:
            raise InputError(
                f"the target has 1 class, {str(self.classes_[0])!r}; give rows of two classes or "
                "more"
            )
        goal = BINARY if count == 2 else MULTICLASS
        self._learn(rows, codes, Aim(goal, chosen(goal, self.metric).name, classes=count))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, (N, K), in the order of `classes_`.

        Raises
        ------
        InputError
            If columns are missing or hold other things than in training.
        """
        frame = self._new(X)
        return self.portfolio_.predict(frame)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return a class a row, (N,).

        Raises
        ------
        InputError
            If columns are missing or hold other things than in training.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[self.portfolio_.decide(probabilities)]
