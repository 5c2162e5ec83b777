"""Copies of labelled images that look unlike them, to learn from how a segmenter fails.

Axes: B batch of one, C channels, S space, that is HW of an image or DHW of a volume.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pearlite.recipes.segment.network.render import Draw, blurred, rendered
from pearlite.recipes.segment.network.working import LINEAR, working_image, working_truth

Shift = Callable[[Tensor, Tensor, float, torch.Generator], Tensor]


@dataclass(frozen=True)
class Shifted:
    """A changed copy.

    Parameters
    ----------
    image_CS, truth_S
        Normalised image and class numbers; smaller where the magnification was lowered, and the
        middle of it where it was raised.
    kind, strength
        What was changed, and how much: from 0 to 1.
    """

    image_CS: NDArray[np.float32]
    truth_S: NDArray[np.int16]
    kind: str
    strength: float


def shifted(
    image_CS: NDArray[np.generic], truth_S: NDArray[np.int16], kind: str, strength: float, seed: int
) -> Shifted:
    """Make a copy of an image in which one thing is different.

    Parameters
    ----------
    image_CS, truth_S
        Image and class numbers.
    kind
        One of `KINDS`.
    strength
        From 0, as it was, to 1, hardly to be recognised.
    seed
        Determines what is drawn.
    """
    generator = torch.Generator().manual_seed(seed)
    scale = {"smaller": 3.0**-strength, "larger": 3.0**strength}.get(kind, 1.0)
    x_1CS = working_image(image_CS, scale)[None]
    y_S = working_truth(truth_S, scale)
    middle = tuple(
        slice((now - was) // 2, (now - was) // 2 + was) if now > was else slice(None)
        for now, was in zip(y_S.shape, truth_S.shape, strict=True)
    )
    x_1CS, y_S = x_1CS[(..., *middle)], y_S[middle]
    if kind in CHANGES:
        x_1CS = CHANGES[kind](x_1CS, y_S[None].long(), strength, generator)
    return Shifted(x_1CS[0].numpy(), y_S.numpy(), kind, strength)


def _noisy(x_1CS: Tensor, y_1S: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    return x_1CS + 2.0 * strength * torch.randn(x_1CS.shape, generator=generator)


def _blurred(x_1CS: Tensor, y_1S: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    return blurred(x_1CS, torch.tensor([4.0 * strength]))


def _shaded(x_1CS: Tensor, y_1S: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    space = tuple(x_1CS.shape[2:])
    coarse = torch.randn(1, 1, *len(space) * [3], generator=generator)
    shade = F.interpolate(coarse, space, mode=LINEAR[len(space)], align_corners=True)
    return x_1CS + 3.0 * strength * shade


def _faded(x_1CS: Tensor, y_1S: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    bright = bool(torch.rand((), generator=generator) < 0.5)
    bend = 1.5 * strength if bright else -1.5 * strength
    return torch.expm1(bend * x_1CS.clamp(-4, 4)) / bend


def _inverted(x_1CS: Tensor, y_1S: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    return (1 - 2 * strength) * x_1CS + 0.05 * torch.randn(x_1CS.shape, generator=generator)


def _redrawn(x_1CS: Tensor, y_1S: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    drawn_1CS = rendered(x_1CS, y_1S, generator, inverted=0.0)
    share = Draw(1, x_1CS.ndim, generator).wide(torch.tensor([strength]))
    return (1 - share) * x_1CS + share * drawn_1CS


CHANGES: dict[str, Shift] = {
    "noise": _noisy,
    "blur": _blurred,
    "shading": _shaded,
    "tone": _faded,
    "inverted": _inverted,
    "redrawn": _redrawn,
}
KINDS = ("smaller", "larger", *CHANGES)
