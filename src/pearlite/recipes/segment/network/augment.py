"""How images of one material differ from shot to shot: contrast, brightness, sharpness, noise.

Axes: B batch, C channels, S space, that is HW of an image or DHW of a volume.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from pearlite.recipes.segment.network.working import LINEAR

AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def usual(x_BCS: Tensor, y_BS: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Vary gain, offset, tone curve, slow shading, sharpness and noise of normalised images.

    The labels stay as they are.
    """
    count, channels, *space = x_BCS.shape
    per_crop = (count, channels, *len(space) * [1])

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    def chosen(share: float) -> Tensor:
        return torch.rand(count, *(len(per_crop) - 1) * [1], generator=generator) < share

    x_BCS = x_BCS * torch.exp(0.15 * normal(*per_crop)) + 0.15 * normal(*per_crop)
    curve = 0.06 * normal(*per_crop)
    x_BCS = x_BCS + torch.where(chosen(0.5), curve * x_BCS.clamp(-4, 4).square(), 0)
    shading = F.interpolate(
        0.15 * normal(count, channels, *len(space) * [2]),
        space,
        mode=LINEAR[len(space)],
        align_corners=True,
    )
    x_BCS = x_BCS + torch.where(chosen(0.3), shading, 0)
    if min(space) > 2:
        mean = AVERAGE[len(space)](
            F.pad(x_BCS, 2 * len(space) * [1], mode="replicate"), 3, stride=1
        )
        amount = torch.rand(per_crop, generator=generator) * 1.2 - 0.6
        x_BCS = x_BCS + torch.where(chosen(0.4), amount * (mean - x_BCS), 0)
    strength = 0.15 * torch.rand(per_crop, generator=generator)
    return x_BCS + torch.where(chosen(0.4), strength, 0) * normal(*x_BCS.shape), y_BS
