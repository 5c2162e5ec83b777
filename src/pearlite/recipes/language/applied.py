"""Use a language run again: let it write, fill in what is hidden, or score texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from pearlite.data.documents import find_texts, read_blocks
from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.folders import as_folder, write_text
from pearlite.judge.text import BITS_PER_BYTE, PERPLEXITY
from pearlite.nets.sample import Sampling
from pearlite.recipes.language.begin import Beginning, begin
from pearlite.recipes.language.measure import token_costs
from pearlite.recipes.language.network import Design
from pearlite.recipes.language.write import Manner, Show, opening, write
from pearlite.run import Run
from pearlite.train.device import device_of

if TYPE_CHECKING:
    from pearlite.recipes.language.pretrained import Pretrained

SCORES = "scores.csv"
HIDDEN = "<|mask|>"  # what stands in a text for a token that is to be filled in


def apply(
    run: "Run | Pretrained",
    new: Any,
    out: str | Path | None = None,
    *,
    tokens: int = 200,
    temperature: float = 0.8,
    top_k: int | None = None,
    top_p: float = 1.0,
    repetition: float = 1.0,
    stop: Sequence[str] = (),
    count: int = 1,
    score: bool = False,
    seed: int = 0,
    device: str = "auto",
    show: Show | None = None,
    progress: bool = False,
) -> Any:
    """Continue texts; of a masked run, fill in what is hidden in them; or score them.

    Parameters
    ----------
    run
        A finished run, or a Hugging Face folder that was opened.
    new
        A text, or `Path` of a file of text or a folder of them, or a list of either.
    out
        Folder for the results of files; ``None`` means ``applied/`` inside the run.
    tokens
        Most tokens that are added.
    temperature, top_k, top_p, repetition
        How each is drawn; see `pearlite.nets.sample.Sampling`.
    stop
        Texts that end the writing, which ends before them.
    count
        Texts of each prompt.
    score
        Measure what the texts cost the network instead, as on the withheld text.
    seed
        Determines what is drawn.
    device
        Where to compute.
    show
        Called with each piece of a single text as it comes.
    progress
        Unused: a text shows itself as it comes.

    Returns
    -------
    str, dict, Path, or a list of them
        Of a text, itself and what was added, a list where `count` is above 1; with `score` its
        ``bits_per_byte``, ``perplexity``, ``tokens`` and ``bytes``. Of files, the files that were
        written: ``NAME.txt`` each, or with `score` ``scores.csv``.

    Raises
    ------
    InputError
        If a text has characters that the vocabulary lacks, or an option is wrong.
    """
    manner = Manner(
        tokens,
        Sampling(temperature, top_k, top_p, repetition),
        (stop,) if isinstance(stop, str) else tuple(stop),
        count,
        seed,
    )
    place = device_of(device)
    learned = begin(run.path)
    network, design, tokeniser = learned.network.to(place), learned.design, learned.tokeniser
    listed = list(new) if isinstance(new, list | tuple) else [new]
    if not listed:
        raise InputError("give a text to go on from, or a file of text")
    texts, names = _read(listed)
    found: list[Any]
    if score:
        found = [_scores(learned, text, place) for text in texts]
    elif design.causal:
        written = write(network, tokeniser, texts, manner, show, learned.begins)
        found = [written[at : at + count] for at in range(0, len(written), count)]
    else:
        found = [[_filled_in(network, design, tokeniser, text, place)] for text in texts]
    if not names:
        plain = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in found]
        return plain if isinstance(new, list | tuple) else plain[0]
    folder = run.path / "applied" if out is None else as_folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    if score:
        head = ("file", *found[0])
        lines = [(name, *one.values()) for name, one in zip(names, found, strict=True)]
        rows = [",".join(map(str, row)) for row in (head, *lines)]
        return [write_text(folder / SCORES, "\n".join(rows) + "\n")]
    return [
        write_text(folder / f"{name}.txt", "\f".join(one))
        for name, one in zip(names, found, strict=True)
    ]


def _read(listed: list[Any]) -> tuple[list[str], list[str]]:
    """Return texts, and a name for each where they come from files."""
    if all(isinstance(one, str) for one in listed):
        return listed, []
    if not all(isinstance(one, Path) for one in listed):
        raise InputError("give texts or paths of files, not both at once")
    files = [file for one in listed for file in find_texts(one)]
    stems = [file.stem for file in files]
    names = [
        stem if stems.index(stem) == number else f"{stem}-{number + 1}"
        for number, stem in enumerate(stems)
    ]
    return ["".join(read_blocks(file)) for file in files], names


def _scores(learned: Beginning, text: str, place: torch.device) -> dict[str, float]:
    if not learned.design.causal:
        raise InputError(
            "a network of hidden tokens gives a text no probability; score with a causal run"
        )
    if not text:
        raise InputError("an empty text cannot be scored; give some characters")
    before = opening(learned.tokeniser, learned.begins)
    tokens_T = np.array([*before, *learned.tokeniser.encode(text)])
    cost = token_costs(learned.network, tokens_T, learned.design.context, place).sum()
    size = len(text.encode())
    return {
        "bits_per_byte": BITS_PER_BYTE([size], [cost]),
        "perplexity": PERPLEXITY([len(tokens_T) - 1], [cost]),
        "tokens": len(tokens_T) - 1,
        "bytes": size,
    }


@torch.inference_mode()
def _filled_in(
    network: nn.Module, design: Design, tokeniser: Tokeniser, text: str, place: torch.device
) -> str:
    """Return the text with the likeliest tokens where something is hidden."""
    known = [tokeniser.encode(part).tolist() for part in text.split(HIDDEN)]
    if len(known) == 1:
        raise InputError(f"nothing is hidden in the text; write {HIDDEN} for each hidden token")
    tokens = [token for part in known for token in (tokeniser.mask, *part)][1:]
    if len(tokens) > design.context:
        raise InputError(
            f"the text has {len(tokens)} tokens, the network sees {design.context}; give a shorter"
        )
    seen_T = torch.tensor(tokens)
    likely_T = network(seen_T[None].to(place))[0].argmax(-1).cpu()
    return tokeniser.decode(torch.where(seen_T == tokeniser.mask, likely_T, seen_T).tolist())
