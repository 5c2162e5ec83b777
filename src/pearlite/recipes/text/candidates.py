"""The models that are tried, each by a function that fits it.

Axes: N texts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pearlite.errors import InputError
from pearlite.folders import RECORD
from pearlite.judge.goal import Truth
from pearlite.judge.scores import CLASSES
from pearlite.recipes.text.fitted import Model, error_of
from pearlite.recipes.text.linear import fit_linear
from pearlite.recipes.text.network import Network, Teaching, new_reader, teach
from pearlite.recipes.text.pretrain import Pretrained, new_tokeniser, pretrain
from pearlite.recipes.text.settings import EFFORTS, Effort, Settings
from pearlite.seeds import derived_seed

LINEAR = ("words", "characters")
LSTM = Teaching(rate=3e-3, batch=32)
ENCODER = Teaching(rate=1e-3)
LSTM_CONTEXT = 128  # tokens: it takes one step after another
ENCODERS = "encoder"  # folder of a run
SHARES = {"lstm": 0.3, "pretraining": 0.7, "encoder": 1.0}
"""Of the minutes that are left when a network begins."""


@dataclass(frozen=True)
class Lesson:
    """What a candidate is fitted to.

    Attributes
    ----------
    texts, truth, validation
        To learn from and to choose on.
    unlabelled
        Further texts without a target.
    settings
        Of the whole fit.
    folder
        For states of trainings that are stopped; None keeps none.
    left
        Minutes that are left, or None where time is not limited.
    device
        For networks.
    progress
        Whether to draw bars.
    """

    texts: list[str]
    truth: Truth
    validation: tuple[list[str], Truth]
    unlabelled: tuple[str, ...]
    settings: Settings
    folder: Path | None = None
    left: Callable[[], float | None] = lambda: None
    device: torch.device | None = None
    progress: bool = False

    @property
    def effort(self) -> Effort:
        """How large the networks are, and how long they learn."""
        return EFFORTS[self.settings.quality]

    def minutes(self, share: float) -> float | None:
        """Return a share of the minutes that are left."""
        left = self.left()
        return None if left is None else share * left

    def state(self, name: str) -> Path | None:
        """Return where a training of that name keeps its state."""
        return None if self.folder is None else self.folder / name

    def bar(self, what: str) -> str | None:
        """Return what a progress bar says, if there shall be one."""
        return what if self.progress else None


Fit = Callable[[Lesson], tuple[Model, dict[str, Any]]]


@dataclass(frozen=True)
class Candidate:
    """A kind of model.

    Attributes
    ----------
    name
        Short, for files.
    title
        For people.
    fit
        Returns the model and what should be known of it.
    """

    name: str
    title: str
    fit: Fit

    @property
    def linear(self) -> bool:
        """Whether it is one of the models that the others must beat."""
        return self.name in LINEAR


def candidates(settings: Settings, goal: str) -> list[Candidate]:
    """Return what is tried, the simplest first."""
    regression = "logistic regression" if goal in CLASSES else "ridge regression"
    found = [
        Candidate("words", f"TF-IDF of words, {regression}", _linear("words")),
        Candidate("characters", f"TF-IDF of characters, {regression}", _linear("characters")),
    ]
    networks = EFFORTS[settings.quality].networks
    if "lstm" in networks:
        found.append(Candidate("lstm", "LSTM", fit_lstm))
    if "encoder" in networks or settings.start is not None:
        found.append(Candidate("encoder", "encoder, pretrained without labels", fit_encoder))
    return found


def _linear(terms: str) -> Fit:
    def fit(lesson: Lesson) -> tuple[Model, dict[str, Any]]:
        texts, truth = lesson.validation
        return fit_linear(
            terms, lesson.texts, lesson.truth, lambda said: error_of(said, truth), texts
        )

    return fit


def fit_lstm(lesson: Lesson) -> tuple[Network, dict[str, Any]]:
    """Teach an LSTM from nothing; it reads through a tokeniser of the training texts."""
    effort = lesson.effort
    tokeniser = new_tokeniser([*lesson.texts, *lesson.unlabelled], effort)
    options = {
        "vocabulary": len(tokeniser),
        "context": min(effort.context, LSTM_CONTEXT),
        "width": effort.width,
    }
    seed = derived_seed(lesson.settings.seed, 1)
    network = _network("lstm", options, lesson.truth, tokeniser, seed, LSTM)
    return network, _taught(network, lesson, "lstm", LSTM, seed)


def fit_encoder(lesson: Lesson, known: Pretrained | None = None) -> tuple[Network, dict[str, Any]]:
    """Pretrain an encoder on all texts without labels, then teach it those of the training part.

    Parameters
    ----------
    lesson
        What it is fitted to.
    known
        An encoder to begin with, instead of that which the lesson makes or names.
    """
    seed = derived_seed(lesson.settings.seed, 2)
    known = known or pretrained(lesson, seed)
    network = _network("encoder", known.options, lesson.truth, known.tokeniser, seed, ENCODER)
    network.reader.trunk.load_state_dict(known.model.encoder.state_dict())
    return network, known.facts | _taught(network, lesson, "encoder", ENCODER, seed)


def pretrained(lesson: Lesson, seed: int) -> Pretrained:
    """Return the encoder that was named, or that a stopped fit has finished, or a new one."""
    if lesson.settings.start is not None:
        return Pretrained.load(named_encoder(lesson.settings.start))
    kept = None if lesson.folder is None else lesson.folder.parent / ENCODERS
    if kept is not None and kept.exists():
        return Pretrained.load(kept)
    made = pretrain(
        [*lesson.texts, *lesson.unlabelled],
        lesson.effort,
        seed=seed,
        minutes=lesson.minutes(SHARES["pretraining"]),
        state=lesson.state("pretraining"),
        progress=lesson.bar("Reading without labels"),
        device=lesson.device,
    )
    if kept is not None:
        made.save(kept)
    return made


def named_encoder(start: str) -> Path:
    """Return the folder of the pretrained encoder in a run on texts.

    Raises
    ------
    InputError
        If there is none.
    """
    folder = Path(start) / ENCODERS
    if folder.is_dir():
        return folder
    here = [name for name in (RECORD, "config.json") if (Path(start) / name).is_file()]
    kinds = {RECORD: "a run that pretrained none", "config.json": "a folder of Hugging Face"}
    kind = kinds[here[0]] if here else "no run"
    raise InputError(
        f"{start} holds no encoder: it is {kind}; --from takes a run of pearlite text that was "
        "made with --quality balanced or best"
    )


def _network(
    kind: str, options: dict[str, Any], truth: Truth, tokeniser: Any, seed: int, teaching: Teaching
) -> Network:
    outputs = len(truth.classes) if truth.goal in CLASSES else 1
    reader = new_reader(kind, options, outputs, seed, teaching.dropout)
    if truth.goal in CLASSES:
        return Network(kind, options, truth.goal, reader, tokeniser)
    centre, spread = float(truth.values.mean()), float(truth.values.std()) or 1.0
    return Network(kind, options, truth.goal, reader, tokeniser, centre, spread)


def _taught(
    network: Network, lesson: Lesson, name: str, teaching: Teaching, seed: int
) -> dict[str, Any]:
    """Teach a network, and return what should be known of it."""
    history = teach(
        network,
        lesson.texts,
        lesson.truth,
        lesson.validation,
        replace(teaching, passes=lesson.effort.passes, reads=lesson.effort.texts),
        seed=seed,
        minutes=lesson.minutes(SHARES[name]),
        state=lesson.state(name),
        progress=lesson.bar(f"Teaching the {name}"),
        device=lesson.device,
    )
    count = sum(weight.numel() for weight in network.reader.parameters())
    context = network.options["context"]
    long = np.mean([len(t) > context for t in network.tokeniser.encode_all(lesson.texts)])
    return {"parameters": count, "history": history, "context": context, "cut": float(long)}
