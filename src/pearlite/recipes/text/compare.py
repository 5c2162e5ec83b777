"""Fit what is tried, one after another, and choose on the validation texts.

Axes: N texts.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.disk import replacing
from pearlite.folders import read_json, write_json
from pearlite.judge.answers import read_labels
from pearlite.judge.goal import Truth
from pearlite.judge.scores import Metric
from pearlite.recipes.text.candidates import Candidate, Lesson
from pearlite.recipes.text.fitted import Answer, Fitted, error_of

TRIAL = "trial.json"


@dataclass(frozen=True)
class Trial:
    """A candidate, fitted and judged on the validation texts.

    Attributes
    ----------
    name, title
        Of the candidate.
    linear
        Whether it is one of the models that the others must beat.
    fitted
        The model.
    score
        The metric on the validation texts.
    error
        Log loss once calibrated, or mean absolute error, there.
    seconds
        CPU time of the fit.
    facts
        What should be known of it.
    """

    name: str
    title: str
    linear: bool
    fitted: Fitted
    score: float
    error: float
    seconds: float
    facts: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        known = ("name", "title", "linear", "score", "error", "seconds", "facts")
        with replacing(folder) as hidden:
            hidden.mkdir()
            write_json(hidden / TRIAL, {name: getattr(self, name) for name in known})
            self.fitted.save(hidden)

    @classmethod
    def load(cls, folder: Path) -> "Trial":
        """Read what `save` wrote; `InputError` if it is damaged."""
        return cls(fitted=Fitted.load(folder), **read_json(folder / TRIAL))


def compare(
    tried: Sequence[Candidate],
    lesson: Lesson,
    metric: Metric,
    *,
    group: NDArray[np.int64] | None = None,
    folder: Path | None = None,
) -> list[Trial]:
    """Fit every candidate; those that `folder` holds are taken from there.

    Parameters
    ----------
    tried
        The candidates, the simplest first.
    lesson
        What they are fitted to.
    metric
        What they are scored by on the validation texts.
    group
        Labels of the validation texts that belong together.
    folder
        Where finished ones are kept, each in a folder of its name.
    """
    trials = []
    for candidate in tried:
        kept = None if folder is None else folder / candidate.name
        if kept is not None and kept.exists():
            trials.append(Trial.load(kept))
            continue
        trial = _try(candidate, lesson, metric, group)
        if kept is not None:
            kept.parent.mkdir(exist_ok=True)
            trial.save(kept)
        trials.append(trial)
    return trials


def best(trials: Sequence[Trial], metric: Metric) -> Trial:
    """Return the trial that is best on the validation texts; of equal ones the simplest."""
    sign = 1 if metric.higher_is_better else -1
    return max(trials, key=lambda trial: sign * trial.score)


def scored(metric: Metric, truth: Truth, said: Answer) -> float:
    """Return a metric of an answer."""
    return metric(truth.values, to(metric, said))


def to(metric: Metric, said: Answer) -> NDArray[Any]:
    """Return the part of an answer that a metric asks for."""
    return said.values if said.shares is None or metric.read is read_labels else said.shares


def _try(
    candidate: Candidate, lesson: Lesson, metric: Metric, group: NDArray[np.int64] | None
) -> Trial:
    began = time.process_time()
    model, facts = candidate.fit(lesson)
    texts, truth = lesson.validation
    fitted = Fitted.calibrate(model, texts, truth, group)
    return Trial(
        candidate.name,
        candidate.title,
        candidate.linear,
        fitted,
        scored(metric, truth, fitted.answer(texts)),
        error_of(model.answer(texts), truth),
        time.process_time() - began,
        facts,
    )
