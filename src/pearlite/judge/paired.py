"""Whether one answer is better than another on the same samples, or whether it is a tie."""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from pearlite.errors import InputError
from pearlite.judge.bootstrap import Bootstrapped, draw, interval
from pearlite.judge.scores import Metric


@dataclass(frozen=True)
class Comparison:
    """How answer a does against answer b.

    Attributes
    ----------
    difference : Bootstrapped
        Score of a minus score of b with its 95 % interval.
    verdict : str
        What a is: ``"better"``, ``"worse"``, or ``"tie"`` where the interval holds 0.
    sentence : str
        The same for people.
    """

    difference: Bootstrapped
    verdict: str
    sentence: str


def compare(
    truth: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    metric: Metric,
    *,
    group: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    names: tuple[str, str] = ("a", "b"),
    draws: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare two answers by the paired bootstrap: both are scored on the same draws.

    Parameters
    ----------
    truth, a, b, metric, group, weight, draws, seed
        See `pearlite.judge.bootstrap.bootstrap`.
    names
        What the sentence calls a and b.

    Raises
    ------
    InputError
        If the metric has no better end, or truth and answers do not fit.
    """
    if metric.higher_is_better is None:
        raise InputError(
            f"of two values of {metric.name} none is better; compare by another metric"
        )
    values, drawn, units = draw(
        metric, truth, [a, b], group=group, weight=weight, draws=draws, seed=seed
    )
    span = metric.highest - metric.lowest
    difference = interval(
        float(values[0] - values[1]), drawn[0] - drawn[1], units, (-span, span), group is not None
    )
    tie = difference.low <= 0 <= difference.high
    verdict = (
        "tie" if tie else "better" if (difference.value > 0) == metric.higher_is_better else "worse"
    )
    word = "a tie: the interval of the difference holds 0" if tie else f"{names[0]} is {verdict}"
    sentence = (
        f"{metric.title} of {names[0]} {values[0]:.4g}, of {names[1]} {values[1]:.4g}; difference "
        f"{difference.value:+.3g} (95 %: {difference.low:+.3g} to {difference.high:+.3g}): {word}."
    )
    return Comparison(difference, verdict, f"{sentence} {difference.note}".strip())
