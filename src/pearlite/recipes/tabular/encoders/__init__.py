"""What turns one column of a table into numbers, a file a kind of column.

An encoder is a frozen dataclass of plain values, learnt from training rows only. Its ``tree`` view
keeps missing values and codes categories, its ``dense`` view is for methods that add features up;
``names`` gives, for a view, what each of its features adds to the column's name.
"""

from typing import Any, ClassVar, Literal, Protocol, Self

import pandas as pd
from numpy.typing import NDArray

from pearlite.errors import InputError

Encoding = Literal["tree", "dense"]


class Encoder(Protocol):
    """One column's way into the matrix."""

    kind: ClassVar[str]

    @classmethod
    def learn(cls, values: pd.Series, seed: int) -> Self:
        """Learn from the training rows of a column."""
        ...

    def names(self, encoding: Encoding) -> list[str]:
        """Return what each feature of a view adds to the column's name."""
        ...

    def encode(self, values: pd.Series, encoding: Encoding) -> NDArray[Any]:
        """Return a view of a column, (N, F) float64; missing values are NaN."""
        ...


def refused(values: pd.Series, expected: str) -> InputError:
    """Return the error of a column whose values cannot be read as in training."""
    row = int(values.notna().to_numpy().argmax())
    found = values.iloc[[row]].tolist()[0]  # a plain value, not one of NumPy
    return InputError(
        f"column {values.name!r} held {expected} in training, and now holds {found!r} in row "
        f"{row + 1}; give {expected}"
    )
