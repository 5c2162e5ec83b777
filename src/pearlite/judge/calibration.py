"""Whether probabilities mean what they say.

Axes: N samples, K classes, B bins, D draws.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.judge.answers import Floats, read_probabilities
from pearlite.judge.bootstrap import Bootstrapped, bootstrap, interval
from pearlite.judge.classes import share
from pearlite.judge.interval import Interval
from pearlite.judge.scores import METRICS
from pearlite.judge.units import units_of

BINS = 10
CHANCES = 200  # draws of perfectly calibrated answers


@dataclass(frozen=True)
class Bin:
    """Samples that got about the same probability.

    Attributes
    ----------
    said : float
        Mean probability.
    found : Interval
        Share of them that was so.
    count : int
        How many samples.
    """

    said: float
    found: Interval
    count: int


@dataclass(frozen=True)
class Reliability:
    """What probabilities said beside what was found.

    Attributes
    ----------
    bins : list of Bin
        By ascending probability, with about equally many samples in each.
    error : Bootstrapped
        Expected calibration error: |said − found| of a bin, averaged over the samples.
    by_chance : float
        What that error stays below in 95 % of cases if the probabilities are perfect; with
        groups, if in addition the samples of a group were independent.
    """

    bins: list[Bin]
    error: Bootstrapped
    by_chance: float

    @property
    def trusted(self) -> bool:
        """Whether the error is no larger than perfect probabilities could have."""
        return self.error.value <= self.by_chance

    @property
    def sentence(self) -> str:
        """Say whether the probabilities can be taken at their word."""
        verdict = (
            f"perfect ones could be as far off by chance (up to {self.by_chance:.1%})."
            if self.trusted
            else f"perfect ones would hardly exceed {self.by_chance:.1%}: calibrate them."
        )
        return (
            f"Probabilities are off by {self.error.value:.1%} on average (95 %: "
            f"{self.error.low:.1%} to {self.error.high:.1%}); {verdict}"
        )


def reliability(
    truth: ArrayLike,
    shares: ArrayLike,
    *,
    group: ArrayLike | None = None,
    bins: int = BINS,
    draws: int = 1000,
    seed: int = 0,
) -> Reliability:
    """Compare probabilities with how often they were right.

    With two classes the probability of class 1 is judged; with more, that of the most probable
    class (Guo et al., ICML 2017).

    Parameters
    ----------
    truth
        Classes counted from 0, shape ``(N,)``.
    shares
        Probabilities ``(N, K)``, or of class 1 ``(N,)``.
    group
        A label a sample: groups are resampled together.
    bins
        Number of bins B at most; fewer where many probabilities are equal.
    draws, seed
        Of the bootstrap.

    Raises
    ------
    InputError
        If shapes do not fit or probabilities are none.
    """
    said_N, right_N = _judged(*read_probabilities(truth, shares))
    bin_N = _bins(said_N, bins)
    unit_N, units = units_of(group, len(said_N))
    listed = []
    for each in range(int(bin_N.max()) + 1):
        inside = bin_N == each
        found = _share(right_N[inside], None if group is None else unit_N[inside], seed)
        listed.append(Bin(float(said_N[inside].mean()), found, int(inside.sum())))
    random = np.random.default_rng(seed)
    gap_N, once_N = said_N - right_N, np.ones(len(said_N))
    value = _error(gap_N, bin_N, once_N)
    drawn_D = np.array(
        [
            _error(gap_N, bin_N, random.multinomial(units, np.full(units, 1 / units))[unit_N])
            for _ in range(draws)
        ]
    )
    drawn_D -= drawn_D.mean() - value  # each draw adds noise to an absolute value: centre them
    chances = [
        _error(said_N - (random.random(len(said_N)) < said_N), bin_N, once_N)
        for _ in range(CHANCES)
    ]
    error = interval(value, drawn_D.clip(0, 1), units, (0.0, 1.0), group is not None)
    return Reliability(listed, error, float(np.quantile(chances, 0.95)))


def _judged(true_N: NDArray[np.int64], shares_NK: Floats) -> tuple[Floats, NDArray[np.int64]]:
    if shares_NK.shape[1] == 2:
        return shares_NK[:, 1], true_N
    best_N = shares_NK.argmax(1)
    return shares_NK.max(1), (best_N == true_N).astype(np.int64)


def _share(right_N: NDArray[np.int64], unit_N: NDArray[np.int64] | None, seed: int) -> Interval:
    if unit_N is None:
        return share(int(right_N.sum()), len(right_N))
    return bootstrap(METRICS["accuracy"], np.ones_like(right_N), right_N, group=unit_N, seed=seed)


def _bins(said_N: Floats, bins: int) -> NDArray[np.int64]:
    edges = np.unique(np.quantile(said_N, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, said_N), return_inverse=True)[1]


def _error(gap_N: Floats, bin_N: NDArray[np.int64], times_N: NDArray[Any]) -> float:
    return float(np.abs(np.bincount(bin_N, gap_N * times_N)).sum() / np.sum(times_N))
