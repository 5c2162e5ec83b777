"""Tokens of many documents, one after another in a file, and windows of them for training.

Axes: N tokens, P passages, B batch, T tokens of a window.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.data.disk import replacing
from pearlite.data.documents import Passage
from pearlite.data.stream import Stream
from pearlite.data.tokens import Tokeniser
from pearlite.errors import InputError
from pearlite.folders import read_json, write_json
from pearlite.seeds import derived_seed

TOKENS, PASSAGES, ABOUT = "tokens.bin", "passages.npy", "about.json"
_TOGETHER = 256  # passages that are encoded at a time


@dataclass(frozen=True)
class Packed:
    """Tokens on disk, of which only what is asked for is read.

    Attributes
    ----------
    folder : Path
        Where they lie.
    unknown : int
        How many are the token of what the vocabulary lacks.
    inexact : int
        Passages that the tokeniser does not give back as they were.
    """

    folder: Path
    unknown: int
    inexact: int

    @classmethod
    def open(cls, folder: Path) -> "Packed":
        """Open what `pack` wrote.

        Raises
        ------
        InputError
            If it is missing or damaged.
        """
        about = read_json(folder / ABOUT)
        return cls(folder, about["unknown"], about["inexact"])

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def tokens(self) -> NDArray[np.unsignedinteger]:
        """All tokens, ``(N,)``, mapped from the file."""
        about = read_json(self.folder / ABOUT)
        if not about["tokens"]:
            return np.empty(0, about["dtype"])
        return np.memmap(self.folder / TOKENS, about["dtype"], "r", shape=(about["tokens"],))

    @cached_property
    def _passages_P3(self) -> NDArray[np.int64]:
        return np.load(self.folder / PASSAGES)

    @property
    def ends(self) -> NDArray[np.int64]:
        """Where each passage ends among the tokens, ``(P,)``."""
        return self._passages_P3[:, 0]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Bytes of UTF-8 of each passage, ``(P,)``."""
        return self._passages_P3[:, 1]

    @property
    def documents(self) -> NDArray[np.int64]:
        """Number of the document of each passage, ``(P,)``."""
        return self._passages_P3[:, 2]

    def windows(self, starts_B: NDArray[np.int64], length: int) -> Tensor:
        """Return the tokens from some places on, int64 ``(B, length)``."""
        read_BT = self.tokens[starts_B[:, None] + np.arange(length)]
        return torch.from_numpy(read_BT.astype(np.int64))

    def spread(self, context: int, most: int) -> tuple[Tensor, Tensor]:
        """Return windows that lie at equal distances, and what follows each of their tokens.

        Parameters
        ----------
        context
            Length of a window; shorter where there are fewer tokens.
        most
            Windows at most; those there are do not overlap.

        Returns
        -------
        tokens_BT, next_BT : Tensor
            int64.

        Raises
        ------
        InputError
            If there are less than two tokens.
        """
        if len(self) < 2:
            raise InputError(f"a withheld part has {len(self)} tokens; give more text")
        length = min(context, len(self) - 1)
        count = min(most, (len(self) - 1) // length)
        starts_B = np.linspace(0, len(self) - 1 - length, count).astype(np.int64)
        read_BT = self.windows(starts_B, length + 1)
        return read_BT[:, :-1], read_BT[:, 1:]


def pack(passages: Iterable[Passage], tokeniser: Tokeniser, folder: Path) -> Packed:
    """Write the tokens of passages into a new folder, each document followed by its end.

    Memory is bounded whatever their number; the folder appears whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    dtype = np.dtype(np.uint16 if len(tokeniser) <= 2**16 else np.uint32)
    rows: list[tuple[int, int, int]] = []
    count = unknown = inexact = 0
    with replacing(folder) as hidden:
        hidden.mkdir()
        with (hidden / TOKENS).open("wb") as file:
            waiting = iter(passages)
            while some := list(islice(waiting, _TOGETHER)):
                encoded = tokeniser.encode_all([passage.text for passage in some])
                for passage, tokens in zip(some, encoded, strict=True):
                    unknown += int(np.count_nonzero(tokens == tokeniser.unknown))
                    inexact += tokeniser.decode(tokens) != passage.text
                    ended = [*tokens, tokeniser.end] if passage.last else tokens
                    file.write(np.asarray(ended, dtype).tobytes())
                    count += len(ended)
                    rows.append((count, len(passage.text.encode()), passage.document))
        np.save(hidden / PASSAGES, np.array(rows, np.int64).reshape(-1, 3))
        about = {"tokens": count, "dtype": dtype.str, "unknown": unknown, "inexact": inexact}
        write_json(hidden / ABOUT, about)
    return Packed.open(folder)


class Windows:
    """Maps the number of a step to windows of tokens, each with the tokens that follow them.

    An epoch goes through windows that lie side by side, in a random order, as `Stream` does; every
    epoch begins them at another place. All is a function of the seed and the step.

    Parameters
    ----------
    packed
        Where they are taken from.
    context
        Length of a window, T.
    batch
        Windows a step.
    seed
        Determines places and order.
    device
        Where the batches go.

    Attributes
    ----------
    epoch : int
        Steps after which every token was seen.

    Raises
    ------
    InputError
        If there are fewer tokens than a window needs.
    """

    def __init__(
        self,
        packed: Packed,
        context: int,
        batch: int,
        *,
        seed: int,
        device: str | torch.device | None = None,
    ) -> None:
        if len(packed) <= context:
            raise InputError(
                f"the text for training has {len(packed):,} tokens, too few for a context of "
                f"{context:,}; give more text or a shorter --context"
            )
        self.packed, self.context, self.seed, self.device = packed, context, seed, device
        self._slack = min(context, len(packed) - context)
        places = (len(packed) - self._slack) // context
        self._stream = Stream(torch.arange(places), batch, seed=seed)
        self.epoch = self._stream.epoch

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return windows and what follows each of their tokens, int64 ``(B, T)`` both."""
        epoch = step * self._stream.batch // self._stream.count
        generator = np.random.default_rng(derived_seed(self.seed, 1, epoch))
        first = int(generator.integers(self._slack))
        starts_B = first + self.context * self._stream(step).numpy()
        read_BT = self.packed.windows(starts_B, self.context + 1).to(self.device)
        return read_BT[:, :-1], read_BT[:, 1:]
