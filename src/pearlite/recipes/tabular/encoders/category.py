"""A column of names: codes by frequency for trees, indicators for methods that add features up."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.recipes.tabular.encoders import Encoding

KEPT = 255
"""Categories that have a code of their own; what the histograms of boosters can tell apart."""
INDICATED = 30
"""Categories that have an indicator of their own."""
RARE = 2
"""Training rows below which a category has no code of its own."""


@dataclass(frozen=True)
class Category:
    """The categories that are worth a code, the most frequent first.

    All others, and those that training never saw, share the code after the last.

    Attributes
    ----------
    known : tuple of str
        The categories.
    """

    kind: ClassVar[str] = "category"
    known: tuple[str, ...]

    @classmethod
    def learn(cls, values: pd.Series, seed: int) -> Self:
        """Count the categories; equally frequent ones are ordered by name."""
        codes, distinct = _factors(values)
        counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
        often = np.flatnonzero(counts >= RARE)
        if often.size > KEPT:  # sort the names of those alone that may be kept
            often = often[counts[often] >= np.partition(counts[often], -KEPT)[-KEPT]]
        known = sorted(zip(-counts[often], (distinct[i] for i in often), strict=True))
        return cls(tuple(name for _, name in known[:KEPT]))

    def names(self, encoding: Encoding) -> list[str]:
        """Return the name of the code, or ``=NAME`` for each indicator."""
        if encoding == "tree":
            return [""]
        return [*(f" = {name}" for name in self.known[:INDICATED]), " = another"]

    def encode(self, values: pd.Series, encoding: Encoding) -> NDArray[np.float64]:
        """Return codes, (N, 1), or an indicator a category, (N, F)."""
        codes, distinct = _factors(values)
        code = {name: number for number, name in enumerate(self.known)}
        other = len(self.known)
        table = np.array([code.get(name, other) for name in distinct] + [np.nan])  # -1: missing
        found = table[codes][:, None]
        if encoding == "tree":
            return found
        shown = min(other, INDICATED)
        indicators = (np.minimum(found, shown) == np.arange(shown + 1)).astype(np.float64)
        return np.where(np.isnan(found), np.nan, indicators)


def _factors(values: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """Return, a row, the number of its category (missing: -1), and the categories as text."""
    codes, distinct = pd.factorize(values)
    texts = [_text(value) for value in distinct]
    numbers, named = pd.factorize(np.array(texts, dtype=object))  # 1 and 1.0 are one
    return np.append(numbers, -1)[codes], [str(name) for name in named]


def _text(value: Any) -> str:
    """Return a category as text, whichever type a file gave it: 1, 1.0 and "1" are one."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()
