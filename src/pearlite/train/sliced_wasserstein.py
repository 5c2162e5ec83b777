"""How far the patches of one set of images are from those of another: sliced Wasserstein distance.

A patch is a point in as many dimensions as it has values. Two clouds of points are compared by
their shadows: both are projected onto random directions, the shadows are sorted, and the k-th
smallest of one should be where the k-th smallest of the other is (Rabin et al., Wasserstein
Barycenter and Its Application to Texture Mixing, SSVM 2011; as a loss of textures Heitz et al.,
A Sliced Wasserstein Loss for Neural Texture Synthesis, CVPR 2021). No network is needed.

Axes: B batch, C channels, HW space, P projections, N, M and K values of a shadow.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pearlite.errors import InputError

_NUMPY_TYPES = (torch.float32, torch.float64)


def sliced_wasserstein(
    fake_BCHW: Tensor,
    real_BCHW: Tensor,
    *,
    patch: int = 5,
    projections: int = 48,
    samples: int = 6000,
    taps: int | None = None,
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
    taps
        At how many random pixels of the patch a direction is not 0; at all of them where None. A
        direction with all pixels sees little but the patch's total variance; one with few sees how
        these depend on one another, which is what a surface or a thin film consists of.
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
    directions = random_directions(
        projections, fake_BCHW.shape[1], patch, taps=taps, generator=generator
    ).to(fake_BCHW)
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


def random_directions(
    projections: int,
    channels: int,
    patch: int,
    *,
    taps: int | None = None,
    generator: torch.Generator,
) -> Tensor:
    """Draw directions of length 1 in the space of patches: (P, C, patch, patch)."""
    directions = torch.randn(projections, channels, patch * patch, generator=generator)
    if taps is not None and taps < patch * patch:
        chosen = torch.rand(projections, patch * patch, generator=generator).topk(taps).indices
        directions *= torch.zeros(projections, patch * patch).scatter_(1, chosen, 1)[:, None]
    lengths = directions.flatten(1).norm(dim=1)
    return (directions / lengths[:, None, None]).unflatten(2, (patch, patch))


def shadows(
    x_BCHW: Tensor, directions_PCHW: Tensor, samples: int, generator: torch.Generator
) -> Tensor:
    """Project patches of a random grid onto directions: (P, N), N about `samples`, unsorted."""
    height, width = (
        side - patch + 1
        for side, patch in zip(x_BCHW.shape[2:], directions_PCHW.shape[2:], strict=True)
    )
    every = len(x_BCHW) * height * width / samples  # positions for one sample
    down = min(max(1, math.floor(math.sqrt(every))), height)
    across = min(max(1, round(every / down)), width)
    top = int(torch.randint(down, (), generator=generator))
    left = int(torch.randint(across, (), generator=generator))
    projected_BPHW = functional.conv2d(
        x_BCHW[:, :, top:, left:], directions_PCHW, stride=(down, across)
    )
    return projected_BPHW.transpose(0, 1).flatten(1)


def quantile_distance(fake_PN: Tensor, real_PM: Tensor) -> Tensor:
    """Mean squared difference between equal quantiles of two sets of numbers, row by row."""
    fake_PN, real_PM = _sorted(fake_PN), _sorted(real_PM)
    count, others = fake_PN.shape[1], real_PM.shape[1]
    if count != others:
        place_N = (torch.arange(count, device=fake_PN.device) + 0.5) / count * others - 0.5
        place_N = place_N.clamp(0, others - 1)
        index_N = place_N.floor().clamp(max=max(others - 2, 0)).long()
        low, high = real_PM[:, index_N], real_PM[:, (index_N + 1).clamp(max=others - 1)]
        real_PM = torch.lerp(low, high, (place_N - index_N).to(real_PM.dtype))
    return (fake_PN - real_PM).square().mean()


def _sorted(x_PN: Tensor) -> Tensor:
    """Sort each row; on a CPU by NumPy, several times as fast as torch."""
    if x_PN.device.type != "cpu" or x_PN.dtype not in _NUMPY_TYPES:
        return x_PN.sort(dim=1).values
    if not x_PN.requires_grad:
        return torch.from_numpy(np.sort(x_PN.numpy(), axis=1))
    return x_PN.gather(1, torch.from_numpy(np.argsort(x_PN.detach().numpy(), axis=1)))


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
