"""Whether more data are worth it: error against the number of training samples, a power law."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.judge.interval import Interval

FALLS = np.linspace(0.02, 2.0, 100)  # exponents that are tried
RESAMPLED, WORTH = 400, 0.1  # fits for an interval; the fall of the error that is worth more data


@dataclass(frozen=True)
class LearningCurve:
    """Error = a·n^-b + c, fitted to errors at several sizes n.

    Attributes
    ----------
    sizes, errors : ndarray
        What was measured; a size with several errors appears several times.
    a, b, c : float
        The fitted law, none of them negative; c is the error that remains with endless data.
    resampled : ndarray
        a, b and c of fits to resampled residuals, and one residual each, shape (400, 4).
    """

    sizes: NDArray[np.float64]
    errors: NDArray[np.float64]
    a: float
    b: float
    c: float
    resampled: NDArray[np.float64]

    def at(self, size: float) -> Interval:
        """Predict the error of one training on `size` samples; the interval trusts the law."""
        a, b, c, residual = self.resampled.T
        low, high = np.quantile((a * size**-b + c) * np.exp(residual), [0.025, 0.975])
        return Interval(self.a * size**-self.b + self.c, float(low), float(high))

    def worth(self, factor: float = 2.0) -> str:
        """Say in a sentence whether `factor` times the largest size would be worth having."""
        size = int(self.sizes.max())
        now, then = self.at(size), self.at(size * factor)
        a, b, c, _ = self.resampled.T
        ratios = (a * (size * factor) ** -b + c) / (a * float(size) ** -b + c)
        least, most = 1 - np.quantile(ratios, [0.975, 0.025])
        gain = 1 - then.value / now.value
        verdict = "worth it" if least >= WORTH else "not worth much" if most < WORTH else "open"
        data = f"{factor:g} times the data ({size} to {size * factor:.0f} samples)"
        error = f"{now.value:.3g} to {then.value:.3g} (95 %: {then.low:.3g} to {then.high:.3g})"
        share = f"{gain:.0%} less ({least:.0%} to {most:.0%})"
        return f"{data} should bring the error from {error}, {share}: {verdict}."


def learning_curve(
    fit_at: Callable[[int], float | Sequence[float]], sizes: Sequence[int], *, seed: int = 0
) -> LearningCurve:
    """Train at several sizes and fit a power law (Hestness et al., arXiv 1712.00409) to the errors.

    Parameters
    ----------
    fit_at
        Maps a number of training samples to the validation error that it leads to, or to several:
        of different subsets and seeds. `InputError` if one is negative, not finite, or all are 0.
    sizes
        At least four different sizes, best in equal ratios: 100, 200, 400, 800.
    seed
        Determines the intervals.
    """
    if len(set(sizes)) < 4 or min(sizes) < 1:
        raise InputError(f"sizes={list(sizes)}: a curve needs at least four different sizes")
    measured = [(size, error) for size in sizes for error in np.atleast_1d(fit_at(size))]
    n, errors = np.array(measured, np.float64).T
    if not (np.isfinite(errors).all() and errors.min() >= 0 and errors.max() > 0):
        raise InputError(f"the errors are {errors.tolist()}; expected positive numbers")
    positive = np.maximum(errors, errors[errors > 0].min() / 2)
    a, b, c = _fit(n, positive[None])[0]
    fitted = a * n**-b + c
    residuals = np.log(positive / fitted) * (len(n) / max(len(n) - 3, 1)) ** 0.5
    residuals -= residuals.mean()
    drawn = residuals[np.random.default_rng(seed).integers(len(n), size=(RESAMPLED, len(n) + 1))]
    resampled = np.hstack([_fit(n, fitted * np.exp(drawn[:, :-1])), drawn[:, -1:]])
    return LearningCurve(n, errors, float(a), float(b), float(c), resampled)


def _fit(n: NDArray[Any], errors_SN: NDArray[Any]) -> NDArray[Any]:
    """Return a, b, c for every one of S sets of errors: the best a and c of each of F exponents."""
    powers_FN = (n / n.min()) ** -FALLS[:, None]
    weights_SN = 1 / errors_SN
    p_SFN, q_S1N = powers_FN * weights_SN[:, None], weights_SN[:, None]  # a·p + c·q shall be 1
    pp, pq, qq = (p_SFN**2).sum(-1), (p_SFN * q_S1N).sum(-1), (q_S1N**2).sum(-1)
    p, q = p_SFN.sum(-1), q_S1N.sum(-1)
    a = np.maximum((p * qq - q * pq) / (pp * qq - pq**2), 0)
    a = np.where(a * pq > q, p / pp, a)
    c = np.maximum((q - a * pq) / qq, 0)
    best = (a * p + c * q).argmax(1)[:, None]  # where the sum of squares is smallest
    a, c = np.take_along_axis(a, best, 1), np.take_along_axis(c, best, 1)
    b = FALLS[best]
    return np.hstack([a * n.min() ** b, b, c])
