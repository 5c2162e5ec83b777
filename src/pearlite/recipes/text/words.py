"""The words that decided: in single test texts, and for each class in many texts.

Axes: N texts, W words of a text, K classes.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.goal import Truth
from pearlite.recipes.text.fitted import Answer, Fitted
from pearlite.recipes.text.linear import Linear
from pearlite.recipes.text.span import spans

SHOWN = 3  # texts of each kind
LONGEST = 200  # words of a text that are weighed
WEIGHED = {True: 200, False: 16}  # texts for the table: a network answers a text for every word
STRONGEST = 12  # words of a class
FEWEST = 2  # texts that hold a word of the table
_EDGES = ".,;:!?()[]{}\"'«»“”‘’"


def shown_texts(
    fitted: Fitted, texts: Sequence[str], truth: Truth, said: Answer
) -> list[dict[str, Any]]:
    """Choose telling texts, and weigh their words.

    Of classes the surest right, the surest wrong and the least sure; of numbers those whose answer
    is nearest to the truth and farthest from it.

    Returns
    -------
    list of dict
        ``kind``, ``row`` among the texts, ``text``, ``truth``, ``prediction``, ``share`` and
        ``words``: begin, end and worth of each, for the class that was predicted.
    """
    found = []
    for kind, rows in _telling(truth, said).items():
        for row in rows.tolist():
            text = _cut(texts[int(row)])
            value = said.values[row]
            column = 0 if said.shares is None else int(value)
            worth_W = fitted.model.weigh(text)[:, column]
            classes = truth.classes
            found.append(
                {
                    "kind": kind,
                    "row": row,
                    "text": text,
                    "cut": len(text) < len(texts[row]),
                    "truth": classes[truth.values[row]] if classes else truth.values[row],
                    "prediction": classes[value] if classes else value,
                    "share": None if said.shares is None else said.shares[row, column],
                    "words": [(*at, w) for at, w in zip(spans(text), worth_W, strict=True)],
                }
            )
    return found


def strongest(fitted: Fitted, texts: Sequence[str], seed: int) -> dict[str, list[dict[str, Any]]]:
    """Return the words that, on average over texts that hold them, add most to each class.

    Parameters
    ----------
    fitted
        A model.
    texts
        Of which some are weighed; best those of the validation part.
    seed
        Decides which.

    Returns
    -------
    dict
        By class, or ``"more"`` and ``"less"`` of a number, words with their mean worth and in how
        many texts they stand, the strongest first.
    """
    most = WEIGHED[isinstance(fitted.model, Linear)]
    rows = np.random.default_rng(seed).permutation(len(texts))[:most]
    sides = {str(name): (k, 1.0) for k, name in enumerate(fitted.classes)}
    sides = sides or {"more": (0, 1.0), "less": (0, -1.0)}
    worth: dict[str, dict[str, list[float]]] = {side: defaultdict(list) for side in sides}
    for row in rows.tolist():
        text = _cut(texts[int(row)])
        words_WK = fitted.model.weigh(text)
        held: dict[str, NDArray[np.float64]] = {}
        for (begin, end), worth_K in zip(spans(text), words_WK, strict=True):
            word = text[begin:end].strip(_EDGES).casefold()
            held[word] = held.get(word, 0.0) + worth_K
        for word, worth_K in held.items():
            for side, (column, sign) in sides.items():
                worth[side][word].append(sign * float(worth_K[column]))
    return {side: _ranked(words) for side, words in worth.items()}


def _ranked(worth: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Return the words that add most in all, of those that are in some texts."""
    whole = {word: sum(all_) for word, all_ in worth.items() if word and len(all_) >= FEWEST}
    ranked = sorted((word for word in whole if whole[word] > 0), key=lambda word: -whole[word])
    return [
        {"word": word, "worth": float(np.mean(worth[word])), "texts": len(worth[word])}
        for word in ranked[:STRONGEST]
    ]


def _telling(truth: Truth, said: Answer) -> dict[str, NDArray[np.int64]]:
    if said.shares is None:
        order = np.argsort(np.abs(said.values - truth.values), kind="stable")
        return {"nearest": order[:SHOWN], "farthest off": order[::-1][:SHOWN]}
    sure = said.shares.max(1)
    right = said.values == truth.values
    order = np.argsort(-sure, kind="stable")
    return {
        "surest right": order[right[order]][:SHOWN],
        "surest wrong": order[~right[order]][:SHOWN],
        "least sure": order[::-1][:SHOWN],
    }


def _cut(text: str) -> str:
    places = spans(text)
    return text if len(places) <= LONGEST else text[: places[LONGEST - 1][1]]
