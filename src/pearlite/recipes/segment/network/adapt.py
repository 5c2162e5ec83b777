"""Let a trained network get used to one image, without labels.

A `BatchNorm` subtracts means that were right for the training's images. On another microscope's
they are off, layer by layer; the image's own replace them (Li et al., arXiv 1603.04779;
Schneider et al., NeurIPS 2020). Then the network learns, for a few steps, its own sure answers on
turned, bent and varied crops of the image, until the doubtful places follow the sure ones (Lee,
ICML workshop 2013). Nothing is drawn at random that a fixed seed does not determine.

Axes: B batch, C channels, S space, that is HW of an image or DHW of a volume; K classes.
"""

import copy
import itertools

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.nets.norm import MOMENTUM, BatchNorm
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.network.augment import usual
from pearlite.recipes.segment.network.crops import Geometry, labels_in
from pearlite.recipes.segment.network.own_labels import sure
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter
from pearlite.recipes.segment.network.training import DECAY, train_network
from pearlite.recipes.segment.network.working import working_image
from pearlite.train.optimisers import adamw

WINDOW = {2: 512, 3: 96}  # largest side of a part that is looked at
WINDOWS = 2  # along each axis, of an image that is larger
TRUSTED = 4096  # pixels of an image that count as much as the whole training
STEPS = 40  # of learning its own answers, some 10 CPU seconds
RATE = 1e-3  # of those steps
TURNED = Geometry(stretch=0.2)


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
        return taught(adapted(self.segmenter, image_CS), image_CS).probabilities(image_CS)


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
    x_CS = working_image(image_CS, segmenter.recipe.scale)
    x_BCS = torch.stack([x_CS[(slice(None), *window)] for window in windows(x_CS.shape[1:])])
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


def taught(segmenter: NetworkSegmenter, image_CS: NDArray[np.generic]) -> NetworkSegmenter:
    """Return a segmenter that learned from its own sure answers on one image.

    Parameters
    ----------
    segmenter
        It does not change. One with a pretrained encoder is returned as it is.
    image_CS
        Of its number of channels and axes. Four windows of a large image are learned from.
    """
    examples = [
        _answered(segmenter, image_CS[(slice(None), *window)])
        for window in windows(image_CS.shape[1:])
    ]
    if segmenter.recipe.encoder or not any(map(labels_in, examples)):
        return segmenter
    return train_network(
        examples,
        [],
        segmenter.recipe,
        seed=0,
        steps=STEPS,
        warm=segmenter,
        vary=usual,
        geometry=TURNED,
        optimiser=adamw(RATE, decay=DECAY),
        device=str(next(segmenter.network.parameters()).device),
    )


def _answered(segmenter: NetworkSegmenter, image_CS: NDArray[np.generic]) -> Example:
    answer_KS = segmenter.probabilities(image_CS)
    nothing_S = np.full(image_CS.shape[1:], UNLABELLED, np.int16)
    return Example(image_CS, sure(answer_KS, nothing_S), "its own answers")


def windows(sides: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """Return where an image lies, or parts at the ends of axes that are longer than a window."""
    largest = WINDOW[len(sides)]
    starts = [
        np.unique(np.linspace(0, max(0, side - largest), WINDOWS).astype(int)).tolist()
        for side in sides
    ]
    return [
        tuple(slice(at, at + largest) for at in corner) for corner in itertools.product(*starts)
    ]
