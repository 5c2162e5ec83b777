"""A column of numbers, as it is."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.cells import read_column
from pearlite.errors import InputError
from pearlite.recipes.tabular.encoders import Encoding, refused

LARGEST = 1e38


@dataclass(frozen=True)
class Number:
    """Numbers and switches: one feature, NaN where a value is missing."""

    kind: ClassVar[str] = "number"

    @classmethod
    def learn(cls, values: pd.Series, seed: int) -> Self:
        """Learn nothing: a number is a number.

        Raises
        ------
        InputError
            If one is too large for trees, which see 32 bits.
        """
        numbers = pd.Series(pd.to_numeric(values, errors="coerce"))
        size_N = np.abs(numbers.to_numpy(np.float64, na_value=np.nan))
        if (np.isfinite(size_N) & (size_N > LARGEST)).any():
            raise InputError(
                f"column {values.name!r} holds a number of size {np.nanmax(size_N):.0e}; give it "
                f"in another unit, or its logarithm: {LARGEST:.0e} is the largest that can be used"
            )
        return cls()

    def names(self, encoding: Encoding) -> list[str]:
        """Return the one name, which adds nothing."""
        return [""]

    def encode(self, values: pd.Series, encoding: Encoding) -> NDArray[np.float64]:
        """Return the numbers, (N, 1).

        Raises
        ------
        InputError
            If the column holds infinities, or words where numbers were.
        """
        read = read_column(values)
        if not pd.api.types.is_numeric_dtype(read.values):
            raise InputError(read.doubt) if read.doubt else refused(values, "numbers")
        found = read.values.to_numpy(np.float64)
        if np.isinf(found).any():
            raise InputError(
                f"column {values.name!r} holds an infinite number in row "
                f"{int(np.isinf(found).argmax()) + 1}; leave the cell empty if it is not known"
            )
        return found.clip(-LARGEST, LARGEST)[:, None]
