"""Neighbouring pixels of like grey are of one class: what an image says where nobody labelled it.

Axes: B batch, C channels, S space, that is HW of an image or DHW of a volume; K classes.
"""

import itertools
from collections.abc import Iterator, Sequence
from types import EllipsisType

import torch
from torch import Tensor
from torch.nn import functional as F

from pearlite.recipes.segment.network.augment import AVERAGE

DISTANCES = (1, 3)  # pixels between two neighbours that are compared
MEAN = 5  # pixels along a side over which noise is averaged before grey is compared
LIKE = 1.5  # two pixels are alike up to so many times the usual difference

Place = tuple[EllipsisType | slice, ...]


def smoothness(x_BCS: Tensor, shares_BKS: Tensor, gate: float) -> Tensor:
    """Mean probability that two neighbours of like grey are of different classes.

    The gated loss of Obukhov et al., arXiv 1906.04651, over few pairs: to be added to a loss of
    the labelled pixels. It lets classes spread from them up to the next edge of the image.

    Parameters
    ----------
    x_BCS
        What the network saw.
    shares_BKS
        Its probabilities.
    gate
        Difference of grey beyond which neighbours hardly count; see `usual_difference`.
    """
    calm_BCS = calm(x_BCS)
    losses = []
    for one, other in pairs(x_BCS.ndim - 2):
        difference_BS = (calm_BCS[one] - calm_BCS[other]).square().mean(1)
        alike_BS = torch.exp(-difference_BS / (2 * gate**2))
        same_BS = (shares_BKS[one] * shares_BKS[other]).sum(1)
        losses.append((alike_BS * (1 - same_BS)).mean())
    return torch.stack(losses).mean()


def usual_difference(images: Sequence[Tensor]) -> float:
    """Return the gate for images (C, *S): `LIKE` times the median difference of neighbours."""
    differences = []
    for x_CS in images:
        calm_BCS = calm(x_CS[None].float())
        for axis in range(2, calm_BCS.ndim):
            apart = calm_BCS.unfold(axis, DISTANCES[-1] + 1, DISTANCES[-1])
            differences.append((apart[..., 0] - apart[..., -1]).square().mean(1).sqrt().median())
    return max(LIKE * float(torch.stack(differences).median()), 1e-3)


def calm(x_BCS: Tensor) -> Tensor:
    """Return the mean over `MEAN` pixels along each axis."""
    dims = x_BCS.ndim - 2
    padded_BCS = F.pad(x_BCS, 2 * dims * [MEAN // 2], mode="replicate")
    return AVERAGE[dims](padded_BCS, MEAN, stride=1)


def pairs(dims: int) -> Iterator[tuple[Place, Place]]:
    """Yield where the first and the second of two neighbours lie, for half of all directions."""
    for distance, steps in itertools.product(DISTANCES, itertools.product((0, 1, -1), repeat=dims)):
        if next((step for step in steps if step), -1) > 0:
            shifts = [distance * step for step in steps]
            yield (
                (..., *(slice(max(0, -shift), -max(0, shift) or None) for shift in shifts)),
                (..., *(slice(max(0, shift), -max(0, -shift) or None) for shift in shifts)),
            )
