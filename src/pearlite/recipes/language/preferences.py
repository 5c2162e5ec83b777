"""Pairs of answers of which people, or a rule, prefer one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pearlite.data.json_lines import read_texts
from pearlite.data.split import Split, split
from pearlite.errors import InputError

FIELDS = {"prompt": "", "chosen": None, "rejected": None}
FEWEST = 30  # groups of pairs, of which a fifth chooses and a tenth tests
FEWEST_PROMPTS = 10  # prompts from which on a prompt is in one part only
EXAMPLE = '{"prompt": "", "chosen": "Fe2O3", "rejected": "Fe2O7"}'


@dataclass(frozen=True)
class Pair:
    """An answer that was preferred to another one.

    Attributes
    ----------
    prompt
        What both answer; it may be empty.
    chosen, rejected
        The answers.
    """

    prompt: str
    chosen: str
    rejected: str


def read_preferences(path: str | Path) -> list[Pair]:
    """Read a ``.jsonl`` file: an object a line, with ``prompt``, ``chosen`` and ``rejected``.

    Empty lines are passed over; a missing prompt is an empty one.

    Raises
    ------
    InputError
        If the file cannot be read or is empty; or a line, which is named by its number, is no such
        object, or prefers an answer to itself.
    """
    pairs = [_pair(where, *texts) for where, texts in read_texts(Path(path), FIELDS)]
    if not pairs:
        raise InputError(f"{path} is empty; give lines such as {EXAMPLE}")
    return pairs


def divide(
    pairs: Sequence[Pair], *, canonical: Callable[[str], str] = str.strip, seed: int = 0
) -> Split:
    """Divide pairs so that no answer, and where there are several no prompt, is in two parts.

    Parameters
    ----------
    pairs
        What is divided; the split holds their numbers.
    canonical
        Writes answers that mean the same the same way.
    seed
        Decides what is left to chance.

    Raises
    ------
    InputError
        If too few pairs have nothing in common with the others.
    """
    keys = [
        [("answer", pair.prompt, canonical(one)) for one in (pair.chosen, pair.rejected)]
        for pair in pairs
    ]
    prompts = {pair.prompt for pair in pairs}
    if len(prompts) >= FEWEST_PROMPTS:
        keys = [
            [*some, ("prompt", pair.prompt, "")] for some, pair in zip(keys, pairs, strict=True)
        ]
    group_N = _linked(keys)
    count = len(np.unique(group_N))
    if count < FEWEST:
        raise InputError(
            f"the {len(pairs)} pairs make {count} groups that share no answer; give pairs for at "
            f"least {FEWEST}, so that some can be withheld"
        )
    return split(len(pairs), group=group_N, seed=seed)


def shuffled(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    """Turn half of the pairs round, at random: a control from which nothing can be learned."""
    turned_N = np.random.default_rng(seed).permutation(len(pairs)) % 2 == 1
    return [
        replace(pair, chosen=pair.rejected, rejected=pair.chosen) if turned else pair
        for pair, turned in zip(pairs, turned_N, strict=True)
    ]


def _pair(where: str, prompt: str, chosen: str, rejected: str) -> Pair:
    if chosen.strip() == rejected.strip():
        raise InputError(
            f"{where} prefers {chosen[:40]!r} to itself; leave the line out, or give two different "
            "answers"
        )
    return Pair(prompt, chosen, rejected)


def _linked(keys: Sequence[Sequence[tuple[str, str, str]]]) -> NDArray[np.int64]:
    """Return a group for each pair; pairs with a key in common are in one."""
    numbers: dict[tuple[str, str, str], int] = {}
    rows = [number for number, some in enumerate(keys) for _ in some]
    columns = [numbers.setdefault(key, len(numbers)) for some in keys for key in some]
    size = len(keys) + len(numbers)
    places = (rows, [len(keys) + column for column in columns])
    links = coo_array((np.ones(len(rows), bool), places), shape=(size, size))
    return connected_components(links, directed=False)[1][: len(keys)].astype(np.int64)
