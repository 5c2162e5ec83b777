"""A model whose probabilities, or intervals, were set right on the validation texts.

Axes: N texts, W words of a text, K classes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.folders import read_json, write_json
from pearlite.judge.calibrator import Calibrator
from pearlite.judge.conformal import Conformal, Thresholds
from pearlite.judge.goal import Truth
from pearlite.judge.scores import CLASSES, METRICS
from pearlite.provenance import versions
from pearlite.recipes.text.linear import Linear
from pearlite.recipes.text.network import Network

FITTED = "fitted.json"
FORMAT = 1
COVERAGE = 0.9  # share of truths that an interval shall hold
_KINDS = {kind.__name__: kind for kind in (Linear, Network)}


class Model(Protocol):
    """What answers texts."""

    def answer(self, texts: list[str]) -> NDArray[np.float64]:
        """Return probabilities ``(N, K)``, or numbers ``(N,)``."""
        ...

    def weigh(self, text: str) -> NDArray[np.float64]:
        """Return what each word adds to each class, or to the number, ``(W, K)``."""
        ...

    def save(self, folder: Path) -> None:
        """Write it into an empty folder."""
        ...


@dataclass(frozen=True)
class Answer:
    """What a model says of some texts.

    Attributes
    ----------
    values
        Numbers or class codes, shape ``(N,)``.
    shares
        Probabilities of the classes, shape ``(N, K)``.
    interval
        Lower and upper ends that hold the truth in `COVERAGE` of the cases, shape ``(N, 2)``.
    """

    values: NDArray[Any]
    shares: NDArray[np.float64] | None = None
    interval: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Fitted:
    """A model, and what turns its answers into honest ones.

    Parameters
    ----------
    model
        Linear or a network.
    goal, classes
        What is predicted; the class that each code stands for.
    calibrator, conformal
        For classes; for numbers.
    """

    model: Model
    goal: str
    classes: tuple[Any, ...]
    calibrator: Calibrator | None = None
    conformal: Conformal | None = None

    @classmethod
    def calibrate(
        cls,
        model: Model,
        texts: list[str],
        truth: Truth,
        group: NDArray[np.int64] | None = None,
    ) -> Self:
        """Set a model right on texts that it did not learn from."""
        said = model.answer(texts)
        if truth.goal in CLASSES:
            return cls(model, truth.goal, truth.classes, Calibrator.learn(truth.values, said))
        learnt = Conformal.calibrate(truth.values, said, group=group)
        return cls(model, truth.goal, truth.classes, conformal=learnt)

    def answer(self, texts: list[str]) -> Answer:
        """Return classes with probabilities, or numbers with intervals."""
        said = self.model.answer(texts)
        if self.calibrator is not None:
            shares_NK = self.calibrator.apply(said)
            return Answer(shares_NK.argmax(1), shares_NK)
        assert self.conformal is not None
        return Answer(said, interval=self.conformal.interval(said, COVERAGE))

    def save(self, folder: Path) -> None:
        """Write it into an empty folder."""
        facts: dict[str, Any] = {
            "format": FORMAT,
            "model": type(self.model).__name__,
            "goal": self.goal,
            "classes": self.classes,
            "versions": versions(),
        }
        if self.calibrator is not None:
            facts["calibrator"] = self.calibrator.to_dict()
        if self.conformal is not None:
            facts["conformal"] = self.conformal.thresholds.to_dict()
        write_json(folder / FITTED, facts)
        self.model.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        """
        facts = read_json(folder / FITTED)
        try:
            if facts["format"] != FORMAT:
                raise InputError(
                    f"{folder / FITTED} has format {facts['format']}, this pearlite reads "
                    f"{FORMAT}; use the pearlite that wrote it"
                )
            known, learnt = facts.get("calibrator"), facts.get("conformal")
            return cls(
                _KINDS[facts["model"]].load(folder),
                facts["goal"],
                tuple(facts["classes"]),
                None if known is None else Calibrator.from_dict(known),
                None if learnt is None else Conformal(Thresholds.from_dict(learnt)),
            )
        except (KeyError, TypeError) as error:
            raise InputError(f"{folder / FITTED} is damaged ({error}); make it again") from error


def error_of(said: NDArray[np.float64], truth: Truth) -> float:
    """Return how wrong an answer is: log loss once calibrated, or the mean absolute error."""
    if truth.goal in CLASSES:
        mended = Calibrator.learn(truth.values, said).apply(said)
        return METRICS["log_loss"](truth.values, mended)
    return METRICS["mae"](truth.values, said)
