"""Missing values filled, and features brought to one scale that outliers cannot decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

OUTER = (0.05, 0.95)
"""Shares of the training rows between which the width is taken."""
NORMAL_RANGE = 3.29
"""Distance between these shares of a normal distribution of standard deviation 1."""
LINEAR = 6.0
"""Standard deviations up to which a feature stays linear; beyond, it grows as a logarithm.

Of superconductors, steels (tensile strength, elongation) and diabetes, kernel ridge had lower
errors than with quartiles and 3 (by 3.0, 2.7, 0.2 and 0.3 %), ridge as well but for the first.
"""
DECADES = 2.0
"""Powers of ten between these shares from which the logarithm of positive values is taken."""


@dataclass(frozen=True)
class Feature:
    """How one feature is scaled.

    Attributes
    ----------
    centre, width
        Median and robust standard deviation, of the logarithm if that is taken.
    floor
        What the logarithm takes for anything below; ``None`` takes no logarithm.
    """

    centre: float
    width: float
    floor: float | None

    @classmethod
    def learn(cls, values: NDArray[np.float64]) -> Self:
        """Learn from the training rows, (N,). Features of 0 and 1 stay as they are."""
        present = values[~np.isnan(values)]
        if not present.size or ((present == 0) | (present == 1)).all():
            return cls(0.0, 1.0, None)
        lowest = float(present.min())
        low, high = np.quantile(present, OUTER)
        floor = lowest if lowest > 0 and high > low * 10**DECADES else None
        if floor is not None:
            present = np.log(present)
            low, high = np.log(low), np.log(high)
        centre = np.median(present)
        width = (high - low) / NORMAL_RANGE or present.std() or 1.0
        return cls(float(centre), float(width), floor)

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scaled values, missing ones as 0."""
        if self.floor is not None:
            values = np.log(np.maximum(values, self.floor))
        scaled = (values - self.centre) / self.width
        beyond = np.maximum(np.abs(scaled) - LINEAR, 0)
        scaled = np.where(beyond > 0, np.sign(scaled) * (LINEAR + np.log1p(beyond)), scaled)
        return np.where(np.isnan(scaled), 0.0, scaled)


@dataclass(frozen=True)
class Scale:
    """The scales of one column's features; an indicator comes last if training rows lacked any."""

    features: tuple[Feature, ...]
    lacking: bool

    @classmethod
    def learn(cls, matrix: NDArray[np.float64]) -> Self:
        """Learn from the training rows, (N, F), missing values as NaN."""
        return cls(tuple(map(Feature.learn, matrix.T)), bool(np.isnan(matrix).any()))

    def __call__(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scaled features, (N, F) or (N, F + 1), without NaN."""
        scaled = [feature(values) for feature, values in zip(self.features, matrix.T, strict=True)]
        lacking = [np.isnan(matrix).any(axis=1).astype(np.float64)] * self.lacking
        return np.column_stack([*scaled, *lacking])

    @classmethod
    def from_dict(cls, known: Mapping[str, Any]) -> Self:
        """Return the scales that `dataclasses.asdict` described."""
        return cls(tuple(Feature(**f) for f in known["features"]), known["lacking"])
