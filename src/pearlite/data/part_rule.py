"""Train, validation and test of a table larger than memory: a rule that each batch can apply alone.

`pearlite.data.split.Split` lists every row; here a row's part follows from a hash of its number or
its group, or from its time, so that nothing grows with the table.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from pearlite.data.parquet import Parquet
from pearlite.data.split import PARTS, USUAL, Fractions, Split
from pearlite.errors import InputError
from pearlite.seeds import derived_seed

if TYPE_CHECKING:
    import pandas as pd

_TIMED_ROWS = 200_000  # sampled to find the times at which the parts end


@dataclass(frozen=True)
class PartRule:
    """Says of each row whether it trains (0), chooses (1) or is withheld (2).

    Parameters
    ----------
    fractions
        Shares of train, validation and test: of the rows, of the groups, or in time.
    group
        Columns; rows that are equal in all of them go together.
    time
        A column of numbers or dates; the earliest rows train and the latest test.
    ends
        With `time`: the last time of train and of validation, as numbers.
    seed
        Decides where rows and groups go; without effect with `time`.
    """

    fractions: Fractions = USUAL
    group: tuple[str, ...] = ()
    time: str | None = None
    ends: tuple[float, ...] = field(default=())
    seed: int = 0

    @classmethod
    def learn(
        cls, table: Parquet, *, group: Sequence[str] = (), time: str | None = None, seed: int = 0
    ) -> Self:
        """Make the rule for a table; by time, a sample of it says where the parts end.

        Raises
        ------
        InputError
            If group and time are both given, a time is missing, or the times do not differ enough.
        """
        if time is None:
            return cls(group=tuple(group), seed=seed)
        if group:
            raise InputError(
                "a table larger than memory is split by group or by time, not by both; declare one"
            )
        import pandas as pd

        times = _as_numbers(pd.Series(table.sample(_TIMED_ROWS, seed, columns=[time])[time]))
        ends = np.quantile(times, np.cumsum(USUAL)[:2], method="lower")
        if not times.min() <= ends[0] < ends[1] < times.max():
            raise InputError(
                f"the times in {time!r} differ too little to be cut into train, validation and "
                "test; give a finer time, or split by group"
            )
        return cls(time=time, ends=(float(ends[0]), float(ends[1])), seed=seed)

    @property
    def columns(self) -> list[str]:
        """The columns that the rule must see."""
        return [*self.group, *([self.time] if self.time else [])]

    @property
    def hash(self) -> str:
        """SHA-256 of the rule."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()

    @property
    def why(self) -> str:
        """One sentence for people: how the parts are made."""
        shares = "/".join(f"{share:.0%}" for share in self.fractions)
        if self.time:
            return f"{shares} by {self.time}, the earliest rows in train and the latest in test."
        if self.group:
            columns = ", ".join(self.group)
            return f"{shares} of the groups by the hash of {columns}, no group in two parts."
        return (
            f"{shares} of the rows at random, by the hash of the row number and seed {self.seed}."
        )

    def parts(self, frame: "pd.DataFrame") -> np.ndarray:
        """Return the part of each row, as a place in `pearlite.data.split.PARTS`.

        Parameters
        ----------
        frame
            Rows of the table, with their numbers as index.

        Raises
        ------
        InputError
            If a time is missing, or none of a group's columns says anything.
        """
        import pandas as pd

        if self.time:
            return np.searchsorted(self.ends, _as_numbers(pd.Series(frame[self.time])))
        ends = np.cumsum(self.fractions)[:2]
        return np.searchsorted(ends, shares_of(self.labels(frame), self.seed), side="right")

    def split(self, frame: "pd.DataFrame") -> Split:
        """Return the parts of some rows as lists of their places.

        Raises
        ------
        InputError
            As `parts`; also if one is empty.
        """
        part = self.parts(frame)
        for number, name in enumerate(PARTS):
            if not (part == number).any():
                raise InputError(
                    f"none of {len(part):,} rows falls into the {name} part; declare finer groups"
                )
        why = f"{self.why} The numbers here are of {len(frame):,} rows, drawn from all parts."
        return Split(*(np.flatnonzero(part == number) for number in range(len(PARTS))), why=why)

    def labels(self, frame: "pd.DataFrame") -> np.ndarray:
        """Return a number for each row, uint64: that of its group, or its own."""
        if not self.group:
            return frame.index.to_numpy(np.uint64)
        from pandas.util import hash_pandas_object

        groups = frame.loc[:, list(self.group)]
        _check_given(groups, groups.isna().to_numpy().all(axis=1))
        return hash_pandas_object(groups, index=False).to_numpy()  # pyright: ignore[reportCallIssue]


def shares_of(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Return a pseudorandom float64 in [0, 1) for each number, always the same for the same."""
    from pandas.util import hash_array

    mixed: np.ndarray = hash_array(numbers ^ np.uint64(derived_seed(seed)))  # pyright: ignore[reportCallIssue]
    return (mixed >> np.uint64(11)) * 2.0**-53


def _as_numbers(times: "pd.Series") -> np.ndarray:
    """Return numbers or dates as float64."""
    import pandas as pd

    _check_given(times.to_frame(), times.isna().to_numpy())
    if pd.api.types.is_datetime64_any_dtype(times):
        return times.astype("int64").to_numpy(np.float64)
    if not pd.api.types.is_numeric_dtype(times):
        raise InputError(
            f"the time {times.name!r} holds {times.iloc[0]!r}, neither a number nor a date; store "
            "it as one"
        )
    return times.to_numpy(np.float64)


def _check_given(frame: "pd.DataFrame", missing_N: np.ndarray) -> None:
    if missing_N.any():
        names = ", ".join(map(str, frame.columns))
        row = int(frame.index.to_numpy()[missing_N.argmax()])
        raise InputError(f"{names} is missing in row {row + 1}; give every row one")
