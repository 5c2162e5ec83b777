"""tiny-shakespeare in characters: nine tenths to learn, a twentieth to choose by, one to judge by.

Axes: N tokens, B rows, T tokens of a window.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

CONTEXT = 64
Logits = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Text:
    """Tokens of the parts; the last two are nanoGPT's validation part, cut in half."""

    train_N: Tensor
    validation_N: Tensor
    test_N: Tensor
    vocabulary: int

    def starts(self, rows: int, seed: int) -> Tensor:
        """Draw where the windows of a batch begin, int64 ``(B,)``."""
        generator = torch.Generator().manual_seed(seed)
        return torch.randint(len(self.train_N) - CONTEXT, (rows,), generator=generator)


def read(path: Path) -> Text:
    """Read the text and cut it as nanoGPT does."""
    text = path.read_text()
    letters = {letter: number for number, letter in enumerate(sorted(set(text)))}
    tokens_N = torch.tensor([letters[letter] for letter in text])
    cut = int(0.9 * len(tokens_N))
    middle = cut + (len(tokens_N) - cut) // 2
    return Text(tokens_N[:cut], tokens_N[cut:middle], tokens_N[middle:], len(letters))


@torch.inference_mode()
def loss(logits: Logits, tokens_N: Tensor) -> float:
    """Return the mean cross-entropy over windows of 64 that do not overlap, in nats a character."""
    count = (len(tokens_N) - 1) // CONTEXT
    x_BT = tokens_N[: count * CONTEXT].view(count, CONTEXT)
    y_BT = tokens_N[1 : count * CONTEXT + 1].view(count, CONTEXT)
    total = 0.0
    for x, y in zip(x_BT.split(128), y_BT.split(128), strict=True):
        summed = F.cross_entropy(logits(x).flatten(0, 1), y.flatten(), reduction="sum")
        total += summed.item()
    return total / y_BT.numel()
