"""What a network finds surprising in a withheld text, and where its tokens look.

Axes: T tokens, V vocabulary, L layers, H heads.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pearlite.data.disk import replacing
from pearlite.data.tokens import Tokeniser
from pearlite.recipes.language.corpus import Corpus
from pearlite.recipes.language.network import Design
from pearlite.see.attention import attention_maps
from pearlite.see.style import panels, styled

READ = 600  # tokens of the withheld text that are coloured, at most
SENTENCE = 32  # tokens whose attention is drawn, at most
BRIGHT = 0.5  # share of a token's attention that is drawn brightest
MOST = 8  # layers and heads that are drawn


def surprise_of(network: nn.Module, design: Design, corpus: Corpus) -> list[dict[str, Any]]:
    """Return the beginning of the test part token by token; see `surprises`."""
    return surprises(network, design, corpus.tokeniser, _beginning(corpus, READ))


def surprises(
    network: nn.Module, design: Design, tokeniser: Tokeniser, tokens_T: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Return a text token by token.

    Returns
    -------
    list of dict
        ``text``, ``bits`` (how much less likely than sure it was; None for the first token, before
        which there is nothing), and ``expected``, the likeliest token there. A network of hidden
        tokens has each token hidden in turn.
    """
    if design.causal:
        chosen_TV = _next(network, design.context, tokens_T)
    else:
        chosen_TV = _hidden(network, design.context, tokeniser.mask, tokens_T)
    alphabet = tokeniser.alphabet
    first = len(tokens_T) - len(chosen_TV)
    rows: list[dict[str, Any]] = [
        {"text": alphabet[token], "bits": None, "expected": ""} for token in tokens_T[:first]
    ]
    for token, chosen_V in zip(tokens_T[first:], chosen_TV, strict=True):
        bits = -float(chosen_V[token]) / math.log(2)
        expected = alphabet[int(chosen_V.argmax())]
        rows.append({"text": alphabet[token], "bits": round(bits, 3), "expected": expected})
    return rows


def attention_of(network: nn.Module, corpus: Corpus, context: int) -> tuple[list[str], Tensor]:
    """Return the first tokens of the test part, and how they look at each other, (L, H, T, T)."""
    tokens_T = _beginning(corpus, min(SENTENCE, context))
    place = next(network.parameters()).device
    maps = attention_maps(network, torch.from_numpy(tokens_T)[None].to(place))
    alphabet = corpus.tokeniser.alphabet
    return [alphabet[token] for token in tokens_T], torch.cat(list(maps.values())).cpu()


@styled
def draw_attention(words: list[str], maps_LHTT: Tensor, path: Path) -> None:
    """Draw how tokens look at each other: the last layer large and named, all heads small."""
    layers, heads = min(MOST, len(maps_LHTT)), min(MOST, maps_LHTT.shape[1])
    figure, [[large, rest]] = panels(1, 2, size=(11, 5.2), width_ratios=(1.05, 1))
    large.imshow(maps_LHTT[-1].mean(0).numpy(), vmin=0, vmax=BRIGHT)
    named = [word.replace("\n", "⏎").replace(" ", "␣").replace("\t", "⇥") for word in words]
    large.set_xticks(range(len(words)), named, rotation=90 if max(map(len, named)) > 1 else 0)
    large.set_yticks(range(len(words)), named)
    large.tick_params(labelsize=7, length=0)
    large.set_title("The last layer, mean of its heads")
    rest.set_axis_off()
    rest.set_title("Every head: a row a layer, the first on top")
    for layer in range(layers):
        for head in range(heads):
            width, height = 1 / heads, 1 / layers
            inset = rest.inset_axes(
                (head * width, 1 - (layer + 1) * height, 0.94 * width, 0.94 * height)
            )
            inset.imshow(maps_LHTT[layer - layers, head].numpy(), vmin=0, vmax=BRIGHT)
            inset.set_axis_off()
    with replacing(path) as hidden:
        figure.savefig(hidden, format="png")


def _beginning(corpus: Corpus, count: int) -> NDArray[np.int64]:
    """Return the first tokens of the test part, from its first whole line on if that is near."""
    read = np.asarray(corpus.test.tokens[: 2 * count]).astype(np.int64)
    alphabet = corpus.tokeniser.alphabet
    lines = [place for place, token in enumerate(read[:-count]) if "\n" in alphabet[token]]
    start = lines[0] + 1 if lines else 0
    return read[start : start + count]


@torch.inference_mode()
def _next(network: nn.Module, context: int, tokens_T: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the logarithm of each probability at the second and all later tokens, ``(T - 1, V)``.

    Windows overlap by half.
    """
    place, half = next(network.parameters()).device, max(1, context // 2)
    rows: list[Tensor] = []
    count = len(tokens_T) - 1
    while len(rows) < count:
        start = max(0, len(rows) - half)
        seen_T = torch.from_numpy(tokens_T[start : min(count, start + context)])
        logits_TV = network(seen_T[None].to(place))[0].cpu()
        rows += list(logits_TV.log_softmax(-1)[len(rows) - start :])
    return torch.stack(rows).numpy()


@torch.inference_mode()
def _hidden(
    network: nn.Module, context: int, mask: int, tokens_T: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the logarithm of each probability at every token, while it is hidden, ``(T, V)``."""
    place, rows = next(network.parameters()).device, []
    for start in range(0, len(tokens_T), context):
        window_T = torch.from_numpy(tokens_T[start : start + context])
        seen_TT = window_T.repeat(len(window_T), 1).fill_diagonal_(mask)
        logits_TTV = network(seen_TT.to(place)).cpu()
        rows.append(logits_TTV.diagonal(dim1=0, dim2=1).mT.log_softmax(-1))
    return torch.cat(rows).numpy()
