"""What trying a candidate brought, and where that is kept for a search that is stopped.

Axes: N rows, K outputs.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.provenance import fingerprint, versions
from pearlite.recipes.tabular.candidates import Candidate
from pearlite.recipes.tabular.members.arrays import load_arrays, save_arrays


@dataclass
class Tried:
    """A candidate's answers out of fold.

    Attributes
    ----------
    answers : (N, K)
        NaN for rows that no fold withheld.
    seconds, efforts : ndarray
        Of each fold that was done: how long it took; for which share of the member's rounds or
        trees there was time.
    """

    answers: NDArray[np.float64]
    seconds: NDArray[np.float64]
    efforts: NDArray[np.float64]

    @classmethod
    def nothing(cls, rows: int, outputs: int) -> Self:
        """Return what is known before the first fold."""
        return cls(np.full((rows, outputs), np.nan), np.empty(0), np.empty(0))


class Kept:
    """A folder of finished trials, each under a name that all it depends on decides.

    Parameters
    ----------
    folder
        Is made if need be.
    about
        What all trials depend on: tables, arrays, and plain values.
    """

    def __init__(self, folder: Path, *about: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.about = _digest([versions(), *about])

    def find(self, candidate: Candidate, *about: Any) -> Tried | None:
        """Return what trying a candidate once brought; None if it is not known, or damaged."""
        try:
            known = load_arrays(self._path(candidate, about))
            return Tried(**{each.name: known[each.name] for each in fields(Tried)})
        except (InputError, KeyError):
            return None

    def keep(self, tried: Tried, candidate: Candidate, *about: Any) -> None:
        """Write it down."""
        save_arrays(self._path(candidate, about), vars(tried))

    def _path(self, candidate: Candidate, about: Sequence[Any]) -> Path:
        return self.folder / f"{_digest([self.about, candidate, *about])}.safetensors"


def _digest(things: Sequence[Any]) -> str:
    digest = hashlib.sha256()
    for thing in things:
        known = fingerprint(thing) if hasattr(thing, "shape") else thing
        digest.update(repr(known).encode() + b"\0")
    return digest.hexdigest()
