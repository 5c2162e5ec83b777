"""A fitted candidate, and the blend of several.

Axes: N rows, K outputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.candidates import Candidate
from pearlite.recipes.tabular.features import Features
from pearlite.recipes.tabular.members import Member, member_class
from pearlite.recipes.tabular.views import LearnedView

Answer = NDArray[np.float64]


class Sight:
    """A table's rows as learned features show them; each view is computed once."""

    def __init__(self, features: Features, frame: pd.DataFrame) -> None:
        self.features, self.frame = features, frame
        self._known: dict[LearnedView, NDArray[np.float64]] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def matrix(self, view: LearnedView) -> NDArray[np.float64]:
        """Return the matrix of a view, (N, F)."""
        if view not in self._known:
            self._known[view] = view.matrix(self.features, self.frame)
        return self._known[view]


class Predictor(Protocol):
    """What answers for the rows of a table."""

    def predict(self, sight: Sight) -> Answer:
        """Return numbers, probabilities or quantiles, (N, K)."""
        ...

    def save(self, folder: Path, names: set[str]) -> dict[str, Any]:
        """Write files under names that are not yet taken; return what else `load` needs."""
        ...


@dataclass
class Fitted:
    """A member that has learned, with the view through which it did.

    Attributes
    ----------
    present : tuple of int
        The classes that it has seen; others get the probability 0.
    member
        None where all rows were of one class.
    """

    candidate: Candidate
    view: LearnedView
    aim: Aim
    present: tuple[int, ...]
    member: Member | None

    @classmethod
    def fit(
        cls,
        candidate: Candidate,
        view: LearnedView,
        x_NF: NDArray[np.float64],
        y_N: NDArray[Any],
        weight_N: NDArray[np.float64] | None,
        aim: Aim,
        *,
        seed: int,
        threads: int,
        seconds: float,
        effort: float = 1.0,
    ) -> Self:
        """Fit a new member of the candidate's kind, with this share of its rounds or trees."""
        present, own = (), aim
        if aim.of_classes:
            classes, y_N = np.unique(y_N, return_inverse=True)
            present = tuple(classes.tolist())
            goal = "binary" if len(present) == 2 else "multiclass"
            own = Aim(goal, aim.metric, len(present))
            if len(present) == 1:
                return cls(candidate, view, aim, present, None)
        elif candidate.log:
            y_N = np.log(y_N)
        how = {"seed": seed, "threads": threads, "seconds": seconds}
        member = candidate.make(effort).fit(x_NF, y_N, weight_N, own, **how)
        return cls(candidate, view, aim, present, member)

    def predict(self, sight: Sight) -> Answer:
        """Return numbers, probabilities or quantiles, (N, K)."""
        if not self.aim.of_classes:
            assert self.member is not None
            answer_NK = self.member.predict(sight.matrix(self.view))
            return np.exp(answer_NK) if self.candidate.log else answer_NK
        answer_NK = np.zeros((len(sight), self.aim.classes))
        known = 1.0 if self.member is None else self.member.predict(sight.matrix(self.view))
        answer_NK[:, list(self.present)] = known
        return answer_NK

    def save(self, folder: Path, names: set[str]) -> dict[str, Any]:
        """Write the member's file."""
        stem = "".join(c if c.isalnum() else "_" for c in self.candidate.name.lower())
        while stem in names:
            stem += "_"
        names.add(stem)
        return {
            "candidate": self.candidate.to_dict(),
            "view": self.view.to_dict(),
            "present": list(self.present),
            "file": stem,
            "facts": None if self.member is None else self.member.save(folder / stem),
        }

    @classmethod
    def load(cls, folder: Path, known: dict[str, Any], aim: Aim) -> Self:
        """Read what `save` wrote."""
        candidate = Candidate.from_dict(known["candidate"])
        member = None
        if known["facts"] is not None:
            if Path(known["file"]).name != known["file"]:
                raise InputError(f"{folder} names a file {known['file']!r} that is outside of it")
            member = member_class(candidate.kind).load(folder / known["file"], known["facts"])
        view = LearnedView.from_dict(known["view"])
        return cls(candidate, view, aim, tuple(known["present"]), member)


@dataclass
class Blend:
    """The weighted mean of predictors."""

    parts: Sequence[tuple[float, Predictor]]

    def predict(self, sight: Sight) -> Answer:
        """Return numbers, probabilities or quantiles, (N, K)."""
        return np.sum([share * part.predict(sight) for share, part in self.parts], axis=0)

    def save(self, folder: Path, names: set[str]) -> dict[str, Any]:
        """Write the files of all parts."""
        parts = [{"share": share, **part.save(folder, names)} for share, part in self.parts]
        return {"parts": parts}

    @classmethod
    def load(cls, folder: Path, known: dict[str, Any], aim: Aim) -> Self:
        """Read what `save` wrote of a blend of members."""
        return cls([(part["share"], Fitted.load(folder, part, aim)) for part in known["parts"]])
