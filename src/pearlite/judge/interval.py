"""A number with its error bar."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % interval, all in the same unit."""

    value: float
    low: float
    high: float
