"""How well a fill belongs to its image: its patches, its phases, and the seam at its rim.

Axes: H, W of an image, C channels, P projections, N patches.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pearlite.recipes.reconstruct.hole import shifted
from pearlite.recipes.reconstruct.images import Meaning
from pearlite.train.sliced_wasserstein import quantile_distance, random_directions, shrink

DIRECTIONS, SIDE, SCALES = 64, 5, (1, 2)
MOST = 20_000  # patches of the known image
REAL = 8  # known pieces of the hole's shape whose distances are the floor


@dataclass(frozen=True)
class Belongs:
    """What was measured.

    Attributes
    ----------
    patches
        Root of the sliced Wasserstein distance between the patches that touch the hole and those of
        the known image, 5 pixels a side at two scales.
    floor
        The same of known pieces of the hole's shape, their mean; None where there is no room for
        any.
    seam
        Mean difference between neighbours across the rim, over that of known neighbours: 1 is none.
    shares
        Of phases by class number: inside the hole, and in the known image. Empty for values.
    """

    patches: float
    floor: float | None
    seam: float
    shares: tuple[tuple[float, float], ...]


def belongs(image_CHW: Tensor, hole_HW: NDArray[np.bool_], meaning: Meaning) -> Belongs:
    """Measure a filled image.

    Parameters
    ----------
    image_CHW
        Shares of phases, 0 and 1, or values.
    hole_HW
        Where it was filled.
    meaning
        Of the channels.
    """
    known = _distances(image_CHW, hole_HW, [hole_HW, *shifted(hole_HW, REAL)])
    shares: tuple[tuple[float, float], ...] = ()
    if meaning.kind == "phases":
        inside = image_CHW[:, torch.from_numpy(hole_HW)].mean(1)
        outside = image_CHW[:, torch.from_numpy(~hole_HW)].mean(1)
        shares = tuple(zip(inside.tolist(), outside.tolist(), strict=True))
    floor = float(np.mean(known[1:])) if len(known) > 1 else None
    return Belongs(known[0], floor, seam(image_CHW, hole_HW), shares)


def seam(image_CHW: Tensor, hole_HW: NDArray[np.bool_]) -> float:
    """Return the mean difference between neighbours across the rim over that of known ones."""
    hole = torch.from_numpy(hole_HW)
    across, known = [], []
    for axis in (0, 1):
        steps = image_CHW.diff(dim=1 + axis).abs().sum(0)
        length = hole.shape[axis] - 1
        one, other = hole.narrow(axis, 0, length), hole.narrow(axis, 1, length)
        across.append(steps[one != other])
        known.append(steps[~one & ~other])
    return float(torch.cat(across).mean() / torch.cat(known).mean())


def _distances(
    image_CHW: Tensor, hole_HW: NDArray[np.bool_], places: list[NDArray[np.bool_]]
) -> list[float]:
    """Return how far the patches that touch each place are from those that touch no hole."""
    random = torch.Generator().manual_seed(0)
    sums = [0.0] * len(places)
    for scale in SCALES:
        directions = random_directions(DIRECTIONS, len(image_CHW), SIDE, generator=random)
        projected_PHW = functional.conv2d(shrink(image_CHW[None], scale), directions)[0]
        real_PN = projected_PHW[:, ~_touching(hole_HW, scale)]
        few = torch.randperm(real_PN.shape[1], generator=random)[:MOST]
        for number, place in enumerate(places):
            made_PN = projected_PHW[:, _touching(place, scale)]
            sums[number] += float(quantile_distance(made_PN, real_PN[:, few])) / len(SCALES)
    return [total**0.5 for total in sums]


def _touching(place_HW: NDArray[np.bool_], scale: int) -> Tensor:
    """Return whether the patch at each position touches a place."""
    inside = functional.max_pool2d(torch.from_numpy(place_HW).float()[None], scale)
    return functional.max_pool2d(inside, SIDE, 1)[0] > 0
