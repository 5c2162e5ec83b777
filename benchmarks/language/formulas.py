"""A language model of chemical formulas, and preferences among what it writes."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from benchmarks.language.oxidation import canonical, is_neutral, is_valid

from pearlite.data.split import split
from pearlite.data.stream import Stream, in_order
from pearlite.data.tokens import END, MASK, UNKNOWN, Tokeniser, characters
from pearlite.nets.transformer import TransformerDecoder
from pearlite.recipes.language.answers import answer_prompts, encode
from pearlite.recipes.language.preferences import Pair
from pearlite.seeds import derived_seed
from pearlite.train.objectives import NOTHING, TokenPrediction
from pearlite.train.optimisers import muon
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss

CONTEXT, LONGEST = 48, 40
WIDTH, DEPTH, HEADS = 128, 4, 4
STEPS, BATCH, RATE = 350, 64, 4e-3
TOGETHER = 1024


@dataclass(frozen=True)
class Writer:
    """A model that writes formulas.

    Attributes
    ----------
    network, tokeniser
        What writes.
    loss
        On the withheld formulas, nats a character.
    seconds
        CPU seconds of learning.
    """

    network: TransformerDecoder
    tokeniser: Tokeniser
    loss: float
    seconds: float


def read_formulas(path: Path) -> list[str]:
    """Return the different formulas of whole numbers in a file, each element written once."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return sorted({line.strip() for line in lines if is_valid(line.strip())})


def learn(formulas: list[str], seed: int) -> Writer:
    """Train a language model on nine tenths of the formulas, equal ones being in one part."""
    began = time.process_time()
    tokeniser = characters(formulas)
    group = np.unique([canonical(formula) for formula in formulas], return_inverse=True)[1]
    parts = split(len(formulas), fractions=(0.9, 0.1, 0.0), group=group, seed=seed)
    rows = encode([""] * len(formulas), formulas, tokeniser, CONTEXT)
    tokens_BT = rows.tokens_BT[:, :-1]
    next_BT = torch.where(rows.own_BT[:, 1:], rows.tokens_BT[:, 1:], NOTHING)
    train, chosen = ([tokens_BT[part], next_BT[part]] for part in (parts.train, parts.validation))
    network = TransformerDecoder(
        len(tokeniser),
        context=CONTEXT,
        width=WIDTH,
        depth=DEPTH,
        heads=HEADS,
        positions="rotary",
        query_key_norm=True,
        zero_init=True,
        generator=torch.Generator().manual_seed(seed),
    )
    trainer = Trainer(
        TokenPrediction(network),
        optimiser=muon(RATE, 0.05, 1.0),
        validate=mean_loss(in_order(chosen)),
        every=STEPS // 6,
        seed=seed,
        precision="auto",
        events={event: [cosine(steps=STEPS, warm_up=20)] for event in ("start", "step")},
    )
    trainer.fit(Stream(train, BATCH, seed=seed), steps=STEPS)
    return Writer(network.eval(), tokeniser, trainer.best, time.process_time() - began)


def prefer(writer: Writer, neutral: int, each: int, seed: int) -> list[Pair]:
    """Return pairs of formulas that the model wrote: neutral ones are preferred to others.

    Every formula is a different one; each neutral one is preferred to some others. Texts with
    special tokens in them are left out: a person could not have typed them.

    Parameters
    ----------
    writer
        What writes.
    neutral
        How many neutral formulas there shall be.
    each
        How many others each is preferred to.
    seed
        Decides what is written.
    """
    seen: set[str] = set()
    chosen: list[str] = []
    rejected: list[str] = []
    number = 0
    while len(chosen) < neutral or len(rejected) < neutral * each:
        generator = torch.Generator().manual_seed(derived_seed(seed, 7, number))
        asked = [""] * TOGETHER
        texts, _, _ = answer_prompts(writer.network, writer.tokeniser, asked, LONGEST, generator)
        for text in texts:
            special = any(name in text for name in (END, MASK, UNKNOWN))
            if text and not special and canonical(text) not in seen:
                seen.add(canonical(text))
                (chosen if is_neutral(text) else rejected).append(text)
        number += 1
    return [Pair("", chosen[place // each], rejected[place]) for place in range(neutral * each)]
