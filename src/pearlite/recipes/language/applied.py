"""Use a language run again: let it write, fill in what is hidden, or score texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from pearlite.data.documents import find_texts, read_blocks
from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.folders import as_folder, write_text
from pearlite.nets.sample import Sampling
from pearlite.recipes.language.begin import begin
from pearlite.recipes.language.network import Design
from pearlite.recipes.language.scored import score as scores_of
from pearlite.recipes.language.scored import write_scores
from pearlite.recipes.language.write import Manner, Show, write
from pearlite.run import Run
from pearlite.train.device import device_of

if TYPE_CHECKING:
    from pearlite.recipes.language.pretrained import Pretrained

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
        written: ``NAME.txt`` each, or with `score` ``scores.csv`` and ``NAME.html``, each token in
        the colour of its surprise.

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
    folder = run.path / "applied" if out is None else as_folder(out)
    if names:
        folder.mkdir(parents=True, exist_ok=True)
    if score and names:
        return write_scores(learned, dict(zip(names, texts, strict=True)), folder, place)
    found: list[Any]
    if score:
        found = [scores_of(learned, text, place) for text in texts]
    elif design.causal:
        written = write(network, tokeniser, texts, manner, show, learned.begins)
        found = [written[at : at + count] for at in range(0, len(written), count)]
    else:
        found = [[_filled_in(network, design, tokeniser, text, place)] for text in texts]
    if not names:
        plain = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in found]
        return plain if isinstance(new, list | tuple) else plain[0]
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
