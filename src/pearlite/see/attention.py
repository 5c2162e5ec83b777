"""Attention maps: how much each token takes from each, layer by layer and head by head.

Letters: B batch, H heads, T tokens that look, S tokens that are looked at, Y rows, X columns.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.see.running import evaluating

MOST = 8  # layers and heads that are drawn


def attention_maps(network: nn.Module, *inputs: Any) -> dict[str, Tensor]:
    """Run a network and return the map of each of its attention layers.

    Parameters
    ----------
    network
        Holds layers of `pearlite.nets.attention` or of ``torch.nn.MultiheadAttention``.
    *inputs
        What the network is called with.

    Returns
    -------
    dict of Tensor
        Path of the layer → (B, H, T, S), in the order of the calls; rows sum to 1. A layer that is
        called again adds ``"path, call 2"``.

    Raises
    ------
    InputError
        If no attention layer is called.
    """
    maps: dict[str, Tensor] = {}

    def look(path: str, layer: nn.Module, args: Any, kwargs: Any) -> None:
        calls = sum(name.split(", call ")[0] == path for name in maps)
        name = f"{path}, call {calls + 1}" if calls else path
        maps[name] = _map(layer, args, kwargs)

    with ExitStack() as stack:
        for path, layer in network.named_modules():
            if isinstance(layer, nn.MultiheadAttention) or hasattr(layer, "attention_map"):
                hook = layer.register_forward_pre_hook(
                    lambda layer, args, kwargs, path=path: look(path, layer, args, kwargs),
                    with_kwargs=True,
                )
                stack.callback(hook.remove)
        with torch.no_grad(), evaluating(network):
            network(*inputs)
    if not maps:
        raise InputError(f"{type(network).__name__} calls no attention layer; nothing to show")
    return maps


def draw_maps(maps: Mapping[str, Tensor], path: str | Path, sample: int = 0) -> Path:
    """Draw the maps of one sample into a PNG or SVG: a row a layer, a column a head."""
    shown = dict(list(maps.items())[:MOST])
    columns = min(MOST, max(map_BHTS.shape[1] for map_BHTS in shown.values()))
    size = (1.7 * columns + 0.9, 1.8 * len(shown) + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(shown), columns, squeeze=False)
    for row, (name, map_BHTS) in zip(grid, shown.items(), strict=True):
        for head, axes in enumerate(row):
            axes.set_axis_off()
            if head < map_BHTS.shape[1]:
                axes.imshow(map_BHTS[sample, head].cpu().numpy(), cmap="magma", vmin=0)
                axes.set_title(
                    f"head {head}" if head else f"{name}\nhead 0", fontsize=7, loc="left"
                )
    figure.suptitle("Rows look at columns; bright: takes much", fontsize=9, x=0.01, ha="left")
    figure.savefig(path, dpi=110)
    return Path(path)


def draw_on_image(
    image_YX: NDArray[Any], map_HTS: Tensor, patches: tuple[int, int], path: str | Path
) -> Path:
    """Draw how much each patch of an image is looked at, by each head, over the image.

    Parameters
    ----------
    image_YX
        The image that a vision transformer was given.
    map_HTS
        The map of one layer and sample; the S tokens are the patches, row by row.
    patches
        Number of patches down and across.

    Raises
    ------
    InputError
        If there is not one token a patch.
    """
    seen = map_HTS.shape[-1]
    if seen != patches[0] * patches[1]:
        raise InputError(
            f"{seen} tokens are no {patches[0]} × {patches[1]} patches; "
            "give the number of patches down and across"
        )
    looked_HS = map_HTS.mean(1).cpu().numpy()[:MOST]
    figure = Figure(figsize=(1.9 * (len(looked_HS) + 1), 2.1), layout="constrained")
    first, *others = figure.subplots(1, len(looked_HS) + 1)
    first.imshow(image_YX, cmap="gray")
    first.set_title("image", fontsize=8)
    extent = (-0.5, image_YX.shape[1] - 0.5, image_YX.shape[0] - 0.5, -0.5)
    for head, (axes, looked_S) in enumerate(zip(others, looked_HS, strict=True)):
        axes.imshow(image_YX, cmap="gray", extent=extent)
        axes.imshow(looked_S.reshape(patches), cmap="magma", alpha=0.65, extent=extent)
        axes.set_title(f"head {head}", fontsize=8)
    for axes in (first, *others):
        axes.set_axis_off()
    figure.savefig(path, dpi=110)
    return Path(path)


def _map(layer: Any, args: Any, kwargs: Any) -> Tensor:
    if not isinstance(layer, nn.MultiheadAttention):
        return layer.attention_map(*args, **kwargs)
    given = signature(layer.forward).bind(*args, **kwargs)
    given.arguments |= {"need_weights": True, "average_attn_weights": False}
    _, map_BHTS = layer.forward(*given.args, **given.kwargs)
    assert map_BHTS is not None  # it was asked for
    return map_BHTS if map_BHTS.ndim == 4 else map_BHTS[None]
