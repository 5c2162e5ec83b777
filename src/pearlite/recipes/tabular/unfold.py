"""Formulas of a table taken apart, so that each element can be looked at as a column is.

Axes: N rows, E elements.
"""

import numpy as np
import pandas as pd

from pearlite.data.columns import describe
from pearlite.data.composition import fractions

COMMON = 0.05  # share of the rows in which an element occurs that is looked at


class Unfolded:
    """A table whose columns of formulas are replaced by a column for each element.

    Parameters
    ----------
    inputs
        N rows.

    Attributes
    ----------
    frame : DataFrame
        With fractions of atoms instead of formulas.
    elements : dict
        For each column of formulas its elements: symbol → column of `frame`.
    common : list of str
        The columns that are worth a look: all but those of elements that are rare.
    """

    def __init__(self, inputs: pd.DataFrame) -> None:
        self._inputs = inputs
        self.elements: dict[str, dict[str, str]] = {}
        formulas = [column.name for column in describe(inputs) if column.kind == "composition"]
        self.frame = inputs.drop(columns=formulas)
        for name in formulas:
            shares_NE, symbols = fractions(inputs[name].tolist())
            taken = set(self.frame)
            self.elements[name] = {s: f"{s} in {name}" if s in taken else s for s in symbols}
            columns = dict(zip(self.elements[name].values(), shares_NE.T, strict=True))
            self.frame = pd.concat([self.frame, pd.DataFrame(columns, self.frame.index)], axis=1)
        rare = {
            column
            for known in self.elements.values()
            for column in known.values()
            if np.mean(self.frame[column] > 0) < COMMON
        }
        self.common = [str(name) for name in self.frame if name not in rare]

    def fold(self, changed: pd.DataFrame) -> pd.DataFrame:
        """Return a table like `frame` with its formulas put together again."""
        whole = changed.drop(columns=[c for e in self.elements.values() for c in e.values()])
        for name, columns in self.elements.items():
            shares_NE = changed[list(columns.values())].to_numpy(np.float64)
            whole[name] = [_formula(list(columns), row) for row in shares_NE]
        return whole.loc[:, list(self._inputs)]


def _formula(symbols: list[str], shares_E: np.ndarray) -> str | None:
    """Write a formula; None where nothing is in it."""
    present = np.flatnonzero(shares_E > 0)
    return "".join(f"{symbols[e]}{shares_E[e]:.8f}" for e in present) or None
