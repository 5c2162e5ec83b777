"""What a network sees: the kernels of its first convolution and the maps of its layers.

Letters: B batch, C channels, O output channels, I input channels, Y rows, X columns.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.see.running import evaluating

MOST = 8  # layers, and channels of each, that are drawn


def feature_maps(
    network: nn.Module, *inputs: Any, layers: Sequence[str] | None = None
) -> dict[str, Tensor]:
    """Run a network and return what its layers make of the input.

    Parameters
    ----------
    network
        Any module.
    *inputs
        What it is called with.
    layers
        Paths, such as ``"encoder.0"``; None takes every convolution, own or torch's.

    Returns
    -------
    dict of Tensor
        Path → output, (B, C, Y, X) of a 2-D convolution, in the order of the calls.

    Raises
    ------
    InputError
        If a path does not exist or is not called, or there is no convolution.
    """
    known = dict(network.named_modules())
    chosen = [p for p, layer in known.items() if _convolves(layer)] if layers is None else layers
    for path in chosen:
        if path not in known:
            raise InputError(f"there is no layer {path!r}; pearlite trace lists the layers")
    maps: dict[str, Tensor] = {}
    with ExitStack() as stack:
        for path in chosen:
            hook = known[path].register_forward_hook(
                lambda _layer, _given, output, path=path: maps.update({path: output})
            )
            stack.callback(hook.remove)
        with torch.no_grad(), evaluating(network):
            network(*inputs)
    missing = [path for path in layers or [] if path not in maps]
    if missing or not maps:
        name = ", ".join(missing) or "a convolution"
        raise InputError(f"{type(network).__name__} did not call {name}; nothing to show")
    return maps


def first_kernels(network: nn.Module) -> tuple[str, Tensor]:
    """Return the path and the kernels, (O, I, Y, X), of the first 2-D convolution.

    Raises
    ------
    InputError
        If there is none.
    """
    for path, layer in network.named_modules():
        if _convolves(layer) and layer.get_parameter("weight").ndim == 4:
            return path, layer.get_parameter("weight").detach()
    raise InputError(f"{type(network).__name__} has no 2-D convolution, hence no kernels to show")


def draw_kernels(network: nn.Module, path: str | Path) -> Path:
    """Draw the kernels of the first convolution, red where positive, blue where negative.

    Kernels of several input channels are shown by the sum over them.
    """
    name, kernels_OIYX = first_kernels(network)
    kernels = kernels_OIYX.sum(1).cpu().numpy()[: MOST * MOST]
    strongest = float(np.abs(kernels).max()) or 1.0
    figure, cells = _sheet(-(-len(kernels) // MOST), min(MOST, len(kernels)), 0.9)
    for axes, kernel in zip(cells.flat, kernels, strict=False):
        axes.imshow(kernel, cmap="RdBu_r", vmin=-strongest, vmax=strongest)
    figure.suptitle(f"{name or type(network).__name__}: {len(kernels)} kernels", fontsize=9)
    figure.savefig(path, dpi=110)
    return Path(path)


def draw_features(maps: Mapping[str, Tensor], path: str | Path, sample: int = 0) -> Path:
    """Draw the strongest channels of each layer for one sample: a row a layer.

    Raises
    ------
    InputError
        If no map has two axes in space.
    """
    images = {name: map_BCYX for name, map_BCYX in maps.items() if map_BCYX.ndim == 4}
    if not images:
        raise InputError("none of the maps is an image; give layers whose output is (B, C, Y, X)")
    shown = dict(list(images.items())[:: -(-len(images) // MOST)])
    figure, cells = _sheet(len(shown), MOST, 1.1)
    for row, (name, map_BCYX) in zip(cells, shown.items(), strict=True):
        map_CYX = map_BCYX[sample].float().cpu()
        order = map_CYX.flatten(1).std(1, correction=0).argsort(descending=True)[:MOST]
        for axes, channel in zip(row, order.tolist(), strict=False):
            axes.imshow(map_CYX[channel].numpy(), cmap="gray")
        row[0].set_title(f"{name}  {tuple(map_CYX.shape)}", fontsize=7, loc="left")
    figure.savefig(path, dpi=110)
    return Path(path)


def _convolves(layer: nn.Module) -> bool:
    weight = dict(layer.named_parameters(recurse=False)).get("weight")
    return weight is not None and weight.ndim >= 3


def _sheet(rows: int, columns: int, side: float) -> tuple[Figure, NDArray[Any]]:
    figure = Figure(figsize=(side * columns + 0.2, (side + 0.2) * rows + 0.3), layout="constrained")
    cells = figure.subplots(rows, columns, squeeze=False)
    for axes in cells.flat:
        axes.set_axis_off()
    return figure, cells
