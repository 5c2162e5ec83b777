"""What is predicted, and by which metric answers are judged."""

from dataclasses import dataclass
from typing import Literal

Goal = Literal["regression", "binary", "multiclass", "quantiles"]


@dataclass(frozen=True)
class Aim:
    """A goal and its metric.

    Parameters
    ----------
    goal
        Numbers, one of two classes, one of several classes, or quantiles of a number.
    metric
        A name in `pearlite.judge.scores.METRICS`.
    classes
        Number of classes K; 0 for numbers.
    levels
        Of the quantiles, ascending, between 0 and 1.
    """

    goal: Goal
    metric: str
    classes: int = 0
    levels: tuple[float, ...] = ()

    @property
    def of_classes(self) -> bool:
        """Whether classes are predicted."""
        return self.goal in ("binary", "multiclass")

    @property
    def absolute(self) -> bool:
        """Whether the best constant answer is the median, so that absolute errors are minimised."""
        return self.metric in ("mae", "median_ae", "mape")

    @property
    def outputs(self) -> int:
        """Number of columns of a prediction."""
        return self.classes if self.of_classes else len(self.levels) or 1
