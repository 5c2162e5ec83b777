"""Targets many of which are one value, such as the band gap of metals: which, and how much else.

A measurement that is exactly 0 for half of the rows is two questions. Whether it is 0 is asked of
classifiers, how much it is otherwise of regressions of the rest (a hurdle model, Cragg,
Econometrica 39, 829, 1971), and both are put together as the metric asks: the median of the mixture
for absolute errors, its mean for squares.

Axes: N rows.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.fitted import Answer, Blend, Sight

LEAST_SHARE, LEAST_ROWS = 0.1, 30
"""Of the rows, and of the rest, from which a value is a spike."""
PRESENCE = Aim("binary", "log_loss", 2)
LEVELS = np.linspace(0.005, 0.995, 199)
"""At which the distribution of the rest's errors is kept."""


@dataclass(frozen=True)
class Spike:
    """A value that is frequent and extreme.

    Attributes
    ----------
    value : float
        The smallest or the largest of all targets.
    lowest : bool
        Whether it is the smallest.
    positive : bool
        Whether all others are above 0, so that their logarithms are learned.
    """

    value: float
    lowest: bool
    positive: bool

    @classmethod
    def find(cls, y_N: NDArray[np.float64], aim: Aim) -> Self | None:
        """Return the spike of a target, if it has one and the aim is a number."""
        if aim.goal != "regression":
            return None
        values, counts = np.unique(y_N, return_counts=True)
        value, most = float(values[counts.argmax()]), int(counts.max())
        rest = len(y_N) - most
        if most < max(LEAST_ROWS, LEAST_SHARE * len(y_N)) or rest < LEAST_ROWS:
            return None
        if value not in (values[0], values[-1]) or len(values) < 20:
            return None
        return cls(value, bool(value == values[0]), bool(y_N[y_N != value].min() > 0))


@dataclass(frozen=True)
class Errors:
    """How far the rest's truth is from what is answered, as quantiles at `LEVELS`.

    Attributes
    ----------
    quantiles : tuple of float
        Of the ratio of truth and answer if `ratio`, of their difference otherwise.
    """

    quantiles: tuple[float, ...]
    ratio: bool

    @classmethod
    def learn(
        cls, truth_N: NDArray[np.float64], answer_N: NDArray[np.float64], ratio: bool
    ) -> Self:
        """Learn from rows out of fold."""
        error_N = truth_N / answer_N if ratio else truth_N - answer_N
        return cls(tuple(np.quantile(error_N, LEVELS).tolist()), ratio)

    def at(
        self, level_N: NDArray[np.float64], answer_N: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the quantile of each row's truth, given what was answered."""
        error_N = np.interp(level_N, LEVELS, self.quantiles)
        return answer_N * error_N if self.ratio else answer_N + error_N


def together(
    spike: Spike,
    errors: Errors,
    presence_N: NDArray[np.float64],
    amount_N: NDArray[np.float64],
    aim: Aim,
) -> Answer:
    """Return the median or the mean of the mixture, (N, 1).

    Parameters
    ----------
    presence_N
        Probability to be off the spike.
    amount_N
        What is expected there.
    """
    if not aim.absolute:
        return (presence_N * amount_N + (1 - presence_N) * spike.value)[:, None]
    middle_N = 0.5 / np.maximum(presence_N, 0.5)
    median_N = errors.at(1 - middle_N if spike.lowest else middle_N, amount_N)
    return np.where(presence_N > 0.5, median_N, spike.value)[:, None]


@dataclass
class Spiked:
    """A blend for whether, a blend for how much, and the rule that puts them together."""

    spike: Spike
    errors: Errors
    presence: Blend
    amount: Blend
    aim: Aim

    def predict(self, sight: Sight) -> Answer:
        """Return numbers, (N, 1)."""
        presence_N, amount_N = self.presence.predict(sight)[:, 1], self.amount.predict(sight)[:, 0]
        return together(self.spike, self.errors, presence_N, amount_N, self.aim)

    def save(self, folder: Path, names: set[str]) -> dict[str, Any]:
        """Write the files of both blends."""
        return {
            "spike": asdict(self.spike),
            "errors": asdict(self.errors),
            "presence": self.presence.save(folder, names),
            "amount": self.amount.save(folder, names),
        }

    @classmethod
    def load(cls, folder: Path, known: dict[str, Any], aim: Aim) -> Self:
        """Read what `save` wrote."""
        errors = Errors(tuple(known["errors"]["quantiles"]), known["errors"]["ratio"])
        presence = Blend.load(folder, known["presence"], PRESENCE)
        amount = Blend.load(folder, known["amount"], aim)
        return cls(Spike(**known["spike"]), errors, presence, amount, aim)
