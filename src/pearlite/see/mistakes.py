"""What a failed operation means: what arrived, what was expected and the likely fix.

Here are the operations that are no layer; layers and losses have files of their own.
"""

import re
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pearlite.see.failure import Failure, describe
from pearlite.see.layer_mistakes import LAYERS, normalised, recurrent
from pearlite.see.loss_mistakes import LOSSES
from pearlite.see.mistake import Advice, enlarge, together

_SHAPELY = re.compile(
    r"size|shape|dimension|channel|dtype|scalar type|out of (bounds|range)|device|elements not",
    re.IGNORECASE,
)


def diagnose(failure: Failure) -> Advice | None:
    """Return (what arrived, what was expected, the likely fix); None if it is no such mistake."""
    own = OPERATIONS.get(failure.operation)
    for rule in (_array, _device, _precision, own, _broadcast, recurrent, normalised, _too_small):
        advice = rule(failure) if rule else None
        if advice is not None:
            return advice
    if not _SHAPELY.search(failure.message):
        return None
    sentence = failure.message.strip().split("\n")[0].rstrip(".")
    return Advice(
        together(failure.tensors or failure.given),
        f"what {failure.operation or 'this layer'} takes ({sentence})",
        "look at the shapes that reach this place: pearlite trace prints them layer by layer",
    )


def _array(failure: Failure) -> Advice | None:
    for value in [*failure.given, *failure.operands]:
        if isinstance(value, np.ndarray):
            return Advice(
                describe(value),
                "a torch tensor",
                "torch.as_tensor(array, dtype=torch.float32) makes one",
            )
    if "must be Tensor, not" in failure.message:
        return Advice(together(failure.given), "a torch tensor", "torch.as_tensor makes one")
    return None


def _device(failure: Failure) -> Advice | None:
    places = {str(tensor.device) for tensor in failure.tensors}
    if len(places) < 2 or "device" not in failure.message:
        return None
    return Advice(
        " and ".join(f"{tuple(t.shape)} on {t.device}" for t in failure.tensors),
        "everything on one device",
        "move the data to where the network is, x.to(device), or the network with net.to(device)",
    )


def _precision(failure: Failure) -> Advice | None:
    """Find data of another type than the weights, where the operation has weights."""
    weighted = failure.operation.startswith(("conv", "linear", "lstm", "gru", "rnn"))
    if len(failure.tensors) < 2 or not (weighted or failure.operation == "matmul"):
        return None
    x, weight = failure.tensors[:2]
    if x.dtype == weight.dtype or not weight.is_floating_point():
        return None
    wanted = str(weight.dtype).removeprefix("torch.")
    if x.dtype == torch.uint8:
        fix = "x.float() / 255 makes grey values from 0 to 1 of 8-bit ones"
    elif x.is_floating_point():
        fix = f"x.to(torch.{wanted}) (NumPy's own floats are float64), or net.to(x.dtype)"
    else:
        fix = f"x.to(torch.{wanted}) if these are measurements; class or token numbers need an "
        fix += "nn.Embedding or F.one_hot first"
    return Advice(describe(x), f"{wanted}, the type of the weights", fix)


def _too_small(failure: Failure) -> Advice | None:
    if not re.search("Output size is too small|Padding size should be less", failure.message):
        return None
    return Advice(together(failure.tensors[:1]), "a larger image at this layer", enlarge(failure))


def _product(failure: Failure) -> Advice | None:
    if len(failure.tensors) < 2:
        return None
    a, b = failure.tensors[:2]
    fix = "the last axis of the first and the last but one of the second are summed over: "
    fits = a.ndim and b.ndim > 1 and a.shape[-1] == b.shape[-1]
    fix += "second.transpose(-2, -1) fits" if fits else "make them equal"
    return Advice(together([a, b]), f"a second operand with {a.shape[-1]} rows", fix)


def _joined(failure: Failure) -> Advice | None:
    parts = failure.tensors
    axis = failure.option(1, "dim", 0)
    shapes = [tuple(part.shape) for part in parts]
    if failure.operation == "stack" or len({len(sizes) for sizes in shapes}) > 1:
        return Advice(together(parts), "parts of one shape", "pad or crop them to one shape")
    expected = f"sizes that are equal on all axes but {axis}, on which they are joined"
    if len(shapes[0]) < 3:
        return Advice(together(parts), expected, "give both parts the same number of samples")
    fix = "the skip connection joins two image sizes: pad the image to a multiple of the network's "
    fix += "stride, or interpolate one part to the other's size before joining"
    return Advice(together(parts), expected, fix)


def _reshaped(failure: Failure) -> Advice | None:
    x = failure.tensors[0]
    if "Use .reshape" in failure.message:
        fix = "view cannot follow transpose or permute: use reshape"
        return Advice(f"{describe(x)} with permuted memory", "memory in the order of the axes", fix)
    rest = failure.operands[1:]
    sizes = list(rest[0] if rest and isinstance(rest[0], (tuple, list)) else rest)
    sizes = [size for size in sizes if isinstance(size, int)]
    arrived = f"{describe(x)}, {x.numel()} numbers, to be shaped as {tuple(sizes)}"
    heads, part = sizes[-2:] if len(sizes) > 1 else (0, 0)
    width = x.shape[-1] if x.ndim else 0
    if min(heads, part) > 1 and x.ndim > 1 and (width // heads == part or width // part == heads):
        count = heads if width // heads == part else part
        expected = f"a width that {count} heads divide"
        better = max(n for n in range(1, count + 1) if width % n == 0)
        return Advice(
            arrived, expected, f"use {better} heads, or a width of {count * -(-width // count)}"
        )
    expected = f"a shape of {x.numel()} numbers"
    return Advice(arrived, expected, "let one size be -1, or x.flatten(1) to keep the batch axis")


def _broadcast(failure: Failure) -> Advice | None:
    """Find two operands of an elementwise operation that do not fit each other."""
    found = re.search(r"must match the (existing )?size", failure.message)
    if not found or len(failure.tensors or failure.given) < 2:
        return None
    parts = failure.tensors or [part for part in failure.given if isinstance(part, Tensor)]
    a, b, *_ = [*parts[:2], *parts[:1]]
    expected = "sizes that are equal, or 1, on every axis counted from the last"
    if a.shape != b.shape and sorted(a.shape) == sorted(b.shape):
        fix = "the axes are in another order: permute one of them (x.movedim(-1, 1) for channels)"
    elif a.ndim == b.ndim > 2 and a.shape[:2] == b.shape[:2]:
        fix = "the two branches changed the size differently: give them the same strides and "
        fix += "padding, pad the image to a multiple of the stride, or interpolate one to the other"
    elif a.ndim == b.ndim > 2 and a.shape[0] == b.shape[0] and a.shape[2:] == b.shape[2:]:
        fix = f"a 1×1 convolution on the skip turns {a.shape[1]} into {b.shape[1]} channels"
    elif failure.layer is None:
        fix = "give the prediction and the target one shape"
    else:
        fix = "give both one shape, or a size of 1 where one is to be repeated"
    return Advice(together(parts), expected, fix)


OPERATIONS: dict[str, Callable[[Failure], Advice | None]] = {
    **dict.fromkeys(("matmul", "bmm", "mm", "addmm"), _product),
    **dict.fromkeys(("cat", "concat", "concatenate", "stack"), _joined),
    **dict.fromkeys(("view", "reshape"), _reshaped),
    **LAYERS,
    **LOSSES,
}
