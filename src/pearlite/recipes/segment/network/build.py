"""The network of a recipe, and how far it sees."""

from dataclasses import dataclass

import torch
from torch import nn

from pearlite.errors import InputError
from pearlite.nets import pretrained
from pearlite.nets.lora import adapt, freeze
from pearlite.nets.staged import StagedEncoder
from pearlite.nets.unet import UNet
from pearlite.recipes.segment.recipe import Recipe

RANK = 8  # of the adaptors of a pretrained encoder
FARTHEST = {2: 128, 3: 24}  # pixels of surroundings given to a network that sees even farther


@dataclass(frozen=True)
class Reach:
    """How far a network sees.

    Parameters
    ----------
    stride
        Its coarsest step in pixels.
    halo
        Surroundings that a tile needs, a multiple of the stride.
    """

    stride: int
    halo: int


def build_network(
    recipe: Recipe, generator: torch.Generator, *, architecture: str | None = None
) -> UNet:
    """Make the recipe's U-Net; of a pretrained encoder, only what the recipe says will learn.

    Parameters
    ----------
    recipe
        Says channels, classes, encoder, width and depth. Beside a pretrained encoder, whose finest
        map is coarser than the image, convolutions of this width look at the image itself.
    generator
        Draws the weights that are not given.
    architecture
        Of the encoder, by its name in `pretrained.blank`: built without reading weights, for a
        saved network to be loaded into.

    Raises
    ------
    InputError
        If the encoder's weights cannot be read, or are for images and the recipe for volumes.
    """
    encoder = None
    if recipe.encoder and recipe.dims != 2:
        raise InputError(
            f"the encoder {recipe.encoder!r} is for images, and these are volumes: "
            'train without a pretrained encoder, encoder="none"'
        )
    if architecture:
        encoder = pretrained.blank(architecture, recipe.channels, generator=generator)
    elif recipe.encoder:
        encoder = pretrained.encoder(recipe.encoder, recipe.channels, generator=generator)
        if recipe.train == "head":
            freeze(encoder)
        elif recipe.train == "adaptors":
            adapt(encoder, RANK, generator=generator)
    return UNet(
        recipe.channels,
        recipe.classes,
        width=recipe.width,
        depth=recipe.depth,
        dims=recipe.dims,
        encoder=encoder,
        fine=recipe.width if encoder else 0,
        generator=generator,
    )


def architecture_of(network: nn.Module) -> str:
    """Return the name of a U-Net's pretrained encoder; empty where it has its own."""
    assert isinstance(network, UNet)
    looks = network.encoder
    return looks.architecture if isinstance(looks, StagedEncoder) else ""


def take_over(network: nn.Module, trained: nn.Module) -> None:
    """Begin from another network's weights, wherever names and shapes are the same.

    Raises
    ------
    InputError
        If most weights have no counterpart.
    """
    own = network.state_dict()
    fitting = {
        name: weight
        for name, weight in trained.state_dict().items()
        if name in own and own[name].shape == weight.shape
    }
    if len(fitting) < len(own) / 2:
        raise InputError(
            f"only {len(fitting)} of the network's {len(own)} tensors are in the one to begin "
            "from; take a model with the same encoder, width and depth"
        )
    network.load_state_dict(fitting, strict=False)


def reach_of(network: nn.Module, dims: int) -> Reach:
    """Return how far a U-Net sees, at most `FARTHEST` or its coarsest step.

    In volumes, surroundings cost so much that they are fewer: the answer then depends on the grid
    of tiles, which is why that is fixed.

    Two 3x3 convolutions at every scale on the way in and on the way back.
    """
    assert isinstance(network, UNet)
    strides = network.encoder.strides
    coarsest = strides[-1]
    radius = 2 * coarsest + 4 * sum(strides[:-1]) + coarsest
    halo = min(-(-radius // coarsest) * coarsest, -(-FARTHEST[dims] // coarsest) * coarsest)
    return Reach(coarsest, halo)


def fast_layout(network: nn.Module, dims: int) -> None:
    """Lay a network's weights out in memory with the channels last, where that is faster: in 2-D.

    On a CPU with AVX-512 a U-Net of width 16 then takes 0.65 of the time in float32 and, in
    training with bfloat16, 0.4 (both on one core).
    """
    if dims == 2:
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
