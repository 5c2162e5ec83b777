"""What is asked of a table that is read batch by batch.

Axes: N rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.cells import read_column
from pearlite.errors import InputError
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.buckets import Rows
from pearlite.recipes.tabular.features import Features


@dataclass(frozen=True)
class Question:
    """What is predicted from what.

    Parameters
    ----------
    target, weight
        Columns: what is predicted, how much a row counts.
    inputs
        Columns to predict from.
    aim
        Goal and metric.
    classes
        What each code of a class stands for.
    """

    target: str
    inputs: tuple[str, ...]
    aim: Aim
    classes: tuple[Any, ...] = ()
    weight: str | None = None

    @property
    def columns(self) -> list[str]:
        """All columns that must be read."""
        return [*self.inputs, self.target, *filter(None, [self.weight])]

    def rows(self, frame: pd.DataFrame, features: Features) -> tuple[Rows, NDArray[np.bool_]]:
        """Return the rows that have a known target as numbers, and which these are.

        Raises
        ------
        InputError
            If a target, weight or input is infinite or of another kind than in training.
        """
        y_N = self._answers(pd.Series(frame[self.target]))
        known_N = ~np.isnan(y_N)
        kept = frame.loc[known_N]
        weight_N = (
            np.ones(len(kept)) if self.weight is None else _weights(pd.Series(kept[self.weight]))
        )
        return Rows(features.matrix(kept, "tree"), y_N[known_N], weight_N), known_N

    def _answers(self, values: pd.Series) -> NDArray[np.float64]:
        """Return numbers or codes of classes, NaN where there is none."""
        read = read_column(values).values
        if self.aim.of_classes:
            codes_N = pd.Categorical(read, categories=list(self.classes)).codes
            return np.where(codes_N < 0, np.nan, codes_N)
        if not pd.api.types.is_numeric_dtype(read):
            raise InputError(
                f"the target {self.target!r} holds {values.dropna().iloc[0]!r} about row "
                f"{values.index[0] + 1} and numbers elsewhere; expected numbers"
            )
        y_N = read.to_numpy(np.float64, na_value=np.nan)
        if np.isinf(y_N).any():
            row = int(values.index.to_numpy()[np.isinf(y_N).argmax()])
            raise InputError(
                f"the target {self.target!r} is infinite in row {row + 1}; leave it empty if it is "
                "not known"
            )
        return y_N


def _weights(values: pd.Series) -> NDArray[np.float64]:
    weight_N = values.to_numpy(np.float64, na_value=np.nan)
    wrong_N = ~(np.isfinite(weight_N) & (weight_N >= 0))
    if wrong_N.any():
        row = int(values.index.to_numpy()[wrong_N.argmax()])
        raise InputError(
            f"the weight {values.name!r} is {values.loc[row]!r} in row {row + 1}; weights are "
            "finite and 0 or more"
        )
    return weight_N
