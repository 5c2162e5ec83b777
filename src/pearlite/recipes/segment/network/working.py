"""What the network sees of an image: normalised, at the recipe's working scale.

Axes: C channels, S space, that is HW of an image or DHW of a volume; K classes.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pearlite.recipes.segment.example import UNLABELLED
from pearlite.recipes.segment.normalise import normalise

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
POOL: dict[int, Any] = {2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}


def working_image(image_CS: NDArray[np.generic], scale: float) -> Tensor:
    """Normalise an image and bring it to the working scale, averaging where it gets smaller.

    Returns
    -------
    Tensor
        Float32, ``(C, *S)``, sides as `working_sides` says.
    """
    x_CS = torch.from_numpy(normalise(image_CS))
    sides = working_sides(image_CS.shape[1:], scale)
    if sides == tuple(x_CS.shape[1:]):
        return x_CS
    if scale < 1 and x_CS.ndim == 4:
        x_CS = POOL[3](x_CS, sides)  # torch's trilinear does not average
    mode, smooth = LINEAR[x_CS.ndim - 1], scale < 1 and x_CS.ndim == 3
    return F.interpolate(x_CS[None], sides, mode=mode, align_corners=False, antialias=smooth)[0]


def working_truth(truth_S: NDArray[np.integer], scale: float) -> Tensor:
    """Bring labels to the working scale: each pixel takes the class of the most that it covers.

    Returns
    -------
    Tensor
        Int16, `UNLABELLED` where no label is covered.
    """
    truth = torch.from_numpy(np.ascontiguousarray(truth_S, dtype=np.int16))
    sides = working_sides(truth_S.shape, scale)
    if sides == tuple(truth.shape):
        return truth
    if scale > 1:
        return F.interpolate(truth[None, None].float(), sides, mode="nearest")[0, 0].short()
    pool = POOL[truth.ndim]
    most = torch.zeros(sides)
    fewer = torch.full(sides, UNLABELLED, dtype=torch.int16)
    for number in range(int(truth.max()) + 1):
        share = pool((truth == number)[None].float(), sides)[0]
        fewer[share > most] = number
        most = torch.maximum(most, share)
    return fewer


def working_sides(sides: tuple[int, ...], scale: float) -> tuple[int, ...]:
    """Return the sides of an image at the working scale, at least one pixel each."""
    return tuple(max(1, round(side * scale)) for side in sides)
