"""Every token looks at the others and takes from each as much as it resembles what is sought.

Vaswani et al., Attention Is All You Need, NeurIPS 2017. Axes: B batch, H heads, T positions that
look, S positions that are looked at, D width (of a head in the functions, of a token in the layer),
G heads of keys and values where they are fewer.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.cache import BlockCache
from pearlite.nets.dense import Dense
from pearlite.nets.position import Rotary

LONGEST_MAP = 512  # positions: of longer rows the maps would take too much memory
MakeNorm = Callable[[int], nn.Module]
NO_PLACE = "a context has no place on the axis of a rotary layer: leave out one of the two"


def scaled_dot_product(
    q_BHTD: Tensor,
    k_BHSD: Tensor,
    v_BHSD: Tensor,
    *,
    causal: bool = False,
    mask: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """softmax(Q Kᵀ / √D) V, by the kernel in which torch fuses it, without storing the map.

    Where that is slow, to learn in bfloat16 on a CPU, the map is made after all.

    Parameters
    ----------
    q_BHTD, k_BHSD, v_BHSD
        Queries, keys and values; the width of the values is free.
    causal
        Nothing looks ahead: the T queries are the last of the S positions, and query t looks at
        the positions up to S - T + t.
    mask
        bool, True where a query may look, broadcast to ``(B, H, T, S)``. A query that may look
        nowhere gets zeros.
    dropout
        Share of the map that is set to 0, from torch's global generator.

    Returns
    -------
    Tensor
        ``(B, H, T, width of the values)``.

    Raises
    ------
    InputError
        The mask is not bool.
    """
    causal = causal and q_BHTD.shape[-2] > 1  # a single query is the last of the positions
    if _slow_when_fused(q_BHTD):
        map_BHTS = attention_map(q_BHTD, k_BHSD, causal=causal, mask=mask)
        return F.dropout(map_BHTS, dropout, dropout > 0) @ v_BHSD
    if mask is None and (not causal or q_BHTD.shape[-2] == k_BHSD.shape[-2]):
        return F.scaled_dot_product_attention(
            q_BHTD, k_BHSD, v_BHSD, dropout_p=dropout, is_causal=causal
        )
    allowed = _allowed(q_BHTD, k_BHSD, causal, mask)
    blind = ~allowed.any(-1, keepdim=True)
    y_BHTD = F.scaled_dot_product_attention(
        q_BHTD, k_BHSD, v_BHSD, attn_mask=allowed | blind, dropout_p=dropout
    )
    return y_BHTD.masked_fill(blind, 0)


def attention_map(
    q_BHTD: Tensor, k_BHSD: Tensor, *, causal: bool = False, mask: Tensor | None = None
) -> Tensor:
    """softmax(Q Kᵀ / √D): how much each query takes from each position.

    Parameters
    ----------
    q_BHTD, k_BHSD, causal, mask
        As in `scaled_dot_product`.

    Returns
    -------
    Tensor
        ``(B, H, T, S)``; rows sum to 1, or are zeros where a query may look nowhere.

    Raises
    ------
    InputError
        The mask is not bool.
    """
    scores_BHTS = (q_BHTD @ k_BHSD.mT) * q_BHTD.shape[-1] ** -0.5
    if mask is None and not causal:
        return scores_BHTS.softmax(-1)
    T, S = scores_BHTS.shape[-2:]
    if mask is None and T <= S:
        ahead_TS = torch.full((T, S), -math.inf, device=q_BHTD.device).triu(S - T + 1)
        return (scores_BHTS + ahead_TS.to(scores_BHTS.dtype)).softmax(-1)
    forbidden = ~_allowed(q_BHTD, k_BHSD, causal, mask)
    lowest = torch.finfo(scores_BHTS.dtype).min
    return scores_BHTS.masked_fill(forbidden, lowest).softmax(-1).masked_fill(forbidden, 0)


def _slow_when_fused(q_BHTD: Tensor) -> bool:
    """Whether torch's fused kernel would take long for the gradient.

    In bfloat16 on a CPU with AMX, forth and back for a batch of 12 with 4 heads of width 32 and 64
    positions took 10.1 ms fused, 1.9 ms not (torch 2.13, one thread).
    """
    learns = torch.is_grad_enabled() and q_BHTD.requires_grad
    is_short = q_BHTD.shape[-2] <= LONGEST_MAP
    return learns and is_short and q_BHTD.dtype == torch.bfloat16 and q_BHTD.device.type == "cpu"


def _allowed(q_BHTD: Tensor, k_BHSD: Tensor, causal: bool, mask: Tensor | None) -> Tensor:
    """Return True where a query may look, broadcastable to ``(B, H, T, S)``."""
    if mask is not None and mask.dtype != torch.bool:
        raise InputError(
            f"the mask holds {mask.dtype}: give bool, True where one may look, as by mask != 0"
        )
    T, S = q_BHTD.shape[-2], k_BHSD.shape[-2]
    allowed = torch.ones(T, S, dtype=torch.bool, device=q_BHTD.device)
    if causal:
        allowed = allowed.tril(S - T)
    return allowed if mask is None else allowed & mask


class MultiHeadAttention(nn.Module):
    """Attention by several heads side by side, each on its own part of the width.

    Queries are made from `x`; keys and values from `x` as well (self-attention) or from a context
    (cross-attention).

    Parameters
    ----------
    width
        Length of a token.
    heads
        Number of heads; divides `width`.
    groups
        Heads of keys and values, shared by ``heads / groups`` heads of queries each (Ainslie et
        al., GQA, arXiv 2305.13245); None: as many as `heads`.
    context_width
        Length of a token of the context; None: as `width`.
    causal
        No token looks at a later one.
    rotary
        Queries and keys are turned by their positions; self-attention only. True, or the layer
        that turns them.
    head_norm
        Makes the layers that normalise each head of queries and keys from its width (Henry et
        al., Query-key normalization, arXiv 2010.04245); None: they stay as they are.
    dropout
        Share of the attention map that is set to 0 in training, as in `Dropout`.
    bias
        Whether the four dense layers have biases.
    zero_init
        The last dense layer begins at 0, so that the layer gives zeros.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        `heads` does not divide `width`, or `groups` not `heads`; the heads of a rotary layer have
        an odd width, or a context is given to it; `dropout` is not in [0, 1); or a padding is not
        bool.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        groups: int | None = None,
        context_width: int | None = None,
        causal: bool = False,
        rotary: bool | Rotary = False,
        head_norm: MakeNorm | None = None,
        dropout: float = 0.0,
        bias: bool = True,
        zero_init: bool = False,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise InputError(
                f"width {width} does not fall into {heads} equal heads: take a divisor"
            )
        groups = heads if groups is None else groups
        if groups < 1 or heads % groups:
            raise InputError(
                f"{heads} heads do not fall into {groups} equal groups: take a divisor"
            )
        head = width // heads
        if rotary and head % 2:
            raise InputError(
                f"rotary positions turn pairs of values, but a head is {head} wide: "
                "take an even width per head"
            )
        if rotary and context_width is not None:
            raise InputError(NO_PLACE)
        if not 0 <= dropout < 1:
            raise InputError(f"dropout of {dropout}: take a share from 0 up to, but not, 1")
        self.heads, self.groups, self.causal, self.dropout = heads, groups, causal, dropout
        self.rotary = Rotary(head) if rotary is True else rotary or None
        seen = width if context_width is None else context_width
        self.query = Dense(width, width, bias=bias, generator=generator)
        self.key = Dense(seen, groups * head, bias=bias, generator=generator)
        self.value = Dense(seen, groups * head, bias=bias, generator=generator)
        self.query_norm = head_norm(head) if head_norm else None
        self.key_norm = head_norm(head) if head_norm else None
        self.out = Dense(width, width, bias=bias, generator=generator)
        if zero_init:
            for parameter in self.out.parameters():
                nn.init.zeros_(parameter)

    def forward(
        self,
        x_BTD: Tensor,
        context_BSD: Tensor | None = None,
        padding_BS: Tensor | None = None,
        cache: BlockCache | None = None,
    ) -> Tensor:
        """Map ``(B, T, width)`` to the same shape.

        Parameters
        ----------
        x_BTD
            Tokens that look.
        context_BSD
            Tokens that are looked at, ``(B, S, context_width)``; None: `x_BTD` itself.
        padding_BS
            bool, True for a real token among those looked at, False for one that fills up.
        cache
            Keys and values of the tokens before, which are looked at as well.
        """
        q_BHTD, k_BHSD, v_BHSD = self._project(x_BTD, context_BSD, cache)
        y_BHTD = scaled_dot_product(
            q_BHTD,
            k_BHSD,
            v_BHSD,
            causal=self.causal,
            mask=_row_mask(padding_BS),
            dropout=self.dropout if self.training else 0.0,
        )
        return self.out(y_BHTD.transpose(1, 2).flatten(2))

    def attention_map(
        self,
        x_BTD: Tensor,
        context_BSD: Tensor | None = None,
        padding_BS: Tensor | None = None,
        cache: BlockCache | None = None,
    ) -> Tensor:
        """Return how much each token takes from each, ``(B, heads, T, S)``, without dropout."""
        q_BHTD, k_BHSD, _ = self._project(x_BTD, context_BSD, cache)
        return attention_map(q_BHTD, k_BHSD, causal=self.causal, mask=_row_mask(padding_BS))

    def _project(
        self, x_BTD: Tensor, context_BSD: Tensor | None, cache: BlockCache | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Make queries, keys and values, the width cut into heads."""
        if self.rotary is not None and context_BSD is not None:
            raise InputError(NO_PLACE)
        seen_BSD = x_BTD if context_BSD is None else context_BSD
        q_BHTD = _in_heads(self.query(x_BTD), self.heads)
        k_BGSD = _in_heads(self.key(seen_BSD), self.groups)
        v_BGSD = _in_heads(self.value(seen_BSD), self.groups)
        if self.query_norm is not None and self.key_norm is not None:
            q_BHTD, k_BGSD = self.query_norm(q_BHTD), self.key_norm(k_BGSD)
        if self.rotary is not None:
            start = 0 if cache is None else cache.start
            q_BHTD, k_BGSD = self.rotary(q_BHTD, start), self.rotary(k_BGSD, start)
        if cache is not None:
            k_BGSD, v_BGSD = cache.extend(k_BGSD, v_BGSD)
        share = self.heads // self.groups
        if share > 1:
            k_BGSD, v_BGSD = (x.repeat_interleave(share, 1) for x in (k_BGSD, v_BGSD))
        return q_BHTD, k_BGSD, v_BGSD

    def extra_repr(self) -> str:
        """Options, for printing."""
        return (
            f"heads={self.heads}, groups={self.groups}, causal={self.causal}, "
            f"dropout={self.dropout}"
        )


def _in_heads(x_BTD: Tensor, heads: int) -> Tensor:
    """Cut the width into heads, ``(B, H, T, D)``."""
    return x_BTD.unflatten(-1, (heads, -1)).transpose(1, 2)


def _row_mask(padding_BS: Tensor | None) -> Tensor | None:
    """Let every head and every query see the same, ``(B, 1, 1, S)``."""
    return None if padding_BS is None else padding_BS[:, None, None, :]
