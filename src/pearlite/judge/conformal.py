"""Intervals that hold the truth as often as they say, calibrated once on out-of-fold predictions.

The predictions to calibrate on must come from folds that are split as the test part is: by groups,
if groups are declared. Otherwise the errors are those of samples with relatives in training.

Axes: N samples, K classes, T thresholds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError
from pearlite.judge.answers import Floats, read_numbers, read_probabilities, read_quantiles
from pearlite.judge.units import units_of

MOST_THRESHOLDS = 2000  # more are thinned out, always to the larger neighbour


@dataclass(frozen=True)
class Thresholds:
    """Scores of non-conformity, and the share of new samples whose score is no larger.

    Each group counts as one, however many samples it has; without groups it is split conformal
    with its n + 1. A further group with an infinite score (Lee, Barber & Willett, arXiv
    2306.06342) would promise more, but out-of-fold models, which train on fewer groups, already
    err on the safe side: 27 alloy families got 97 % with it where 90 % was asked, 93 % without
    (benchmarks/tabular/coverage.py).

    Attributes
    ----------
    scores, shares : ndarray
        Ascending, shape ``(T,)``.
    units : int
        Number of groups, or of samples without groups.
    """

    scores: Floats
    shares: Floats
    units: int

    @classmethod
    def learn(cls, scores_N: Floats, group: ArrayLike | None) -> Self:
        """Rank the scores of calibration samples."""
        unit_N, units = units_of(group, len(scores_N))
        order = scores_N.argsort(kind="stable")
        each_N = 1 / np.bincount(unit_N)[unit_N][order]
        shares_N = each_N.cumsum() / units * len(order) / (len(order) + 1)
        kept = np.unique(np.linspace(0, len(order) - 1, MOST_THRESHOLDS).round().astype(int))
        return cls(scores_N[order][kept], shares_N[kept], units)

    @property
    def most(self) -> float:
        """The largest share that so few units can vouch for."""
        return self.units / (self.units + 1)

    def at(self, coverage: float) -> float:
        """Return the score that a share `coverage` of new samples do not exceed.

        It is the largest score where too few samples were seen for more.

        Raises
        ------
        InputError
            If `coverage` is not between 0 and 1.
        """
        if not 0 < coverage < 1:
            raise InputError(f"coverage is {coverage}; expected a share between 0 and 1, as 0.9")
        place = np.searchsorted(self.shares, coverage * (1 - 1e-12))
        return float(self.scores[min(int(place), len(self.scores) - 1)])

    def sentence(self, coverage: float) -> str:
        """Say so if too few units were seen for such a promise; else nothing."""
        if coverage <= self.most:
            return ""
        return (
            f"{self.units} groups or samples were seen in calibration: they can vouch for a "
            f"coverage of {self.most:.0%} at most, not {coverage:.0%}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads, as plain values."""
        return {
            "scores": self.scores.tolist(),
            "shares": self.shares.tolist(),
            "units": self.units,
        }

    @classmethod
    def from_dict(cls, known: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returned.

        Raises
        ------
        InputError
            If it is something else.
        """
        try:
            scores = np.array(known["scores"], np.float64)
            shares = np.array(known["shares"], np.float64)
            units = int(known["units"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no stored calibration ({error}); calibrate again") from error
        if scores.ndim != 1 or scores.shape != shares.shape or not len(scores):
            raise InputError("this is no stored calibration; calibrate again")
        return cls(scores, shares, units)


@dataclass(frozen=True)
class Conformal:
    """Intervals of numbers (Papadopoulos et al., ECML 2002; Lei et al., JASA 113, 1094, 2018).

    Attributes
    ----------
    thresholds : Thresholds
        Of |truth − prediction| (over the scale, if one is used), or of how far the truth lies
        outside a predicted band.
    """

    thresholds: Thresholds

    @classmethod
    def calibrate(
        cls,
        truth: ArrayLike,
        prediction: ArrayLike,
        *,
        group: ArrayLike | None = None,
        scale: ArrayLike | None = None,
    ) -> Self:
        """Learn how wide intervals must be; once, after which the model is not changed.

        Parameters
        ----------
        truth
            Shape ``(N,)``.
        prediction
            Out-of-fold, from folds split as the test part is: ``(N,)``, or a band ``(N, 2)`` of
            low and high, which is shifted on both sides (Romano et al., NeurIPS 2019).
        group
            A label a sample; each group counts as one.
        scale
            How difficult each sample is said to be, positive, shape ``(N,)``: intervals are wide
            in proportion.

        Raises
        ------
        InputError
            If the shapes do not fit, or a scale is not positive.
        """
        truth_N, band_N2 = _band(truth, prediction)
        outside_N = np.maximum(band_N2[:, 0] - truth_N, truth_N - band_N2[:, 1])
        return cls(Thresholds.learn(outside_N / _scale(scale, len(truth_N)), group))

    def interval(
        self, prediction: ArrayLike, coverage: float = 0.9, scale: ArrayLike | None = None
    ) -> Floats:
        """Return low and high for each prediction, shape ``(N, 2)``.

        Parameters
        ----------
        prediction, scale
            For new samples, of the kinds that `calibrate` was given.
        coverage
            Share of new samples (of new groups) that the intervals shall hold.

        Raises
        ------
        InputError
            If the shapes do not fit, or `coverage` is not between 0 and 1.
        """
        given = np.asarray(prediction, np.float64)
        _, band_N2 = _band(np.zeros(len(given)), given)
        reach_N = self.thresholds.at(coverage) * _scale(scale, len(given))
        low_N, high_N = band_N2[:, 0] - reach_N, band_N2[:, 1] + reach_N
        middle_N = (low_N + high_N) / 2  # a band that shrinks may not turn inside out
        return np.column_stack([np.minimum(low_N, middle_N), np.maximum(high_N, middle_N)])


@dataclass(frozen=True)
class ConformalClasses:
    """Sets of classes that hold the true one as often as they say.

    A class is in the set if its probability is large enough: the smallest sets on average (Sadinle
    et al., JASA 114, 223, 2019). The most probable class always is.

    Attributes
    ----------
    thresholds : Thresholds
        Of 1 − probability of the true class.
    """

    thresholds: Thresholds

    @classmethod
    def calibrate(
        cls, truth: ArrayLike, shares: ArrayLike, *, group: ArrayLike | None = None
    ) -> Self:
        """Learn how probable a class must be to be in the set.

        Parameters
        ----------
        truth
            Classes counted from 0, shape ``(N,)``.
        shares
            Out-of-fold probabilities ``(N, K)``, from folds split as the test part is.
        group
            A label a sample; each group counts as one.
        """
        true_N, shares_NK = read_probabilities(truth, shares)
        return cls(Thresholds.learn(1 - shares_NK[np.arange(len(true_N)), true_N], group))

    def sets(self, shares: ArrayLike, coverage: float = 0.9) -> NDArray[np.bool_]:
        """Return which classes are in each sample's set, shape ``(N, K)``."""
        given = np.asarray(shares, np.float64)
        _, shares_NK = read_probabilities(np.zeros(len(given), np.int64), given)
        inside_NK = 1 - shares_NK <= self.thresholds.at(coverage)
        inside_NK[np.arange(len(given)), shares_NK.argmax(1)] = True
        return inside_NK


def _band(truth: ArrayLike, prediction: ArrayLike) -> tuple[Floats, Floats]:
    if np.ndim(prediction) == 1:
        true_N, middle_N = read_numbers(truth, prediction)
        return true_N, np.column_stack([middle_N, middle_N])
    true_N, band_N2 = read_quantiles(truth, prediction)
    if band_N2.shape[1] != 2:
        raise InputError(f"the band has {band_N2.shape[1]} columns; expected low and high")
    return true_N, np.sort(band_N2, 1)


def _scale(scale: ArrayLike | None, count: int) -> Floats:
    if scale is None:
        return np.ones(count)
    scale_N = np.asarray(scale, np.float64)
    if scale_N.shape != (count,) or not (np.isfinite(scale_N).all() and (scale_N > 0).all()):
        raise InputError(f"scale must hold {count} positive numbers, one a sample")
    return scale_N
