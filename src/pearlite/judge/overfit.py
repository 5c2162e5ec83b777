"""Whether a training learned too much, too little, or for too short a time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from pearlite.errors import InputError
from pearlite.judge.learning_curve import LearningCurve

FEWEST_ROWS, NOTABLE = 8, 0.05  # notable is a change of the loss by this share of it
TINY, WIDE, FAR = 0.01, 0.1, 0.5  # a change, a gap and a loss, as shares of the trivial answer's


@dataclass(frozen=True)
class Diagnosis:
    """What the curves of a training say, and a sentence on what would help.

    The verdict is ``"over-fitted"``, ``"under-fitted"``, ``"too short"``, ``"diverged"``,
    ``"healthy"`` or ``"unclear"`` (fewer than eight validations). `turned` is the step after which
    validation rose though training did not; `gap` is validation minus training, at its best.
    """

    verdict: str
    turned: int | None
    gap: float
    sentence: str


def diagnose(
    history: Sequence[Mapping[str, float]],
    *,
    train: str = "loss",
    validation: str = "val_loss",
    baseline: float | None = None,
    epoch: int | None = None,
    curve: LearningCurve | None = None,
) -> Diagnosis:
    """Read the curves of training and validation as a person would.

    A rise or fall counts where it exceeds 5 % of the loss, 1 % of the trivial answer's and three
    times the noise of the curve, which is estimated from its second differences.

    Parameters
    ----------
    history, train, validation
        Rows of a `Trainer`, and the two columns to compare; both measure the same loss.
    baseline
        Validation loss of the trivial answer, such as the mean or the class shares: the scale on
        which losses are near or far. The largest loss of the first row where None.
    epoch, curve
        Steps an epoch and a learning curve of the same model, for the sentence.

    Raises
    ------
    InputError
        If no row of the history has both columns.
    """
    rows = [row for row in history if train in row and validation in row]
    if history and not rows:
        raise InputError(
            f"the history has no {train!r} beside {validation!r}, but {', '.join(history[-1])}; "
            "name its columns: train=…, validation=…"
        )
    if len(rows) < FEWEST_ROWS:
        few = f"{len(rows)} validations are too few to see a trend: validate more often."
        return Diagnosis("unclear", None, math.nan, few)
    learned, withheld = (np.array([row[name] for row in rows]) for name in (train, validation))
    if not np.isfinite([learned, withheld]).all():
        says = "Not all losses are finite: lower the learning rate, or look for extreme values."
        return Diagnosis("diverged", None, math.nan, says)
    scale = baseline or max(learned[0], withheld[0])
    width = max(3, len(rows) // 10 | 1)
    best = int(withheld.argmin())
    calm, calm_learned = (
        median_filter(losses, 3, mode="nearest") for losses in (withheld, learned)
    )
    lowest, gap = float(calm[best]), float(calm[best] - calm_learned[best])
    step = int(rows[best]["step"])
    where = f"step {step}" + (f" (epoch {step / epoch:.1f})" if epoch else "")

    cure = _cure(lowest / scale, curve)
    rise, late = _change(withheld, best, width, scale), len(rows) // 3
    if rise > NOTABLE and _change(learned, best, width, scale) > NOTABLE:
        says = f"Training and validation rose after {where}: lower the learning rate."
        return Diagnosis("diverged", None, gap, says)
    if rise > NOTABLE:
        says = (
            f"Validation turned at {where}: from {lowest:.3g} it rose by {rise:.0%} while training"
        )
        says = f"{says} did not. Keep the weights of that step. {cure}"
        return Diagnosis("over-fitted", step, gap, says)
    if _change(withheld, len(rows) - 1 - late, width, scale) < -NOTABLE:
        says = "Validation was still falling at the end: train longer, or at a higher rate."
        return Diagnosis("too short", None, gap, says)
    if gap > WIDE * scale:
        says = f"Validation did not turn, but is {gap:.3g} above training. {cure}"
        return Diagnosis("over-fitted", None, gap, says)
    if lowest > FAR * scale:
        says = f"Training and validation agree, but at {lowest / scale:.0%} of the trivial loss: a"
        says += " larger model or a higher rate may help, unless the rest is noise in the truth."
        return Diagnosis("under-fitted", None, gap, says)
    says = f"Validation settled at {lowest:.3g}, {gap:.3g} above training."
    return Diagnosis("healthy", None, gap, says)


def _change(losses: NDArray[np.float64], since: int, width: int, scale: float) -> float:
    """Return the relative change from a row to the last rows; 0 where it is tiny or only noise."""
    noise = 1.4826 * np.median(np.abs(np.diff(losses, 2))) / 6**0.5
    around = np.median(losses[max(since - width // 2, 0) : since + width // 2 + 1])
    change = float(np.median(losses[-width:]) - around)
    notable = abs(change) > max(3 * noise, TINY * scale)
    return change / float(around) if notable else 0.0


def _cure(reached: float, curve: LearningCurve | None) -> str:
    """Name what helped in such cases: docs/training.md; `reached` is the best loss, relative."""
    much = "Much of the loss remains: regularise (dropout, decay) or take a smaller model first."
    some = "More data help most, then regularisation (dropout, decay); a smaller model hurts."
    ask = "A learning curve would tell whether more data help more." if reached > FAR else ""
    return " ".join(
        filter(None, [much if reached > FAR else some, curve.worth() if curve else ask])
    )
