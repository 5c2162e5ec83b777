"""The columns of a table as one matrix of numbers, learnt from training rows only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.cells import read_column
from pearlite.data.columns import describe
from pearlite.errors import InputError
from pearlite.recipes.tabular.encoders import Encoder, Encoding
from pearlite.recipes.tabular.encoders.category import Category
from pearlite.recipes.tabular.encoders.composition import Fractions, Statistics
from pearlite.recipes.tabular.encoders.date import Date
from pearlite.recipes.tabular.encoders.number import Number
from pearlite.recipes.tabular.encoders.scale import Scale
from pearlite.recipes.tabular.encoders.text import Text

Composition = Literal["fractions", "statistics", "both"]
ENCODERS: dict[str, tuple[type[Encoder], ...]] = {
    "number": (Number,),
    "category": (Category,),
    "date": (Date,),
    "text": (Text,),
    "composition": (Fractions, Statistics),
    "identifier": (),
    "constant": (),
    "empty": (),
}
"""What a column of each kind becomes; a kind with nothing is left out."""
_BY_KIND = {encoder.kind: encoder for encoders in ENCODERS.values() for encoder in encoders}


def kinds_of(frame: pd.DataFrame) -> dict[str, str]:
    """Return the kind of each column, as `Features.learn` takes it.

    Numbers that count the rows are of use only where there is nothing else.

    Raises
    ------
    InputError
        If a column holds what no kind can.
    """
    found = {each.name: _kind(_column(frame, each.name), each.kind) for each in describe(frame)}
    if not any(ENCODERS[kind] for kind in found.values()):  # what else could they predict from?
        numbered = (n for n in found if pd.api.types.is_numeric_dtype(frame[n]))
        found |= {name: "number" for name in numbered if found[name] == "identifier"}
    return found


def _kind(values: pd.Series, kind: str) -> str:
    """Return what a column is treated as; floating-point numbers never name rows."""
    if kind == "flag":
        return "number" if pd.api.types.is_numeric_dtype(read_column(values).values) else "category"
    measured = kind == "identifier" and pd.api.types.is_float_dtype(values)
    return "number" if measured else kind


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return the one column of a name."""
    values = frame[name]
    if not isinstance(values, pd.Series):
        raise InputError(f"{values.shape[1]} columns are named {name!r}; give each its own name")
    return values


@dataclass(frozen=True)
class Part:
    """What was learnt of one column by one encoder."""

    column: str
    encoder: Encoder
    scale: Scale

    @classmethod
    def learn(cls, values: pd.Series, encoder: type[Encoder], seed: int) -> Self:
        """Learn from the training rows of a column."""
        learnt = encoder.learn(values, seed)
        return cls(str(values.name), learnt, Scale.learn(learnt.encode(values, "dense")))

    def names(self, encoding: Encoding) -> list[str]:
        """Return the names of the features."""
        endings = self.encoder.names(encoding)
        if encoding == "dense" and self.scale.lacking:
            endings = [*endings, f" ({self.encoder.kind}) is missing"]
        return [f"{self.column}{ending}" for ending in endings]

    def matrix(self, frame: pd.DataFrame, encoding: Encoding) -> NDArray[np.float64]:
        """Return the features of a table, (N, F)."""
        encoded = self.encoder.encode(_column(frame, self.column), encoding)
        return self.scale(encoded) if encoding == "dense" else encoded


class Features:
    """A table's way into a matrix: for trees (``"tree"``), or for sums of features (``"dense"``).

    The tree view keeps missing values as NaN and codes categories by their frequency. The dense
    view has none missing: it has indicators for categories and for missing values, and one scale.
    Columns with formulas have two views of their own: fractions of elements, and statistics of the
    elements' properties.

    Attributes
    ----------
    kinds : dict
        The kind of each column of the training table.
    parts : tuple of Part
        The columns that are used, with what was learnt of them.
    """

    def __init__(self, kinds: Mapping[str, str], parts: Sequence[Part]) -> None:
        self.kinds, self.parts = dict(kinds), tuple(parts)

    @classmethod
    def learn(
        cls, frame: pd.DataFrame, seed: int = 0, kinds: Mapping[str, str] | None = None
    ) -> Self:
        """Learn from training rows.

        Parameters
        ----------
        frame
            The input columns, without the target.
        seed
            Of the topics of texts.
        kinds
            The kind of each column, if they are known; `kinds_of` finds them otherwise.

        Raises
        ------
        InputError
            If no column is of use, or one holds what cannot be used.
        """
        known = kinds_of(frame) if kinds is None else kinds
        parts = [
            Part.learn(_column(frame, name), encoder, seed)
            for name, kind in known.items()
            for encoder in ENCODERS[kind]
        ]
        if not parts:
            listed = ", ".join(f"{name} ({kind})" for name, kind in list(known.items())[:8])
            raise InputError(
                f"no input column is of use ({listed}); give columns that differ between rows and "
                "say something of them"
            )
        return cls(known, parts)

    @property
    def has_compositions(self) -> bool:
        """Whether a column holds formulas, so that their views differ."""
        return "composition" in self.kinds.values()

    def matrix(
        self,
        frame: pd.DataFrame,
        encoding: Encoding = "tree",
        composition: Composition = "both",
    ) -> NDArray[np.float64]:
        """Return the matrix of a table, (N, F) float64.

        Parameters
        ----------
        frame
            Has the columns that were learnt; others are not looked at.
        encoding
            ``"tree"`` or ``"dense"``.
        composition
            The view of columns with formulas.

        Raises
        ------
        InputError
            If a column is not there or holds other things than in training.
        """
        lacking = {part.column for part in self.parts} - set(frame.columns)
        if lacking:
            names = ", ".join(repr(name) for name in sorted(lacking)[:8])
            raise InputError(
                f"the table lacks {len(lacking)} of the columns that the model learnt from: "
                f"{names}; give them the same names as in training"
            )
        chosen = self._chosen(composition)
        return np.column_stack([part.matrix(frame, encoding) for part in chosen])

    def names(self, encoding: Encoding = "tree", composition: Composition = "both") -> list[str]:
        """Return the names of the features of a view."""
        return [name for part in self._chosen(composition) for name in part.names(encoding)]

    def source_columns(
        self, encoding: Encoding = "tree", composition: Composition = "both"
    ) -> list[str]:
        """Return, for each feature of a view, the column that it comes from."""
        parts = self._chosen(composition)
        return [part.column for part in parts for _ in part.names(encoding)]

    def _chosen(self, composition: Composition) -> list[Part]:
        unseen = {"fractions": "statistics", "statistics": "fractions"}.get(composition)
        return [part for part in self.parts if part.encoder.kind != unseen]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON holds."""
        parts = [{"kind": part.encoder.kind, **asdict(part)} for part in self.parts]
        return {"kinds": self.kinds, "parts": parts}

    @classmethod
    def from_dict(cls, known: Mapping[str, Any]) -> Self:
        """Return the features that `to_dict` described."""
        parts = [
            Part(
                each["column"],
                _BY_KIND[each["kind"]](**_frozen(each["encoder"])),
                Scale.from_dict(each["scale"]),
            )
            for each in known["parts"]
        ]
        return cls(known["kinds"], parts)


def _frozen(value: Any) -> Any:
    """Return JSON's lists as the tuples that they were."""
    if isinstance(value, Mapping):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
