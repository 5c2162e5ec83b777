"""One more token a row through a decoder's blocks, without the cost of calling their layers.

To write text, a decoder takes thousands of steps with hardly anything to compute in each, so that
Python's way through the layers takes longer than the arithmetic. Here the same arithmetic is one
function, with the weights of the layers that read the same tokens put together. Axes: B rows, D
features, H heads of queries, G of keys and of values, P features of a head, S positions.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.nets.mlp import SwiGLU
from pearlite.nets.norm import LayerNorm

if TYPE_CHECKING:
    from pearlite.nets.cache import KVCache


class Step:
    """The blocks of a decoder for one new token a row, in evaluation mode, without gradients.

    Parameters
    ----------
    trunk
        `pearlite.nets.block.Blocks` that look at no memory; its weights are read now.
    """

    def __init__(self, trunk: nn.Module) -> None:
        blocks: Any = trunk.blocks
        self.norm = _norm(trunk.norm)
        self.blocks = [_Block(block) for block in blocks]

    def __call__(self, x_BD: Tensor, cache: "KVCache", padding_BS: Tensor | None) -> Tensor:
        """Map the features of the new tokens to those after the blocks, ``(B, D)``."""
        mask = None if padding_BS is None else padding_BS[:, None, None, :]
        for number, block in enumerate(self.blocks):
            x_BD = block(x_BD, cache, number, mask)
        return self.norm(x_BD)


class _Block:
    """What one block does to one token a row."""

    def __init__(self, block: Any) -> None:
        attention, think = block.look.attention, block.think.body[1]
        self.heads, self.groups, self.rotary = attention.heads, attention.groups, attention.rotary
        self.first_norm, self.second_norm = _norm(block.look.norm), _norm(block.think.body[0])
        self.head_norms = None
        if attention.query_norm is not None:
            self.head_norms = _norm(attention.query_norm), _norm(attention.key_norm)
        self.look = _together(attention.query, attention.key, attention.value)
        self.say = _transposed(attention.out)
        self.gated = isinstance(think, SwiGLU)
        if isinstance(think, SwiGLU):
            self.inner, self.outer = _together(think.gate, think.value), _transposed(think.out)
        else:
            first, self.activation, _, last = think.layers
            self.inner, self.outer = _together(first), _transposed(last)

    def __call__(self, x_BD: Tensor, cache: "KVCache", number: int, mask: Tensor | None) -> Tensor:
        H, G, B = self.heads, self.groups, len(x_BD)
        heads_BHP = F.linear(self.first_norm(x_BD), *self.look).view(B, H + 2 * G, -1)
        turned_BHP = heads_BHP[:, : H + G]
        if self.head_norms is not None:
            by_query, by_key = self.head_norms
            q_BHP, k_BGP = by_query(turned_BHP[:, :H]), by_key(turned_BHP[:, H:])
            turned_BHP = torch.cat((q_BHP, k_BGP), 1)
        if self.rotary is not None:
            turned_BHP = self.rotary(turned_BHP[:, :, None], cache.start)[:, :, 0]
        q_BH1P = turned_BHP[:, :H, None]
        k_BGSP, v_BGSP = cache.block(number).extend(
            turned_BHP[:, H:, None], heads_BHP[:, H + G :, None]
        )
        y_BH1P = F.scaled_dot_product_attention(
            q_BH1P, k_BGSP, v_BGSP, attn_mask=mask, enable_gqa=G < H
        )
        x_BD = _added(x_BD, y_BH1P.reshape(B, -1), *self.say)
        hidden_BD = F.linear(self.second_norm(x_BD), *self.inner)
        if self.gated:
            gate_BD, value_BD = hidden_BD.chunk(2, -1)
            hidden_BD = F.silu(gate_BD) * value_BD
        else:
            hidden_BD = self.activation(hidden_BD)
        return _added(x_BD, hidden_BD, *self.outer)


def _norm(layer: Any) -> Any:
    """Return the normalisation as a function."""
    weight, epsilon = layer.weight.detach(), layer.epsilon
    shape = weight.shape
    if isinstance(layer, LayerNorm):
        bias = None if layer.bias is None else layer.bias.detach()
        return lambda x: torch.layer_norm(x, shape, weight, bias, epsilon)
    return lambda x: F.rms_norm(x, shape, weight, epsilon)


def _together(*layers: Any) -> tuple[Tensor, Tensor | None]:
    """Return weight and bias of dense layers that read the same."""
    weight = torch.cat([layer.weight.detach() for layer in layers])
    if layers[0].bias is None:
        return weight, None
    return weight, torch.cat([layer.bias.detach() for layer in layers])


def _transposed(layer: Any) -> tuple[Tensor, Tensor | None]:
    """Return the weight ``(inputs, outputs)`` and the bias of a dense layer."""
    return layer.weight.detach().T, None if layer.bias is None else layer.bias.detach()


def _added(x_BD: Tensor, y_BD: Tensor, weight_DD: Tensor, bias_D: Tensor | None) -> Tensor:
    """Return x + W y + b."""
    sum_BD = torch.addmm(x_BD, y_BD, weight_DD)
    return sum_BD if bias_D is None else sum_BD + bias_D
