"""What a layer that fails means: what arrived, what it expected and the likely fix.

Letters: B batch, C channels, T tokens, S tokens of the context, D width.
"""

import math
import re
from collections.abc import Callable

from torch import Tensor, nn

from pearlite.see.failure import Failure, describe
from pearlite.see.mistake import Advice, enlarge, together

_SPACE = {1: "L", 2: "Y, X", 3: "Z, Y, X"}


def _convolution(failure: Failure) -> Advice | None:
    x, weight = failure.tensors[:2]
    transposed = "transpose" in failure.operation
    groups = failure.option(6, "groups", 1)
    channels = weight.shape[0] if transposed else weight.shape[1] * groups
    space = weight.ndim - 2
    expected = f"(B, {channels}, {_SPACE[space]})"
    if x.ndim not in (space + 1, space + 2):
        if x.ndim == space:
            fix = "the batch and the channel axis are missing: x[None, None] adds them"
        elif x.ndim > space + 2:
            fix = f"a layer of {space} axes in space takes no {x.ndim - 2}: use dims={x.ndim - 2}"
        else:
            fix = "something before this layer flattens the image: leave that away"
        return Advice(describe(x), expected, fix)
    axis = x.ndim - space - 1
    if x.shape[axis] != channels:
        return Advice(describe(x), expected, _channels_fix(failure, x, axis, channels))
    smallest = min(x.shape[axis + 1 :])
    if "Kernel size can't be greater" in failure.message or smallest == 0:
        kernel = tuple(weight.shape[2:])
        return Advice(describe(x), f"at least {kernel} pixels with the padding", enlarge(failure))
    return None


def _channels_fix(failure: Failure, x: Tensor, axis: int, channels: int) -> str:
    found = x.shape[axis]
    if x.shape[-1] == channels and axis < x.ndim - 1:
        batch = "[None]" if axis == 0 else ""
        return f"the channels are last: x.movedim(-1, {axis}){batch} puts them where torch has them"
    if axis == 0 and channels == 1:
        return "the channel axis is missing: x[:, None] adds it"
    if failure.first and channels == 1 and found in (3, 4):
        grey = "x[:, :3].mean(1, keepdim=True)"
        return f"make colour grey, {grey}, or build the network with {found} input channels"
    if failure.first and channels == 3 and found == 1:
        repeat = "x.expand(-1, 3, -1, -1)"
        return f"repeat grey as colour, {repeat}, or build the network with 1 input channel"
    if failure.first and channels == 3 and found == 4:
        return "drop the alpha channel, x[:, :3]"
    if failure.first:
        return f"build the network with {found} input channels, or give it {channels}"
    return (
        f"make this layer with {found} input channels, or the one before it with {channels} outputs"
    )


def _dense(failure: Failure) -> Advice | None:
    x, weight = failure.tensors[:2]
    inputs = weight.shape[1]
    if x.ndim == 0 or x.shape[-1] == inputs:
        return None
    expected = f"(…, {inputs}): {inputs} features on the last axis"
    return Advice(describe(x), expected, _features_fix(failure, x, inputs))


def _features_fix(failure: Failure, x: Tensor, inputs: int) -> str:
    network = next((v for v in failure.network_given if isinstance(v, Tensor)), x)
    if x.ndim > 2 and math.prod(x.shape[1:]) == inputs:
        return "flatten all axes but the batch: x.flatten(1), or nn.Flatten() before this layer"
    if x.ndim == 2 and x.numel() == inputs:
        return "the batch axis is missing: give the network x[None]"
    if failure.batch and x.numel() == failure.batch * inputs:
        return "flattened wrongly: x.flatten(1) keeps the batch axis and merges all others"
    if inputs in x.shape[:-1]:
        axis = len(x.shape) - 2 - list(x.shape[:-1])[::-1].index(inputs)
        return f"the features are on axis {axis}: x.movedim({axis}, -1) puts them last"
    if x.ndim == 2 and network.ndim >= 3 and not failure.first:
        size = " × ".join(map(str, network.shape[2:]))
        return (
            f"the layer was made for images of another size; for {size} it needs {x.shape[-1]} "
            "inputs: build it so, resize the images, or average over space before it "
            "(AdaptiveAvgPool2d(1)), which fits any size"
        )
    if failure.first:
        return f"build the network with {x.shape[-1]} inputs, or give it {inputs} features"
    return f"make this layer with {x.shape[-1]} inputs, or the one before it with {inputs} outputs"


def _tokens(failure: Failure) -> Advice | None:
    tokens, table = failure.tensors[:2]
    known = table.shape[0]
    if tokens.is_floating_point():
        fix = "x.long() if these are token numbers; measurements need a dense layer instead"
        return Advice(describe(tokens), "whole numbers (int64)", fix)
    if tokens.is_meta or not tokens.numel():
        return None
    low, high = int(tokens.min()), int(tokens.max())
    if low < 0:
        fix = "negative marks such as -100 or -1 belong to labels; give padding a token of its own"
    else:
        fix = f"build the network with a vocabulary of at least {high + 1}, or use the tokenizer "
        fix += "that it was built for"
    arrived = f"{describe(tokens)} with tokens from {low} to {high}"
    return Advice(arrived, f"tokens from 0 to {known - 1}", fix)


def _masked(failure: Failure) -> Advice | None:
    """Find a mask, or q, k and v, that do not fit in torch's fused attention."""
    q, k = failure.tensors[:2]
    mask = failure.option(3, "attn_mask")
    if q.shape[-1] != k.shape[-1]:
        expected = "queries and keys of one width"
        return Advice(together([q, k]), expected, "project both to the same width")
    if not isinstance(mask, Tensor):
        return None
    tokens, context = q.shape[-2], k.shape[-2]
    return _mask_advice(mask, q.shape[0], tokens, context, "[:, None, None, :]")


def _mask_advice(mask: Tensor, batch: int, tokens: int, context: int, lift: str) -> Advice:
    expected = f"a mask of ({tokens}, {context}), queries by keys, or one a head and sample"
    if tuple(mask.shape) == (batch, context):
        fix = f"this is a padding mask, one a sample: mask{lift} spreads it over heads and queries"
    else:
        fix = f"make the mask for this length: {tokens} queries, {context} keys"
    return Advice(f"a mask {describe(mask)}", expected, fix)


def _torch_attention(failure: Failure) -> Advice | None:
    q, k = failure.tensors[:2]
    width = failure.operands[3]
    if q.shape[-1] != width:
        fix = f"build the attention with width {q.shape[-1]}, or project the input to {width}"
        return Advice(describe(failure.given[0]), f"a width of {width} on the last axis", fix)
    mask, padding = failure.keywords.get("attn_mask"), failure.keywords.get("key_padding_mask")
    tokens, batch = q.shape[:2]
    if isinstance(padding, Tensor) and tuple(padding.shape) != (batch, k.shape[0]):
        expected = f"a padding mask of ({batch}, {k.shape[0]}), one value a sample and key"
        fix = "make the padding mask from the same batch as the keys"
        return Advice(f"a padding mask {describe(padding)}", expected, fix)
    if isinstance(mask, Tensor):
        return _mask_advice(mask, batch, tokens, k.shape[0], ", given as key_padding_mask,")
    return None


def recurrent(failure: Failure) -> Advice | None:
    """Find a recurrent layer that was made for another number of features."""
    layer = failure.layer
    if not isinstance(layer, (nn.RNNBase, nn.RNNCellBase)) or not failure.given:
        return None
    x, inputs = failure.given[0], layer.input_size
    if not isinstance(x, Tensor) or x.ndim == 0 or x.shape[-1] == inputs:
        return None
    expected = f"(…, {inputs}): {inputs} features on the last axis"
    return Advice(describe(x), expected, _features_fix(failure, x, int(inputs)))


def normalised(failure: Failure) -> Advice | None:
    """Find a normalisation that was made for another number of channels or axes."""
    x = next((value for value in failure.given if isinstance(value, Tensor)), None)
    if "norm" not in failure.operation and "norm" not in type(failure.layer).__name__.lower():
        return None
    if x is None:
        return None
    if "more than 1" in failure.message:
        fix = "use batches of at least 2 (leave out a last batch of 1), net.eval() to apply the "
        fix += "network, or GroupNorm, which needs no batch"
        return Advice(describe(x), "more than one value a channel while training", fix)
    wanted = re.search(r"normalized_shape=\[([\d, ]+)\]", failure.message)
    if wanted:
        width = int(wanted[1].split(",")[-1])
        return Advice(describe(x), f"(…, {wanted[1]})", _features_fix(failure, x, width))
    if "num_groups" in failure.message:
        groups = failure.option(1, "num_groups")
        fix = f"choose a number of groups that divides {x.shape[1]}"
        return Advice(describe(x), f"channels that {groups} groups divide", fix)
    wanted = re.search(r"running_mean should contain (\d+) elements not (\d+)", failure.message)
    if wanted:
        channels = next((len(t) for t in failure.tensors[1:] if t.ndim == 1), int(wanted[2]))
        return Advice(
            describe(x), f"{channels} channels on axis 1", _channels_fix(failure, x, 1, channels)
        )
    return None


LAYERS: dict[str, Callable[[Failure], Advice | None]] = {
    **{f"conv{n}d": _convolution for n in _SPACE},
    **{f"conv_transpose{n}d": _convolution for n in _SPACE},
    "linear": _dense,
    "embedding": _tokens,
    "scaled_dot_product_attention": _masked,
    "multi_head_attention_forward": _torch_attention,
}
