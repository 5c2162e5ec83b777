"""Models of texts under scikit-learn's contract: ``fit(texts, y)``, ``predict(texts)``.

Axes: N texts, K classes.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from pearlite.data.split import split
from pearlite.data.table import take_target
from pearlite.errors import InputError
from pearlite.judge.goal import Truth, read_truth
from pearlite.judge.scores import CLASSES, chosen
from pearlite.recipes.text.candidates import Lesson, candidates
from pearlite.recipes.text.compare import Trial, best, compare
from pearlite.recipes.text.fitted import COVERAGE, Fitted
from pearlite.recipes.text.prepare import FEWEST
from pearlite.recipes.text.same import joined, same_texts
from pearlite.recipes.text.settings import Quality, Settings
from pearlite.train.device import device_of

CHOOSING = 0.25  # share of the texts on which the model is chosen


class TextEstimator(BaseEstimator):
    """Compares models of texts, and keeps the best.

    Parameters
    ----------
    quality
        ``"fast"``: linear models; ``"balanced"``, ``"best"``: an LSTM and an encoder, too.
    minutes
        A budget of time for the networks.
    metric
        What to be good at, one of `pearlite.judge.scores.METRICS`.
    seed
        The one source of randomness.
    device
        Where networks compute.

    Attributes
    ----------
    fitted_ : Fitted
        The model that was chosen.
    trials_ : list of Trial
        All that were tried.
    """

    fitted_: Fitted
    trials_: list[Trial]
    _default = ""

    def __init__(
        self,
        *,
        quality: Quality = "fast",
        minutes: float | None = None,
        metric: str | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        self.quality: Quality = quality
        self.minutes = minutes
        self.metric = metric
        self.seed = seed
        self.device = device

    def fit(
        self,
        X: Sequence[str],
        y: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        unlabelled: Sequence[str] = (),
    ) -> Self:
        """Fit all models to three quarters of the texts, and choose and calibrate on the others.

        Parameters
        ----------
        X
            N texts.
        y
            Their targets, shape ``(N,)``.
        groups
            A label a text: no group is on both sides.
        unlabelled
            Further texts, for pretraining.

        Raises
        ------
        InputError
            If something is no text, the lengths differ, or the texts are too few.
        """
        texts = _texts(X)
        truth = self._truth(texts, y)
        metric = chosen(truth.goal, self.metric)
        copies = same_texts(texts)
        declared = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        group = joined(declared, copies.group if copies.count else None)
        classes = truth.values if truth.goal in CLASSES else None
        parts = split(
            len(texts),
            fractions=(1 - CHOOSING, CHOOSING, 0.0),
            group=group,
            stratify=classes,
            seed=self.seed,
        )
        settings = Settings(("text",), "target", quality=self.quality, seed=self.seed)
        lesson = Lesson(
            *_part(texts, truth, parts.train),
            _part(texts, truth, parts.validation),
            tuple(unlabelled),
            settings,
            left=lambda: self.minutes,
            device=device_of(self.device),
        )
        held = None if group is None else group[parts.validation]
        self.trials_ = compare(candidates(settings, truth.goal), lesson, metric, group=held)
        self.fitted_ = best(self.trials_, metric).fitted
        return self

    def _truth(self, texts: list[str], y: ArrayLike) -> Truth:
        target = pd.Series(np.asarray(y), name="target")
        if len(target) != len(texts) or len(texts) < FEWEST:
            raise InputError(
                f"{len(texts)} texts and {len(target)} targets; expected as many of both, at least "
                f"{FEWEST}"
            )
        _, known = take_target(pd.DataFrame({"text": texts, "target": target}), "target")
        if len(known) < len(texts):
            raise InputError(f"{len(texts) - len(known)} texts have no target; leave them out")
        return read_truth(known, self.metric or self._default)


class TextClassifier(ClassifierMixin, TextEstimator):
    """Classes of texts: TF-IDF with logistic regression, LSTM, encoder; parameters as above."""

    _default = "balanced_accuracy"

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, sorted."""
        check_is_fitted(self, "fitted_")
        return np.asarray(self.fitted_.classes)

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Return the most probable class of each text, ``(N,)``."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each class, ``(N, K)``, in the order of `classes_`."""
        check_is_fitted(self, "fitted_")
        shares_NK = self.fitted_.answer(_texts(X)).shares
        assert shares_NK is not None
        return shares_NK


class TextRegressor(RegressorMixin, TextEstimator):
    """Numbers of texts: TF-IDF with ridge regression, LSTM, encoder; parameters as above."""

    _default = "mae"

    def predict(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Return the number of each text, ``(N,)``."""
        check_is_fitted(self, "fitted_")
        return self.fitted_.answer(_texts(X)).values

    def predict_interval(self, X: Sequence[str], coverage: float = COVERAGE) -> NDArray[np.float64]:
        """Return low and high that hold the truth of such a share of new texts, ``(N, 2)``."""
        check_is_fitted(self, "fitted_")
        conformal = self.fitted_.conformal
        assert conformal is not None
        return conformal.interval(self.predict(X), coverage)


def _texts(X: Sequence[str]) -> list[str]:
    texts = [X] if isinstance(X, str) else list(X)
    wrong = next((text for text in texts if not isinstance(text, str)), None)
    if wrong is not None or isinstance(X, str) or not texts:
        shown = repr(X if isinstance(X, str) else wrong)[:60]
        raise InputError(f"{shown} was given; expected a list of texts, at least one")
    return texts


def _part(texts: list[str], truth: Truth, rows: NDArray[np.int64]) -> tuple[list[str], Truth]:
    return [texts[row] for row in rows], Truth(truth.goal, truth.values[rows], truth.classes)
