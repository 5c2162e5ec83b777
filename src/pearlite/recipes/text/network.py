"""A network that was taught to answer texts, with the tokeniser that it reads through.

Axes: N texts, W words of a text, T tokens, K classes (one column for a number).
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.data.stream import Stream, in_order
from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.folders import read_json, write_json
from pearlite.judge.goal import Truth
from pearlite.judge.scores import CLASSES
from pearlite.nets.transformer import TransformerEncoder
from pearlite.nets.weights import load, save
from pearlite.recipes.text.reader import LSTMTrunk, Reader, Reading, rows_of
from pearlite.recipes.text.span import spans
from pearlite.seeds import derived_seed
from pearlite.train.history import Row
from pearlite.train.optimisers import adamw
from pearlite.train.schedule import linear
from pearlite.train.state import State
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss

TRUNKS = {"lstm": LSTMTrunk, "encoder": TransformerEncoder}
NETWORK, WEIGHTS, TOKENS = "network.json", "network.safetensors", "tokenizer.json"
TOGETHER = 32  # texts that are answered at a time
FEWEST = 150  # steps of a teaching, however few the texts are
SELDOM = 10  # steps between two looks at the validation texts, at least
LEAST = 1e-6  # no probability counts as less


@dataclass(frozen=True)
class Teaching:
    """How a network learns from labelled texts.

    Parameters
    ----------
    rate
        Highest learning rate.
    batch
        Texts a step.
    passes, reads
        Over all texts, at most; most texts that are read so.
    patience
        Validations in a row without a better loss that end it.
    decay, dropout
        Of the weights; of the features.
    """

    rate: float
    batch: int = 16
    passes: int = 12
    reads: int = 30_000
    patience: int = 5
    decay: float = 0.01
    dropout: float = 0.1


@dataclass(frozen=True)
class Network:
    """A reader and all that it needs.

    Parameters
    ----------
    kind, options
        A key of `TRUNKS`, and what builds it.
    goal
        One of `pearlite.judge.scores.GOALS`.
    reader, tokeniser
        What reads, and through what.
    centre, spread
        Of the numbers that were learned from.
    """

    kind: str
    options: dict[str, Any]
    goal: str
    reader: Reader
    tokeniser: Tokeniser
    centre: float = 0.0
    spread: float = 1.0

    def answer(self, texts: list[str]) -> NDArray[np.float64]:
        """Return probabilities ``(N, K)``, or numbers ``(N,)``."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        device = next(self.reader.parameters()).device
        said = []
        self.reader.eval()
        with torch.inference_mode():
            for start in range(0, len(texts), TOGETHER):
                some = [texts[row] for row in order[start : start + TOGETHER]]
                rows_BT = rows_of(self.tokeniser, some, self.options["context"])
                said.append(self.reader(rows_BT.to(device)).double().cpu())
        said_NK = torch.cat(said)[torch.from_numpy(np.argsort(order))]
        if self.goal in CLASSES:
            return said_NK.softmax(1).numpy()
        return (said_NK[:, 0] * self.spread + self.centre).numpy()

    def weigh(self, text: str) -> NDArray[np.float64]:
        """Return by how much each answer falls when a word is left out, ``(W, K)``.

        Of a class it is the logarithm of its probability, in nats (Zeiler & Fergus, arXiv
        1311.2901, for words instead of patches); of a number its value.
        """
        without = [f"{text[:begin]}{text[end:]}" for begin, end in spans(text)]
        said = self.answer([text, *without])
        value = np.log(said.clip(LEAST)) if self.goal in CLASSES else said[:, None]
        return value[0] - value[1:]

    def save(self, folder: Path) -> None:
        """Write it into an empty folder."""
        about = {"kind": self.kind, "options": self.options, "goal": self.goal}
        about |= {"outputs": self.reader.head.weight.shape[0]}
        write_json(folder / NETWORK, about | {"centre": self.centre, "spread": self.spread})
        save(self.reader, folder / WEIGHTS)
        self.tokeniser.save(folder / TOKENS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        """
        about = read_json(folder / NETWORK)
        try:
            reader = new_reader(about["kind"], about["options"], about["outputs"], 0)
            numbers = {name: about[name] for name in ("goal", "centre", "spread")}
        except (KeyError, TypeError) as error:
            raise InputError(f"{folder / NETWORK} is damaged ({error}); make it again") from error
        load(reader, folder / WEIGHTS)
        tokeniser = Tokeniser.load(folder / TOKENS)
        return cls(about["kind"], about["options"], reader=reader, tokeniser=tokeniser, **numbers)


def new_reader(
    kind: str, options: dict[str, Any], outputs: int, seed: int, dropout: float = 0.1
) -> Reader:
    """Return a reader that has learned nothing."""
    generator = torch.Generator().manual_seed(seed)
    trunk = TRUNKS[kind](**options, generator=generator)
    return Reader(trunk, options["width"], outputs, dropout=dropout, generator=generator)


def teach(
    network: Network,
    texts: list[str],
    truth: Truth,
    validation: tuple[list[str], Truth],
    teaching: Teaching,
    *,
    seed: int,
    minutes: float | None = None,
    state: Path | None = None,
    progress: str | None = None,
    device: torch.device | None = None,
) -> list[Row]:
    """Teach a network labelled texts, and keep the weights that are best on the validation texts.

    Parameters
    ----------
    network
        Is changed.
    texts, truth, validation
        To learn from and to choose on.
    teaching
        How.
    seed
        Determines the order of the texts, and the dropout.
    minutes
        Longest time.
    state
        Folder from which a teaching that was stopped goes on.
    progress
        What the bar says.
    device
        Where to compute; on the CPU by default.

    Returns
    -------
    list of dict
        A row a pass: losses of training and validation.
    """
    device = device or torch.device("cpu")
    context, classes = network.options["context"], network.goal in CLASSES

    def tensors(some: list[str], known: Truth) -> tuple[torch.Tensor, torch.Tensor]:
        y = known.values if classes else (known.values - network.centre) / network.spread
        y_N = torch.tensor(y, dtype=torch.int64 if classes else torch.float32)
        return rows_of(network.tokeniser, some, context).to(device), y_N.to(device)

    stream = Stream(tensors(texts, truth), teaching.batch, seed=derived_seed(seed, 1))
    judging = stream.epoch * math.ceil(len(validation[0]) / (2 * len(texts)))
    every = max(judging, SELDOM)
    passes = min(teaching.passes * stream.epoch, teaching.reads // teaching.batch)
    steps = max(FEWEST, passes)
    schedule = linear(steps=steps, minutes=minutes, warm_up=max(1, steps // 20))
    trainer = Trainer(
        Reading(network.reader.to(device), classes),
        optimiser=adamw(teaching.rate, decay=teaching.decay, clip=1.0),
        validate=mean_loss(in_order(tensors(*validation), 64)),
        every=every,
        patience=teaching.patience,
        seed=seed,
        precision="auto",
        state=None if state is None else State(state),
        events={"start": [schedule], "step": [schedule]},
        progress=progress,
    )
    history = trainer.fit(stream, steps=steps, minutes=minutes, resume=state is not None)
    network.reader.cpu()
    return history
