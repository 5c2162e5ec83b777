"""What texts cost a network: numbers, and a page on which every token has its colour."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.folders import write_text
from pearlite.judge.text import BITS_PER_BYTE, PERPLEXITY
from pearlite.recipes.language.begin import Beginning
from pearlite.recipes.language.coloured import SAID, coloured
from pearlite.recipes.language.inside import surprises
from pearlite.recipes.language.measure import token_costs
from pearlite.recipes.language.write import opening
from pearlite.see import page
from pearlite.see.html import tag

SCORES = "scores.csv"
COLOURED = 5_000  # tokens of a page, at most

Scores = dict[str, float]


def score(learned: Beginning, text: str, device: torch.device) -> Scores:
    """Return bits per byte, perplexity, tokens and bytes of a text.

    Raises
    ------
    InputError
        If the text is empty, or the network predicts hidden tokens.
    """
    if not learned.design.causal:
        raise InputError(
            "a network of hidden tokens gives a text no probability; score with a causal run"
        )
    if not text:
        raise InputError("an empty text cannot be scored; give some characters")
    tokens_T = _tokens(learned, text)
    cost = token_costs(learned.network, tokens_T, learned.design.context, device).sum()
    size, count = len(text.encode()), len(tokens_T) - 1
    return {
        BITS_PER_BYTE.name: BITS_PER_BYTE([size], [cost]),
        PERPLEXITY.name: PERPLEXITY([count], [cost]),
        "tokens": count,
        "bytes": size,
    }


def write_scores(
    learned: Beginning, texts: dict[str, str], folder: Path, device: torch.device
) -> list[Path]:
    """Score texts by name; write a table of all, and a coloured page of each."""
    found = {name: score(learned, text, device) for name, text in texts.items()}
    table = pd.DataFrame([{"file": name, **one} for name, one in found.items()])
    pages = [
        write_text(folder / f"{name}.html", _page(learned, name, text, found[name]))
        for name, text in texts.items()
    ]
    return [write_text(folder / SCORES, table.to_csv(index=False)), *pages]


def _page(learned: Beginning, name: str, text: str, scores: Scores) -> str:
    tokens_T = _tokens(learned, text)[: COLOURED + 1]
    tokens = surprises(learned.network, learned.design, learned.tokeniser, tokens_T)[1:]
    bits, perplexity = scores[BITS_PER_BYTE.name], scores[PERPLEXITY.name]
    said = f"{bits:.4g} bits per byte, perplexity {perplexity:.4g}, {scores['tokens']:,} tokens"
    cut = scores["tokens"] > COLOURED
    return page.page(
        f"{name}, token by token",
        said,
        page.section(
            f"Its first {COLOURED:,} tokens" if cut else "",
            coloured(tokens),
            tag("p", SAID, class_="subtitle"),
        ),
    )


def _tokens(learned: Beginning, text: str) -> NDArray[np.int64]:
    """Return the tokens of a text, after the one that a text goes on from."""
    before = opening(learned.tokeniser, learned.begins)[-1:]
    return np.array([*before, *learned.tokeniser.encode(text)])
