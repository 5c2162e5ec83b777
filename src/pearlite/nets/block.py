"""The transformer's block: tokens look at one another, then each thinks for itself.

Axes: B batch, T tokens, S tokens of another sequence, D features. A padding is True where a token
is real and False where it only fills a row up.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.attention import MultiHeadAttention
from pearlite.nets.cache import BlockCache, KVCache
from pearlite.nets.dropout import Dropout
from pearlite.nets.mlp import MLP, SwiGLU
from pearlite.nets.norm import EPSILON, LayerNorm, RMSNorm
from pearlite.nets.position import Rotary
from pearlite.nets.skip import Add

NORMS = ("layer", "rms")


class Block(nn.Module):
    """Attention, then a small MLP for each token; each adds to what is there.

    The block of Vaswani et al., arXiv 1706.03762, with what each part reads normalised, instead of
    what it says (Xiong et al., arXiv 2002.04745), so that deep stacks train without warm-up.

    Parameters
    ----------
    width, heads
        Features of a token; attention heads that share them.
    groups, head_norm
        Heads of keys and values; whether the queries and keys of a head are normalised (see
        `MultiHeadAttention`).
    causal
        A token sees itself and those before it only.
    cross
        Between the two parts, look at another sequence, the memory.
    rotary
        Positions enter by rotation of queries and keys (see `pearlite.nets.position`); True, or
        the layer that turns them.
    dropout
        Share of what a part adds, and of the attention, that training leaves out at random.
    norm, epsilon
        ``"layer"`` or ``"rms"``; what it adds to the variance.
    bias
        Whether dense layers and layer norms have biases.
    mlp, mlp_width
        ``"swiglu"`` or the name of an activation; hidden features, None: four times `width`.
    zero_init
        The last layer of each part begins at 0, so that the block changes nothing at first.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there is no such `norm` or `mlp`; when it is called, if a memory is missing or not
        wanted.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        groups: int | None = None,
        head_norm: bool = False,
        causal: bool = False,
        cross: bool = False,
        rotary: bool | Rotary = False,
        dropout: float = 0.0,
        norm: str = "layer",
        epsilon: float = EPSILON,
        bias: bool = True,
        mlp: str = "gelu",
        mlp_width: int | None = None,
        zero_init: bool = False,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        make = partial(make_norm, norm, epsilon=epsilon, bias=bias)

        def look(**options: Any) -> Look:
            attention = MultiHeadAttention(
                width,
                heads,
                groups=groups,
                head_norm=make if head_norm else None,
                dropout=dropout,
                bias=bias,
                zero_init=zero_init,
                generator=generator,
                **options,
            )
            return Look(make(width), attention, dropout)

        self.look = look(causal=causal, rotary=rotary)
        self.cross = look() if cross else None
        hidden = 4 * width if mlp_width is None else mlp_width
        think: SwiGLU | MLP
        if mlp == "swiglu":
            think = SwiGLU(width, hidden, bias=bias, generator=generator)
        else:
            widths = (width, hidden, width)
            think = MLP(widths, activation=mlp, bias=bias, generator=generator)
        if zero_init:
            for parameter in list(think.parameters())[-2 if bias else -1 :]:
                nn.init.zeros_(parameter)
        self.think = Add(nn.Sequential(make(width), think, Dropout(dropout)))

    def forward(
        self,
        x_BTD: Tensor,
        memory_BSD: Tensor | None = None,
        *,
        padding_BT: Tensor | None = None,
        memory_padding_BS: Tensor | None = None,
        cache: BlockCache | None = None,
    ) -> Tensor:
        """Map ``(B, T, width)`` to the same shape; a padding covers what `cache` holds, too."""
        x_BTD = self.look(x_BTD, padding_BS=padding_BT, cache=cache)
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
        cache: BlockCache | None = None,
    ) -> Tensor:
        """Map ``(B, T, width)`` to the same shape; without a context, tokens see one another."""
        seen_BTD = self.attention(self.norm(x_BTD), context_BSD, padding_BS, cache)
        return x_BTD + self.dropout(seen_BTD)


class Blocks(nn.Module):
    """A number of blocks, one after another, normalised in the end; `options` as of `Block`."""

    def __init__(
        self,
        depth: int,
        width: int,
        heads: int,
        *,
        norm: str = "layer",
        epsilon: float = EPSILON,
        bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__()
        options |= {"norm": norm, "epsilon": epsilon, "bias": bias}
        self.blocks = nn.ModuleList(Block(width, heads, **options) for _ in range(depth))
        self.norm = make_norm(norm, width, epsilon=epsilon, bias=bias)

    def forward(
        self,
        x_BTD: Tensor,
        memory_BSD: Tensor | None = None,
        *,
        padding_BT: Tensor | None = None,
        memory_padding_BS: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor:
        """Map ``(B, T, width)`` to the same shape; a padding covers what `cache` holds, too."""
        for number, block in enumerate(self.blocks):
            x_BTD = block(
                x_BTD,
                memory_BSD,
                padding_BT=padding_BT,
                memory_padding_BS=memory_padding_BS,
                cache=None if cache is None else cache.block(number),
            )
        return self.norm(x_BTD)


def make_norm(name: str, width: int, *, epsilon: float = EPSILON, bias: bool = True) -> nn.Module:
    """Return the normalisation of that name for tokens of `width` features."""
    if name not in NORMS:
        raise InputError(f"norm={name!r} must be one of {', '.join(NORMS)}")
    if name == "layer":
        return LayerNorm(width, epsilon=epsilon, bias=bias)
    return RMSNorm(width, epsilon=epsilon)
