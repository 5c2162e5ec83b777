"""The network of a recipe, and how far it sees."""

from dataclasses import dataclass

import torch
from torch import nn

from pearlite.nets.unet import UNet
from pearlite.recipes.segment.recipe import Recipe

FARTHEST = 128  # pixels of surroundings that are given to a network that sees even farther


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


def build_network(recipe: Recipe, generator: torch.Generator, *, pretrained: bool = True) -> UNet:
    """Make the recipe's U-Net.

    Parameters
    ----------
    recipe
        Says channels, classes, encoder, width and depth.
    generator
        Draws the weights that are not given.
    pretrained
        Whether the encoder's weights are read; not where a saved network is loaded next.
    """
    return UNet(
        recipe.channels,
        recipe.classes,
        width=recipe.width,
        depth=recipe.depth,
        dims=recipe.dims,
        generator=generator,
    )


def reach_of(network: nn.Module) -> Reach:
    """Return how far a U-Net sees, at most `FARTHEST` or its coarsest step.

    Two 3x3 convolutions at every scale on the way in and on the way back.
    """
    assert isinstance(network, UNet)
    strides = network.encoder.strides
    coarsest = strides[-1]
    radius = 2 * coarsest + 4 * sum(strides[:-1]) + coarsest
    halo = min(-(-radius // coarsest) * coarsest, -(-FARTHEST // coarsest) * coarsest)
    return Reach(coarsest, halo)


def fast_layout(network: nn.Module, dims: int) -> nn.Module:
    """Lay a network's weights out in memory with the channels last, where that is faster: in 2-D.

    On a CPU with AVX-512 a U-Net of width 16 then takes 0.65 of the time in float32 and, in
    training with bfloat16, 0.4 (both on one core).
    """
    return network.to(memory_format=torch.channels_last) if dims == 2 else network  # pyright: ignore[reportCallIssue]
