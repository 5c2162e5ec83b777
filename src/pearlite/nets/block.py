"""The transformer's block: tokens look at one another, then each thinks for itself.

Axes: B batch, T tokens, S tokens of another sequence, D features. A padding is True where a token
is real and False where it only fills a row up.
"""

from typing import Any

import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.attention import MultiHeadAttention
from pearlite.nets.dropout import Dropout
from pearlite.nets.mlp import MLP
from pearlite.nets.norm import LayerNorm, RMSNorm
from pearlite.nets.skip import Add

NORMS = {"layer": LayerNorm, "rms": RMSNorm}


class Block(nn.Module):
    """Attention, then a small MLP for each token; each adds to what is there.

    The block of Vaswani et al., arXiv 1706.03762, with what each part reads normalised, instead of
    what it says (Xiong et al., arXiv 2002.04745), so that deep stacks train without warm-up.

    Parameters
    ----------
    width, heads
        Features of a token; attention heads that share them.
    causal
        A token sees itself and those before it only.
    cross
        Between the two parts, look at another sequence, the memory.
    rotary
        Positions enter by rotation of queries and keys (see `pearlite.nets.position`).
    dropout
        Share of what a part adds, and of the attention, that training leaves out at random.
    norm
        ``"layer"`` or ``"rms"``.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there is no such `norm`; when it is called, if a memory is missing or not wanted.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        causal: bool = False,
        cross: bool = False,
        rotary: bool = False,
        dropout: float = 0.0,
        norm: str = "layer",
        generator: torch.Generator,
    ) -> None:
        super().__init__()

        def look(**options: bool) -> Look:
            attention = MultiHeadAttention(
                width, heads, dropout=dropout, generator=generator, **options
            )
            return Look(make_norm(norm, width), attention, dropout)

        self.look = look(causal=causal, rotary=rotary)
        self.cross = look() if cross else None
        think = MLP((width, 4 * width, width), activation="gelu", generator=generator)
        self.think = Add(nn.Sequential(make_norm(norm, width), think, Dropout(dropout)))

    def forward(
        self,
        x_BTD: Tensor,
        memory_BSD: Tensor | None = None,
        *,
        padding_BT: Tensor | None = None,
        memory_padding_BS: Tensor | None = None,
    ) -> Tensor:
        """Map ``(B, T, width)`` to the same shape."""
        x_BTD = self.look(x_BTD, padding_BS=padding_BT)
        if self.cross is not None:
            if memory_BSD is None:
                raise InputError("a block with cross=True looks at a memory; give memory_BSD")
            x_BTD = self.cross(x_BTD, memory_BSD, memory_padding_BS)
        elif memory_BSD is not None:
            raise InputError("a memory was given to a block without cross=True; build it with that")
        return self.think(x_BTD)


class Look(nn.Module):
    """Add what attention sees in the normalised tokens."""

    def __init__(self, norm: nn.Module, attention: MultiHeadAttention, dropout: float) -> None:
        super().__init__()
        self.norm, self.attention, self.dropout = norm, attention, Dropout(dropout)

    def forward(
        self,
        x_BTD: Tensor,
        context_BSD: Tensor | None = None,
        padding_BS: Tensor | None = None,
    ) -> Tensor:
        """Map ``(B, T, width)`` to the same shape; without a context, tokens see one another."""
        return x_BTD + self.dropout(self.attention(self.norm(x_BTD), context_BSD, padding_BS))


class Blocks(nn.Module):
    """A number of blocks, one after another, normalised in the end; `options` as of `Block`."""

    def __init__(self, depth: int, width: int, heads: int, *, norm: str = "layer", **options: Any):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, norm=norm, **options) for _ in range(depth))
        self.norm = make_norm(norm, width)

    def forward(
        self,
        x_BTD: Tensor,
        memory_BSD: Tensor | None = None,
        *,
        padding_BT: Tensor | None = None,
        memory_padding_BS: Tensor | None = None,
    ) -> Tensor:
        """Map ``(B, T, width)`` to the same shape."""
        for block in self.blocks:
            x_BTD = block(
                x_BTD, memory_BSD, padding_BT=padding_BT, memory_padding_BS=memory_padding_BS
            )
        return self.norm(x_BTD)


def make_norm(name: str, width: int) -> nn.Module:
    """Return the normalisation of that name for tokens of `width` features."""
    if name not in NORMS:
        raise InputError(f"norm={name!r} must be one of {', '.join(NORMS)}")
    return NORMS[name](width)
