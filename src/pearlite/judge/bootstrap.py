"""How far a score may be from what other samples of the same kind would give.

Axes: N samples, U units that are drawn together (samples or groups), D draws, A answers, S sums.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, t

from pearlite.errors import InputError
from pearlite.judge.answers import Floats, read_weight
from pearlite.judge.interval import Interval
from pearlite.judge.scores import Metric
from pearlite.judge.units import units_of

FEW, SOME = 10, 30  # units below which the interval is called rough; and made by Student's t
MOST_UNITS = 10_000  # more are joined at random to as many: the variance stays the same
CELLS = 4_000_000  # weights in memory at a time
MOST_CELLS = 20_000_000  # draws times samples for metrics that need every sample in every draw
FEWEST_DRAWS = 200


@dataclass(frozen=True)
class Bootstrapped(Interval):
    """A score, its 95 % interval, and what was drawn to find it.

    Attributes
    ----------
    units : int
        Number of groups, or of samples where there are none.
    note : str
        A sentence on why the interval is rough; empty where it is not.
    """

    units: int
    note: str = ""


def bootstrap(
    metric: Metric,
    truth: ArrayLike,
    answer: ArrayLike,
    *,
    group: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Bootstrapped:
    """Score an answer, with a 95 % interval from resampled groups.

    The interval is the percentile bootstrap, expanded for few units as Hesterberg says (The
    American Statistician 69, 371, 2015); below 30 units ± Student's t times the standard error of
    the draws, of their logarithm for losses, within what the metric can be. Where no draw differs
    from the others (all answers right), a metric with two ends gets the exact bound for an event
    not seen in so many units.

    Parameters
    ----------
    metric, truth, answer
        See `pearlite.judge.scores.Metric`.
    group
        A label a sample: samples of one group are drawn together, as they are not independent.
    weight
        How much each sample counts.
    draws
        Number of resamples; fewer are drawn where `draws` would take long.
    seed
        Determines the draws.

    Raises
    ------
    InputError
        If truth and answer do not fit, labels are missing, or nothing shall be drawn.
    """
    values, drawn, units = draw(
        metric, truth, [answer], group=group, weight=weight, draws=draws, seed=seed
    )
    return interval(
        float(values[0]), drawn[0], units, (metric.lowest, metric.highest), group is not None
    )


def draw(
    metric: Metric,
    truth: ArrayLike,
    answers: Sequence[ArrayLike],
    *,
    group: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[Floats, Floats, int]:
    """Score several answers, and again on resampled groups that are the same for all.

    Returns
    -------
    values : ndarray
        Shape ``(A,)``.
    drawn : ndarray
        Shape ``(A, D)``; NaN where a draw leaves the metric undefined.
    units : int
        Number of groups or samples.
    """
    if draws < 1:
        raise InputError(f"draws is {draws}; expected at least 1, usually 2,000")
    read = [metric.read(truth, answer) for answer in answers]
    count = len(read[0][0])
    weight_N = read_weight(weight, count)
    random = np.random.default_rng(seed)
    unit_N, units = units_of(group, count)
    joined = unit_N if units <= MOST_UNITS else random.permutation(units)[unit_N] % MOST_UNITS
    bins = min(units, MOST_UNITS)
    if metric.sums is None:
        draws = min(draws, max(FEWEST_DRAWS, MOST_CELLS // count))
    values = np.array([metric(truth, answer, weight) for answer in answers])
    drawn_AD = np.empty((len(answers), draws))
    step = max(1, CELLS // max(bins, count if metric.sums is None else 1))
    sums = [_unit_sums(metric, *pair, weight_N, joined, bins) for pair in read]
    for start in range(0, draws, step):
        part = slice(start, min(start + step, draws))
        times_DU = random.multinomial(bins, np.full(bins, 1 / bins), size=part.stop - part.start)
        for number, (pair, sums_US) in enumerate(zip(read, sums, strict=True)):
            drawn_AD[number, part] = _scores(
                metric, pair, sums_US, times_DU.astype(np.float64), joined, weight_N
            )
    return values, drawn_AD, units


def interval(
    value: float,
    drawn_D: Floats,
    units: int,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    grouped: bool = False,
) -> Bootstrapped:
    """Return the interval that draws of a statistic imply; see `bootstrap`.

    Parameters
    ----------
    value
        The statistic on the samples themselves.
    drawn_D
        The statistic of every draw; those that are NaN are left away.
    units
        Number of units that were drawn.
    bounds
        What the statistic can be at the least and at the most.
    grouped
        Whether the units are groups, for the note.
    """
    low, high = bounds
    kept_D = drawn_D[np.isfinite(drawn_D)]
    kind = "groups" if grouped else "samples"
    few = f"Only {units} {kind}: the interval is rough." if units < FEW else ""
    if units < 2 or len(kept_D) < len(drawn_D) / 2 or not math.isfinite(value):
        one = "One group" if grouped else "One sample"
        why = f"{one} tells" if units < 2 else "Draws that leave the score undefined tell"
        return Bootstrapped(value, low, high, units, f"{why} nothing of the spread.")
    if np.ptp(kept_D) < 1e-12 * max(1.0, abs(value)):
        unseen = (high - low) * (1 - 0.025 ** (1 / units)) if math.isfinite(high - low) else 0.0
        return Bootstrapped(value, max(value - unseen, low), min(value + unseen, high), units, few)
    student = float(t.ppf(0.975, units - 1))
    if units < SOME:
        reach = student * math.sqrt(units / (units - 1))
        if low == 0 and math.isinf(high) and kept_D.min() > 0:
            with np.errstate(over="ignore"):
                factor = float(np.exp(reach * np.log(kept_D).std()))
            return Bootstrapped(value, value / factor, value * factor, units, few)
        half = reach * float(kept_D.std())
        return Bootstrapped(value, max(value - half, low), min(value + half, high), units, few)
    tail = float(norm.cdf(-math.sqrt(units / (units - 1)) * student))
    ends = np.quantile(kept_D, [tail, 1 - tail])
    return Bootstrapped(value, min(float(ends[0]), value), max(float(ends[1]), value), units)


def _unit_sums(
    metric: Metric,
    true_N: NDArray[Any],
    answer_N: Floats,
    weight_N: Floats,
    unit_N: NDArray[np.int64],
    units: int,
) -> Floats | None:
    if metric.sums is None:
        return None
    sums_NS = metric.sums(true_N, answer_N) * weight_N[:, None]
    columns = [np.bincount(unit_N, each, units) for each in sums_NS.T]
    return np.column_stack(columns).astype(np.float64)


def _scores(
    metric: Metric,
    pair: tuple[NDArray[Any], Floats],
    sums_US: Floats | None,
    times_DU: Floats,
    unit_N: NDArray[np.int64],
    weight_N: Floats,
) -> Floats:
    if sums_US is not None and metric.finish is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            return metric.finish(times_DU @ sums_US)
    assert metric.weighted is not None
    return metric.weighted(*pair, times_DU[:, unit_N] * weight_N)
