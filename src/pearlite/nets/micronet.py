"""Read the encoders that NASA trained on 100,000 micrographs, from the files they publish.

Stuckner, Harder & Smith, npj Computational Materials 8, 200 (2022). Files are named such as
``resnet50_pretrained_microscopynet_v1.1.pth.tar``; torch's ResNets have the same names inside.
"""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pearlite.errors import InputError
from pearlite.nets.resnet import ARCHITECTURES

KNOWN = ", ".join(ARCHITECTURES)
PREFIX = re.compile(r"^(module\.|encoder\.|backbone\.|model\.)+")
SQUEEZE = ("se_module", "_se_reduce", "se.conv_reduce")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file by their names. No code in the file is ever run.

    Parameters
    ----------
    path
        ``.pth.tar`` or ``.pth``: tensors by name, or a training state that has them under
        ``state_dict``.

    Raises
    ------
    InputError
        If it is no file, holds anything that is not plain data, or has no named tensors.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file; expected a MicroNet encoder (.pth.tar), or lite0")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} holds more than plain weights, and what it would run is not run; expected a "
            "MicroNet encoder as published by NASA"
        ) from error
    except Exception as error:  # whatever a damaged file makes of torch's reader
        raise InputError(f"{path} is no complete torch file; download it again") from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    named = isinstance(content, Mapping) and all(isinstance(name, str) for name in content)
    weights = {
        PREFIX.sub("", name): value
        for name, value in (content.items() if named else ())
        if isinstance(value, Tensor)
    }
    if not weights:
        raise InputError(f"{path} has no named tensors; expected a MicroNet encoder (.pth.tar)")
    return weights


def architecture_of(weights: Mapping[str, Tensor], path: Path) -> str:
    """Tell from its tensors which ResNet a file holds.

    Raises
    ------
    InputError
        If it is none of `resnet.ARCHITECTURES`.
    """
    if any(mark in name for name in weights for mark in SQUEEZE):
        raise InputError(
            f"{path} is a network with squeeze and excitation (SE-ResNet, EfficientNet-b…): its "
            "answer for a pixel depends on the whole image, so that tiles would not agree; "
            f"expected one of: {KNOWN}"
        )
    layers = [re.match(r"layer(\d)\.(\d+)\.conv1\.weight$", name) for name in weights]
    blocks = [sum(m is not None and int(m[1]) == n for m in layers) for n in range(1, 5)]
    middle = weights.get("layer1.0.conv2.weight")
    found = None
    if middle is not None and middle.ndim == 4:
        bottleneck = "layer1.0.conv3.weight" in weights
        groups = middle.shape[0] // middle.shape[1]
        shape = (tuple(blocks), bottleneck, groups, middle.shape[0] // groups)
        found = next((name for name, form in ARCHITECTURES.items() if form == shape), None)
    if found is None:
        raise InputError(
            f"{path} is a network that pearlite does not build (its first tensors are: "
            f"{', '.join(list(weights)[:3])}); expected one of: {KNOWN}"
        )
    return found


def resnet_name(name: str) -> str:
    """Return what torch calls a tensor of `ResNet`.

    ``stages.2.0.path.1.norm.mean`` is ``layer2.0.bn2.running_mean``.
    """
    _, stage, place, *unit, layer, tensor = name.split(".")
    tensor = {"mean": "running_mean", "variance": "running_var"}.get(tensor, tensor)
    kind = "conv" if layer == "convolution" else "bn"
    if stage == "0":
        return f"{kind}1.{tensor}"
    block = f"layer{stage}.{int(place) - (stage == '1')}"
    if unit == ["shortcut"]:
        return f"{block}.downsample.{0 if kind == 'conv' else 1}.{tensor}"
    return f"{block}.{kind}{int(unit[1]) + 1}.{tensor}"
