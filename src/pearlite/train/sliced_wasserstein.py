"""How far the patches of one set of images are from those of another: sliced Wasserstein distance.

A patch is a point in as many dimensions as it has values. Two clouds of points are compared by
their shadows: both are projected onto random directions, the shadows are sorted, and the k-th
smallest of one should be where the k-th smallest of the other is (Rabin et al., Wasserstein
Barycenter and Its Application to Texture Mixing, SSVM 2011; as a loss of textures Heitz et al.,
A Sliced Wasserstein Loss for Neural Texture Synthesis, CVPR 2021). No network is needed.

Axes: B batch, C channels, HW space, P projections, N and M values of a shadow.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from pearlite.errors import InputError


def sliced_wasserstein(
    fake_BCHW: Tensor,
    real_BCHW: Tensor,
    *,
    patch: int = 5,
    projections: int = 48,
    samples: int = 6000,
    generator: torch.Generator,
) -> Tensor:
    """Mean squared difference between the sorted projections of two sets' patches.

    Patches are taken from a square grid whose origin is drawn anew at each call, so that a grid
    that the images carry themselves cannot hide in it.

    Parameters
    ----------
    fake_BCHW, real_BCHW
        Images with the same channels on the same device; their numbers and sizes may differ.
        Gradients flow into both.
    patch
        Side of a patch in pixels.
    projections
        Random directions, each of length 1.
    samples
        Patches of each set, about; all of them where there are fewer.
    generator
        Draws the directions and the grids' origins; on the CPU.

    Returns
    -------
    Tensor
        A scalar in squared units of the images; 0 where both sets have the same patches.

    Raises
    ------
    InputError
        If an image is smaller than a patch, or the channels differ.
    """
    _check(fake_BCHW, real_BCHW, patch)
    directions = torch.randn(projections, fake_BCHW.shape[1], patch, patch, generator=generator).to(
        fake_BCHW
    )
    directions = directions / directions.flatten(1).norm(dim=1)[:, None, None, None]
    fake_PN = shadows(fake_BCHW, directions, samples, generator)
    real_PM = shadows(real_BCHW, directions, samples, generator)
    return quantile_distance(fake_PN, real_PM)


def multi_scale(
    fake_BCHW: Tensor,
    real_BCHW: Tensor,
    *,
    scales: Sequence[int] = (1, 2, 4),
    patches: Sequence[int] = (5, 9),
    projections: int = 48,
    samples: int = 6000,
    generator: torch.Generator,
) -> Tensor:
    """Mean of `sliced_wasserstein` over patch sizes and over images averaged over squares.

    Parameters
    ----------
    scales
        Sides of the squares of pixels that become one pixel.
    patches
        Sides of the patches, in pixels of each scale; those that do not fit are left out.

    Raises
    ------
    InputError
        If none fits, or as `sliced_wasserstein` does.
    """
    side = min(*fake_BCHW.shape[2:], *real_BCHW.shape[2:])
    pairs = [(scale, patch) for scale in scales for patch in patches if patch <= side // scale]
    if not pairs:
        raise InputError(
            f"images of {side} pixels hold no patch of {min(patches)} pixels at the scales "
            f"{tuple(scales)}; give larger images or smaller patches"
        )
    terms = [
        sliced_wasserstein(
            shrink(fake_BCHW, scale),
            shrink(real_BCHW, scale),
            patch=patch,
            projections=projections,
            samples=samples,
            generator=generator,
        )
        for scale, patch in pairs
    ]
    return torch.stack(terms).mean()


def shrink(x_BCHW: Tensor, scale: int) -> Tensor:
    """Average over squares of `scale` pixels; what is left over at the far edges is left away."""
    return x_BCHW if scale == 1 else functional.avg_pool2d(x_BCHW, scale)


def shadows(
    x_BCHW: Tensor, directions_PCHW: Tensor, samples: int, generator: torch.Generator
) -> Tensor:
    """Project patches of a random grid onto directions: (P, N), N about `samples`, unsorted."""
    height, width = (
        side - patch + 1
        for side, patch in zip(x_BCHW.shape[2:], directions_PCHW.shape[2:], strict=True)
    )
    step = max(1, math.floor(math.sqrt(len(x_BCHW) * height * width / samples)))
    step = min(step, height, width)
    top, left = (int(k) for k in torch.randint(step, (2,), generator=generator))
    top, left = min(top, height - 1), min(left, width - 1)
    projected_BPHW = functional.conv2d(x_BCHW[:, :, top:, left:], directions_PCHW, stride=step)
    return projected_BPHW.transpose(0, 1).flatten(1)


def quantile_distance(fake_PN: Tensor, real_PM: Tensor) -> Tensor:
    """Mean squared difference between equal quantiles of two sets of numbers, row by row."""
    fake_PN, real_PM = fake_PN.sort(dim=1).values, real_PM.sort(dim=1).values
    count = min(fake_PN.shape[1], real_PM.shape[1])
    return (_quantiles(fake_PN, count) - _quantiles(real_PM, count)).square().mean()


def _quantiles(sorted_PN: Tensor, count: int) -> Tensor:
    """Read sorted numbers at the middles of `count` equal shares of them."""
    given = sorted_PN.shape[1]
    if given == count:
        return sorted_PN
    place = (torch.arange(count, device=sorted_PN.device) + 0.5) * (given / count) - 0.5
    below = place.floor().clamp(0, given - 2).long()
    part = (place - below).to(sorted_PN.dtype)
    return torch.lerp(sorted_PN[:, below], sorted_PN[:, below + 1], part)


def _check(fake_BCHW: Tensor, real_BCHW: Tensor, patch: int) -> None:
    if fake_BCHW.shape[1] != real_BCHW.shape[1]:
        raise InputError(
            f"images of {fake_BCHW.shape[1]} and of {real_BCHW.shape[1]} channels cannot be "
            "compared; bring both to the same channels"
        )
    side = min(*fake_BCHW.shape[2:], *real_BCHW.shape[2:])
    if side < patch:
        raise InputError(
            f"an image of {side} pixels holds no patch of {patch}; give larger images or a "
            "smaller patch"
        )
