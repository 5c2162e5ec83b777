"""Let a trained network get used to one image, without labels.

A `BatchNorm` subtracts means that were right for the training's images. On another microscope's
they are off, layer by layer; the image's own replace them (Li et al., arXiv 1603.04779;
Schneider et al., NeurIPS 2020). No weight changes, and the same image gives the same answer.

Axes: B batch, C channels, S space, that is HW of an image or DHW of a volume.
"""

import copy
import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.nets.norm import MOMENTUM, BatchNorm
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter
from pearlite.recipes.segment.network.working import working_image

WINDOW = {2: 512, 3: 96}  # largest side of a part that is looked at
WINDOWS = 2  # along each axis, of an image that is larger
TRUSTED = 4096  # pixels of an image that count as much as the whole training


class AdaptingSegmenter:
    """Adapts to every image before it segments it; a `Segmenter`.

    Parameters
    ----------
    segmenter
        As it was trained; it does not change.
    """

    def __init__(self, segmenter: NetworkSegmenter) -> None:
        self.segmenter = segmenter

    def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return shape ``(K, *S)``, summing to 1 over the classes.

        What a part of an image gives depends on the rest of it: adapt to the whole.
        """
        return adapted(self.segmenter, image_CS).probabilities(image_CS)


def adapted(segmenter: NetworkSegmenter, image_CS: NDArray[np.generic]) -> NetworkSegmenter:
    """Return a segmenter whose normalisation is that of one image.

    It pays where the image looks unlike the training's and holds the same classes in shares not
    too far from the training's; on an image of a single class the classes' differences are lost.

    Parameters
    ----------
    segmenter
        As it was trained; it does not change.
    image_CS
        Of its number of channels and axes. Four windows of a large image decide.
    """
    network = copy.deepcopy(segmenter.network)
    x_BCS = windows(working_image(image_CS, segmenter.recipe.scale))
    x_BCS = x_BCS.to(next(network.parameters()).device)
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    learned = [(norm.mean.clone(), norm.variance.clone()) for norm in norms]
    for norm in norms:
        norm.mean.zero_()
        norm.variance.zero_()
        norm.train()
    with torch.inference_mode():
        network(x_BCS)
    pixels = x_BCS[:, 0].numel()
    trust = pixels / (pixels + TRUSTED)
    with torch.no_grad():
        for norm, (mean, variance) in zip(norms, learned, strict=True):
            norm.mean.copy_(torch.lerp(mean, norm.mean / MOMENTUM, trust))
            norm.variance.copy_(torch.lerp(variance, norm.variance / MOMENTUM, trust))
    return NetworkSegmenter(network, segmenter.recipe, segmenter.history)


def windows(x_CS: Tensor) -> Tensor:
    """Return an image, or parts at the ends of its axes where it is larger than a window."""
    sides = x_CS.shape[1:]
    largest = WINDOW[len(sides)]
    starts = [
        np.unique(np.linspace(0, max(0, side - largest), WINDOWS).astype(int)).tolist()
        for side in sides
    ]
    parts = [
        x_CS[(slice(None), *(slice(at, at + largest) for at in corner))]
        for corner in itertools.product(*starts)
    ]
    return torch.stack(parts)
