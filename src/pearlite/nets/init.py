"""How weights begin: drawn from a generator that the caller seeds."""

import math
from typing import TypeVar

import torch
from torch import nn

Layer = TypeVar("Layer", bound=nn.Module)


@torch.no_grad()
def draw_weights(layer: Layer, generator: torch.Generator) -> Layer:
    """Fill a layer's weight and bias from U(-b, b) with b = 1/√(inputs of one output value).

    This is the law by which torch itself initialises dense and convolutional layers.
    """
    weight = layer.get_parameter("weight")
    bound = 1 / math.sqrt(weight[0].numel())
    for parameter in layer.parameters(recurse=False):
        parameter.uniform_(-bound, bound, generator=generator)
    return layer
