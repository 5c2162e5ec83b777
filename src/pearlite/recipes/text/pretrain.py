"""An encoder that learns from texts without labels, by saying which words were hidden.

Axes: B batch, T tokens, D features, M hidden tokens.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import torch
from torch import Tensor

from pearlite.data.disk import replacing
from pearlite.data.documents import Passage
from pearlite.data.packed import Windows, pack
from pearlite.data.tokens import Tokeniser, byte_pairs
from pearlite.errors import InputError
from pearlite.folders import read_json, write_json
from pearlite.nets.language import MaskedLanguageModel
from pearlite.nets.weights import load, save
from pearlite.recipes.text.settings import Effort
from pearlite.train.objectives import HIDDEN, NOTHING, TokenPrediction, hidden_rows
from pearlite.train.optimisers import muon
from pearlite.train.schedule import linear
from pearlite.train.state import State
from pearlite.train.trainer import Trainer

ABOUT, WEIGHTS, TOKENS = "encoder.json", "encoder.safetensors", "tokenizer.json"
RATE, TOKENS_A_STEP = 1e-2, 4096
HEADS = 4
STEP = 64  # hidden tokens are asked for in multiples of it
SHORTEST = 8  # tokens of a window


class HiddenTokens(TokenPrediction):
    """Say which tokens were hidden; the vocabulary is compared at their places only.

    As many places are asked every time, for kernels are made for every new number: a few hidden
    ones are left out where chance hid more, and places where nothing was asked fill up.
    """

    network: MaskedLanguageModel

    def loss(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the mean cross-entropy of the hidden tokens, in nats."""
        tokens_BT, targets_BT = batch
        targets_N = targets_BT.flatten()
        most = STEP * math.ceil(HIDDEN * len(targets_N) / STEP)
        places_M = (targets_N != NOTHING).to(torch.uint8).topk(most).indices
        features_MD = self.network.encoder(tokens_BT).flatten(0, 1)[places_M]
        return self.L(self.network.head(features_MD)[None], targets_N[places_M][None])


@dataclass(frozen=True)
class Pretrained:
    """An encoder with its head for hidden tokens, and its tokeniser.

    Attributes
    ----------
    options
        What builds the encoder.
    model
        Encoder and head.
    tokeniser
        Through what it reads.
    facts
        What the pretraining said: texts, tokens, passes, the masked loss.
    """

    options: dict[str, Any]
    model: MaskedLanguageModel
    tokeniser: Tokeniser
    facts: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        with replacing(folder) as hidden:
            hidden.mkdir()
            write_json(hidden / ABOUT, {"options": self.options, "facts": self.facts})
            save(self.model, hidden / WEIGHTS)
            self.tokeniser.save(hidden / TOKENS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        """
        about = read_json(folder / ABOUT)
        try:
            options, facts = about["options"], about["facts"]
            model = MaskedLanguageModel(**options, generator=torch.Generator())
        except (KeyError, TypeError) as error:
            raise InputError(f"{folder / ABOUT} is damaged ({error}); make it again") from error
        load(model, folder / WEIGHTS)
        return cls(options, model, Tokeniser.load(folder / TOKENS), facts)


def new_tokeniser(texts: Sequence[str], effort: Effort) -> Tokeniser:
    """Return pairs of bytes that are frequent in some texts."""
    return byte_pairs(texts, effort.vocabulary)


def pretrain(
    texts: Sequence[str],
    effort: Effort,
    *,
    seed: int,
    minutes: float | None = None,
    state: Path | None = None,
    progress: str | None = None,
    device: torch.device | None = None,
    tokeniser: Tokeniser | None = None,
) -> Pretrained:
    """Make an encoder that knows some texts: masked language modelling of `hidden_rows`.

    Parameters
    ----------
    texts
        Without labels.
    effort
        Sizes, and how often the texts are read.
    seed
        Determines the weights, the order, and what is hidden.
    minutes
        Longest time.
    state
        Folder from which a pretraining that was stopped goes on.
    progress
        What the bar says.
    device
        Where to compute; on the CPU by default.
    tokeniser
        Through what it reads; one made of the texts by default.
    """
    tokeniser = tokeniser or new_tokeniser(texts, effort)
    options = {
        "vocabulary": len(tokeniser),
        "context": effort.context,
        "width": effort.width,
        "depth": effort.depth,
        "heads": HEADS,
        "positions": "rotary",
    }
    model = MaskedLanguageModel(**options, generator=torch.Generator().manual_seed(seed))
    with TemporaryDirectory() as folder:
        passages = (Passage(n, text, True) for n, text in enumerate(texts))
        packed = pack(passages, tokeniser, Path(folder) / "tokens")
        length = min(effort.context // 2, len(packed) - 1)
        if length < SHORTEST:
            raise InputError(
                f"the texts hold {len(packed)} tokens, too few to pretrain an encoder on; give "
                "more texts with --unlabelled, or take --quality fast"
            )
        batch = max(1, TOKENS_A_STEP // length)
        windows = Windows(packed, length, batch, seed=seed, device=device)
        most = effort.tokens // (batch * length)
        steps = max(1, min(effort.pretraining * windows.epoch, most))
        schedule = linear(steps=steps, minutes=minutes, warm_up=max(1, steps // 10))
        trainer = Trainer(
            HiddenTokens(model.to(device or "cpu")),
            optimiser=muon(RATE, decay=0.01, clip=1.0),
            every=windows.epoch,
            keep="last",
            seed=seed,
            precision="auto",
            state=None if state is None else State(state),
            events={"start": [schedule], "step": [schedule]},
            progress=progress,
        )
        rows = hidden_rows(windows, tokeniser, seed)
        history = trainer.fit(rows, steps=steps, minutes=minutes, resume=state is not None)
        facts = {
            "texts": len(texts),
            "tokens": len(packed),
            "passes": trainer.step / windows.epoch,
            "first loss": history[0]["loss"],
            "last loss": history[-1]["loss"],
        }
    return Pretrained(options, model.cpu(), tokeniser, facts)
