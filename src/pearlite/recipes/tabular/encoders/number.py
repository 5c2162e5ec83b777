"""A column of numbers, as it is."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.recipes.tabular.encoders import Encoding, check_like_training


@dataclass(frozen=True)
class Number:
    """Numbers and switches: one feature, NaN where a value is missing."""

    kind: ClassVar[str] = "number"

    @classmethod
    def learn(cls, values: pd.Series, seed: int) -> Self:
        """Learn nothing: a number is a number."""
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
        found = pd.Series(pd.to_numeric(values, errors="coerce")).to_numpy(
            np.float64, na_value=np.nan
        )
        if np.isinf(found).any():
            row = int(np.isinf(found).argmax())
            raise InputError(
                f"column {values.name!r} holds an infinite number in row {row + 1}; leave it empty "
                "if it is not known"
            )
        words = values.notna().to_numpy() & np.isnan(found)
        check_like_training(values, words, "numbers")
        return found[:, None]
