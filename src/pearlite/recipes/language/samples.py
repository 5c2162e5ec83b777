"""Samples of a network's writing while it learns: in a file, and on stderr for those who watch."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from pearlite.data.tokens import Tokeniser
from pearlite.folders import write_text
from pearlite.nets.sample import Sampling
from pearlite.recipes.language.corpus import Corpus
from pearlite.recipes.language.network import Design
from pearlite.recipes.language.write import Manner, write
from pearlite.train.objectives import NOTHING, hide

if TYPE_CHECKING:
    from pearlite.train.trainer import Event, Trainer

MANNER = Manner(tokens=150, sampling=Sampling(temperature=0.8), seed=1)
LAST = Manner(tokens=400, sampling=Sampling(temperature=0.8), count=3)
_BREAK = "\f"
_STEP = re.compile(r"step (\d+)")


def keep_samples(
    network: nn.Module, tokeniser: Tokeniser, path: Path, show: bool, begins: str = ""
) -> "dict[str, list[Event]]":
    """Make the event of a trainer that lets the network write at each row of the history.

    Parameters
    ----------
    network
        What learns.
    tokeniser
        Of the network.
    path
        File of all samples, each under a line that says when; see `read_samples`.
    show
        Whether to print each on stderr, if that is a terminal.
    begins
        What it goes on from; the end of a document where empty.
    """

    def sample(trainer: "Trainer") -> None:
        if trainer.rank != 0:
            return
        row = trainer.history[-1]
        network.eval()
        [text] = write(network, tokeniser, [""], MANNER, begins=begins)
        network.train()
        title = f"step {trainer.step}, validation loss {row['val_loss']:.4f} nats a token"
        before = [one for one in read_samples(path) if _step(one[0]) < trainer.step]
        _write(path, [*before, (title, text)])
        if show and sys.stderr.isatty():
            _print(title, text)

    return {"validate": [sample]}


def add_last(path: Path, network: nn.Module, design: Design, corpus: Corpus, seed: int) -> None:
    """Add what the learned network writes, or how it fills in what is hidden, to a file of samples.

    A network of hidden tokens gets the beginning of the test part.
    """
    if design.causal:
        manner = replace(LAST, seed=seed)
        texts = write(network, corpus.tokeniser, [""], manner, begins=corpus.begins)
        added = [(f"in the end, {number}", text) for number, text in enumerate(texts, start=1)]
    else:
        added = _filled_in(network, corpus, design.context, seed)
    before = [one for one in read_samples(path) if _step(one[0])]
    _write(path, [*before, *added])


def read_samples(path: Path) -> list[tuple[str, str]]:
    """Return title and text of each sample in a file; none where there is no file."""
    if not path.is_file():
        return []
    parts = path.read_text(encoding="utf-8").split(_BREAK)
    return [(title, text.rstrip("\n")) for title, _, text in (p.partition("\n") for p in parts)]


def _write(path: Path, entries: list[tuple[str, str]]) -> None:
    lines = ((title, text.replace(_BREAK, "\n").strip("\n")) for title, text in entries)
    write_text(path, _BREAK.join(f"{title}\n{text}\n" for title, text in lines))


@torch.inference_mode()
def _filled_in(
    network: nn.Module, corpus: Corpus, context: int, seed: int
) -> list[tuple[str, str]]:
    tokeniser = corpus.tokeniser
    tokens_BT, _ = corpus.test.spread(context, 1)
    seen_BT, targets_BT = hide(tokens_BT, tokeniser, torch.Generator().manual_seed(seed))
    place = next(network.parameters()).device
    filled_BT = network(seen_BT.to(place)).argmax(-1).cpu()
    filled_BT = torch.where(targets_BT != NOTHING, filled_BT, tokens_BT)
    parts = {"as it is": tokens_BT, "what was seen": seen_BT, "filled in": filled_BT}
    return [(title, tokeniser.decode(part_BT[0].tolist())) for title, part_BT in parts.items()]


def _step(title: str) -> int:
    found = _STEP.match(title)
    return int(found[1]) if found else 0


def _print(title: str, text: str) -> None:
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console(file=sys.stderr)
    console.print(Rule(title, align="left"))
    console.print(Text(text))
