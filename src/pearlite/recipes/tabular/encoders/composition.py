"""A column of chemical formulas, in two views: element fractions and element statistics."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.composition import fractions, statistics
from pearlite.recipes.tabular.encoders import Encoding, refused


@dataclass(frozen=True)
class Fractions:
    """The share of each element that training formulas hold.

    Attributes
    ----------
    elements : tuple of str
        Their symbols.
    """

    kind: ClassVar[str] = "fractions"
    elements: tuple[str, ...]

    @classmethod
    def learn(cls, values: pd.Series, seed: int) -> Self:
        """Find the elements that occur."""
        return cls(tuple(fractions(values.tolist())[1]))

    def names(self, encoding: Encoding) -> list[str]:
        """Return a name an element."""
        return [f": {element}" for element in self.elements]

    def encode(self, values: pd.Series, encoding: Encoding) -> NDArray[np.float64]:
        """Return the shares of all atoms, (N, E).

        Raises
        ------
        InputError
            If a value is no formula.
        """
        return _checked(values, fractions(values.tolist(), self.elements)[0])


@dataclass(frozen=True)
class Statistics:
    """Statistics of the properties of a formula's elements; nothing is learnt."""

    kind: ClassVar[str] = "statistics"

    @classmethod
    def learn(cls, values: pd.Series, seed: int) -> Self:
        """Learn nothing: they are functions of the formula."""
        return cls()

    def names(self, encoding: Encoding) -> list[str]:
        """Return a name a statistic."""
        return [f": {name}" for name in statistics([])[1]]

    def encode(self, values: pd.Series, encoding: Encoding) -> NDArray[np.float64]:
        """Return the statistics, (N, F).

        Raises
        ------
        InputError
            If a value is no formula.
        """
        return _checked(values, statistics(values.tolist())[0])


def _checked(values: pd.Series, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix, unless none of the values is a formula."""
    there = values.notna().to_numpy()
    if there.any() and matrix.size and np.isnan(matrix[there]).all():
        raise refused(values, "chemical formulas such as Fe2O3")
    return matrix
