"""Mending probabilities so that they mean what they say.

Axes: N samples, K classes, T knots.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from pearlite.errors import InputError
from pearlite.judge.answers import Floats, read_probabilities, read_weight

METHODS = ("isotonic", "platt")
FOR_ISOTONIC = 1000  # samples below which it overfits (Niculescu-Mizil & Caruana, ICML 2005)
LEAST = 1e-6  # no probability is mended to less, so that the log loss stays finite
KNOTS = 200


@dataclass(frozen=True)
class Calibrator:
    """A rising function of the probability for each class, then scaled to sum to 1.

    Attributes
    ----------
    said, found : list of ndarray
        Knots of the K functions, straight lines between them (Zadrozny & Elkan, KDD 2002).
    """

    said: list[Floats]
    found: list[Floats]

    @classmethod
    def learn(
        cls,
        truth: ArrayLike,
        shares: ArrayLike,
        *,
        method: str | None = None,
        weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from out-of-fold probabilities how often they are right.

        Parameters
        ----------
        truth
            Classes counted from 0, shape ``(N,)``.
        shares
            Out-of-fold probabilities, shape ``(N, K)``.
        method
            ``"isotonic"``: any rising function; ``"platt"``: a logistic one (Platt 1999), for few
            samples. None takes isotonic from 1000 samples on.
        weight
            How much each sample counts.

        Raises
        ------
        InputError
            If shapes do not fit, or there is no such method.
        """
        true_N, shares_NK = read_probabilities(truth, shares)
        weight_N = read_weight(weight, len(true_N))
        method = method or ("isotonic" if len(true_N) >= FOR_ISOTONIC else "platt")
        if method not in METHODS:
            raise InputError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
        fit = _isotonic if method == "isotonic" else _platt
        classes = range(shares_NK.shape[1])
        knots = [fit(shares_NK[:, each], true_N == each, weight_N) for each in classes]
        return cls([said for said, _ in knots], [found for _, found in knots])

    def apply(self, shares: ArrayLike) -> Floats:
        """Return the mended probabilities, shape ``(N, K)``.

        Raises
        ------
        InputError
            If `shares` has another number of classes.
        """
        given_NK = np.asarray(shares, np.float64)
        if given_NK.ndim != 2 or given_NK.shape[1] != len(self.said):
            raise InputError(
                f"shape {given_NK.shape}; expected a column for {len(self.said)} classes"
            )
        knots = zip(given_NK.T, self.said, self.found, strict=True)
        mended_NK = np.column_stack(
            [np.interp(column, said, found) for column, said, found in knots]
        )
        mended_NK = mended_NK.clip(LEAST)
        return mended_NK / mended_NK.sum(1, keepdims=True)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads, as plain values."""
        return {
            name: [knots.tolist() for knots in getattr(self, name)] for name in ("said", "found")
        }

    @classmethod
    def from_dict(cls, known: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returned."""
        return cls(
            *([np.array(knots, np.float64) for knots in known[n]] for n in ("said", "found"))
        )


def _isotonic(
    said_N: Floats, right_N: NDArray[np.bool_], weight_N: Floats
) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1).fit(said_N, right_N, sample_weight=weight_N)
    return fitted.X_thresholds_.astype(np.float64), fitted.y_thresholds_.astype(np.float64)


def _platt(said_N: Floats, right_N: NDArray[np.bool_], weight_N: Floats) -> tuple[Floats, Floats]:
    """Fit a logistic function of the logit, to Platt's softened targets, and draw it as knots."""
    from sklearn.linear_model import LogisticRegression

    def logit(share: Floats) -> Floats:
        inner = share.clip(LEAST, 1 - LEAST)
        return np.log(inner / (1 - inner))[:, None]

    yes, no = weight_N[right_N].sum(), weight_N[~right_N].sum()
    target_N = np.where(right_N, (yes + 1) / (yes + 2), 1 / (no + 2))
    model = LogisticRegression(C=np.inf).fit(
        np.vstack([logit(said_N), logit(said_N)]),
        np.repeat([1, 0], len(said_N)),
        sample_weight=np.r_[weight_N * target_N, weight_N * (1 - target_N)],
    )
    slope, knots = max(float(model.coef_[0, 0]), 0.0), np.linspace(-14, 14, KNOTS)
    return expit(knots), expit(slope * knots + float(model.intercept_[0]))
