"""Instructions: prompts with the answers that they should get, of which only these are learned.

Ouyang et al., Training language models to follow instructions with human feedback, arXiv
2203.02155. Axes: B answers, T tokens.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pearlite.data.batch import moved
from pearlite.data.json_lines import read_texts
from pearlite.data.split import Split, split
from pearlite.data.stream import Stream
from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.recipes.language.answers import Answers, encode
from pearlite.train.objectives import NOTHING

FEWEST = 10  # prompts, so that each part has one


@dataclass(frozen=True)
class Instruction:
    """A prompt and its answer, one right behind the other; the prompt may be empty."""

    prompt: str
    response: str


def holds_instructions(path: Path) -> bool:
    """Whether a file is a ``.jsonl`` whose first object has a ``response``."""
    if path.suffix.lower() != ".jsonl" or not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = next((line for line in file if line.strip()), "")
    try:
        known = json.loads(first)
    except ValueError:
        return False
    return isinstance(known, dict) and "response" in known


def read_instructions(paths: Sequence[Path]) -> list[Instruction]:
    """Read ``.jsonl`` files, each line an object with ``prompt`` and ``response``.

    Raises
    ------
    InputError
        If a line is no such object, or its response is empty; its number is named.
    """
    found = []
    for path in paths:
        for where, texts in read_texts(path, {"prompt": "", "response": None}):
            instruction = Instruction(*texts)
            if not instruction.response.strip():
                raise InputError(
                    f"{where} has an empty response, from which nothing can be learned; leave the "
                    "line out"
                )
            found.append(instruction)
    return found


def divide(instructions: Sequence[Instruction], seed: int) -> Split:
    """Divide instructions so that no prompt is in two parts; without prompts, no response.

    Raises
    ------
    InputError
        If there are too few of them.
    """
    keys = [one.prompt.strip() or one.response.strip() for one in instructions]
    group_N = np.unique(keys, return_inverse=True)[1] if keys else np.empty(0, np.int64)
    count = len(np.unique(group_N))
    if count < FEWEST:
        raise InputError(
            f"the {len(instructions)} instructions have {count} different prompts; give at least "
            f"{FEWEST}, so that some can be withheld"
        )
    return split(len(keys), group=group_N, seed=seed)


def fitting(
    instructions: Sequence[Instruction], tokeniser: Tokeniser, context: int
) -> tuple[list[Instruction], list[str]]:
    """Return the instructions that a network can read, and a sentence on those that it cannot.

    Raises
    ------
    InputError
        If it can read none.
    """
    prompts = tokeniser.encode_all([one.prompt for one in instructions])
    responses = tokeniser.encode_all([one.response for one in instructions])
    rows = [np.concatenate(pair) for pair in zip(prompts, responses, strict=True)]
    long = [len(row) + 2 > context for row in rows]
    strange = [tokeniser.unknown is not None and tokeniser.unknown in row for row in rows]
    kept = [
        one
        for one, too_long, unknown in zip(instructions, long, strange, strict=True)
        if not too_long and not unknown
    ]
    notes = []
    if any(long):
        notes.append(
            f"{sum(long):,} of {len(rows):,} instructions are longer than the context of {context} "
            "tokens, and were left out."
        )
    if any(strange):
        notes.append(
            f"{sum(strange):,} of {len(rows):,} instructions have characters that the vocabulary "
            "lacks, and were left out."
        )
    if not kept:
        raise InputError(
            f"none of the {len(rows)} instructions can be read by the network: "
            f"{' '.join(notes) or 'there is none'}"
        )
    return kept, notes


def as_rows(instructions: Sequence[Instruction], tokeniser: Tokeniser, context: int) -> Answers:
    """Read instructions that fit into rows of tokens."""
    prompts = [one.prompt for one in instructions]
    return encode(prompts, [one.response for one in instructions], tokeniser, context)


def asked(answers: Answers) -> tuple[Tensor, Tensor]:
    """Return what is read, and what is to be said next: `NOTHING` before the answer and after it.

    Returns
    -------
    tokens_BT, targets_BT : Tensor
        int64, a token shorter than the rows.
    """
    answers = answers.trimmed
    targets_BT = answers.tokens_BT.masked_fill(~answers.own_BT, NOTHING)
    return answers.tokens_BT[:, :-1], targets_BT[:, 1:]


class Lessons:
    """Maps the number of a step to answers in batches, every epoch in another random order.

    Parameters
    ----------
    answers
        All of them, on the CPU.
    batch
        Answers a step.
    seed
        Determines the order.
    device
        Where the batches go.

    Attributes
    ----------
    epoch : int
        Steps after which every answer was seen.
    """

    def __init__(
        self, answers: Answers, batch: int, *, seed: int, device: torch.device | None = None
    ) -> None:
        self.answers, self.device = answers, device
        self._stream = Stream(torch.arange(len(answers)), batch, seed=seed)
        self.epoch = self._stream.epoch

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return what is read and what is to be said, int64 ``(B, T)`` both."""
        rows_B = self._stream(step)
        batch = asked(Answers(self.answers.tokens_BT[rows_B], self.answers.own_BT[rows_B]))
        return batch if self.device is None else moved(batch, self.device)
