"""A column of dates or times: how far along, and where in the year, the week and the day."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.cells import read_column
from pearlite.errors import InputError
from pearlite.recipes.tabular.encoders import Encoding, refused

_DAY = 86400  # seconds
_TREE = ("elapsed days", "year", "month", "day of the month", "weekday", "day of the year")
_CYCLES = ("year", "week", "day")


@dataclass(frozen=True)
class Date:
    """Dates, with or without a time of day.

    Attributes
    ----------
    timed : bool
        Whether the training rows have different times of day.
    """

    kind: ClassVar[str] = "date"
    timed: bool

    @classmethod
    def learn(cls, values: pd.Series, seed: int) -> Self:
        """Find out whether the time of day tells anything."""
        return cls(bool(_seconds(_moments(values)).nunique() > 1))

    def names(self, encoding: Encoding) -> list[str]:
        """Return what each feature says of the date."""
        if encoding == "tree":
            return [f": {name}" for name in (*_TREE, *(("second of the day",) * self.timed))]
        cycles = _CYCLES if self.timed else _CYCLES[:-1]
        waves = [f": {wave} of the {cycle}" for cycle in cycles for wave in ("sine", "cosine")]
        return [": elapsed days", *waves]

    def encode(self, values: pd.Series, encoding: Encoding) -> NDArray[np.float64]:
        """Return the parts of the date, (N, F), or days and the phases of its cycles as waves.

        Raises
        ------
        InputError
            If values are no dates.
        """
        moments = _moments(values)
        when, seconds = moments.dt, _seconds(moments)
        days = (moments - pd.Timestamp(0)) / pd.Timedelta(days=1)
        if encoding == "tree":
            parts = [days, when.year, when.month, when.day, when.day_of_week, when.day_of_year]
            return _matrix(parts + [seconds] * self.timed)
        today = seconds / _DAY
        phases = [(when.day_of_year - 1 + today) / 365.25, (when.day_of_week + today) / 7, today]
        turns = [2 * np.pi * phase for phase in phases[: 2 + self.timed]]
        return _matrix([days, *(wave(turn) for turn in turns for wave in (np.sin, np.cos))])


def _moments(values: pd.Series) -> pd.Series:
    """Return the dates of a column as datetime64.

    Raises
    ------
    InputError
        If it holds other things.
    """
    read = read_column(values)
    if read.values.isna().all():
        return pd.to_datetime(read.values)
    if not pd.api.types.is_datetime64_any_dtype(read.values):
        raise InputError(read.doubt) if read.doubt else refused(values, "dates such as 2026-01-31")
    return read.values


def _seconds(moments: pd.Series) -> pd.Series:
    """Return the seconds since midnight."""
    return (moments - moments.dt.normalize()) / pd.Timedelta(seconds=1)


def _matrix(parts: list[pd.Series]) -> NDArray[np.float64]:
    return np.column_stack([part.to_numpy(np.float64, na_value=np.nan) for part in parts])
