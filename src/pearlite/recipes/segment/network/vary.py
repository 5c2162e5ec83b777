"""How images of one material differ from microscope to microscope.

`augment.usual` varies what changes from shot to shot; `unlike` varies what changes with detector,
voltage, etch and alloy, for a segmenter that shall be used on images unlike its training's.

Axes: B batch, C channels, S space, that is HW of an image or DHW of a volume.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from pearlite.recipes.segment.example import UNLABELLED
from pearlite.recipes.segment.network.augment import usual
from pearlite.recipes.segment.network.crops import Geometry, Vary
from pearlite.recipes.segment.network.render import Draw, blurred, rendered
from pearlite.recipes.segment.network.working import LINEAR

UNLIKE_GEOMETRY = Geometry(shape=1.0, stretch=0.4, bend=1.5)
"""Magnifications of which 95 % lie between 0.45 and 2.2 times the training's."""

LABELLED = 0.9  # share of a crop's pixels that must have a label for it to be drawn anew
RENDERED = 0.5  # share of such crops that are
SMALLEST = 0.3  # pixels; a narrower blur changes nothing


def unlike(x_BCS: Tensor, y_BS: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Vary crops as another microscope, detector, voltage or etch would; a `crops.Vary`.

    Half of the crops that are labelled throughout are drawn anew from their labels
    (`render.rendered`). All of them get another shading, sharpness, noise, tone curve, gain and
    offset (`photographed`). The labels stay as they are.
    """
    labelled_B = (y_BS != UNLABELLED).flatten(1).float().mean(1) >= LABELLED
    drawn_B = labelled_B & (torch.rand(len(x_BCS), generator=generator) < RENDERED)
    if drawn_B.any():
        x_BCS = x_BCS.clone()
        x_BCS[drawn_B] = rendered(x_BCS[drawn_B], y_BS[drawn_B], generator)
    return photographed(x_BCS, generator), y_BS


def photographed(x_BCS: Tensor, generator: torch.Generator) -> Tensor:
    """Take normalised images again under other conditions.

    Slow shading, blur, white or smooth noise, a bent tone curve; then a gain and an offset about
    those that make the crop's mean 0 and its standard deviation 1.
    """
    draw = Draw(len(x_BCS), x_BCS.ndim, generator)
    space = tuple(x_BCS.shape[2:])
    coarse_BCS = draw.normal(x_BCS.shape[1], *len(space) * [3])
    shading_BCS = F.interpolate(coarse_BCS, space, mode=LINEAR[len(space)], align_corners=True)
    x_BCS = x_BCS + draw.wide(draw.uniform(0, 0.3)) * shading_BCS
    sigma_B = draw.uniform(0, 1.6) * draw.chosen(0.5)
    softer_BCS = blurred(x_BCS, sigma_B.clamp(min=SMALLEST))
    x_BCS = torch.where(draw.wide(sigma_B) > SMALLEST, softer_BCS, x_BCS)
    noise_BCS = torch.randn(x_BCS.shape, generator=generator)
    smooth_BCS = blurred(noise_BCS, torch.full((len(x_BCS),), 0.8))
    smooth_BCS = smooth_BCS / smooth_BCS.std()
    noise_BCS = torch.where(draw.wide(draw.chosen(0.4)) > 0, smooth_BCS, noise_BCS)
    strength_B = draw.logarithmic(0.03, 0.6) * draw.chosen(0.8)
    x_BCS = x_BCS + draw.wide(strength_B) * noise_BCS
    bend_B = 0.15 * draw.normal()
    bend_B = torch.where(bend_B.abs() < 1e-3, 1e-3, bend_B)
    x_BCS = torch.expm1(draw.wide(bend_B) * x_BCS.clamp(-4, 4)) / draw.wide(bend_B)
    axes = tuple(range(1, x_BCS.ndim))
    mean, spread = x_BCS.mean(axes, keepdim=True), x_BCS.std(axes, keepdim=True)
    x_BCS = (x_BCS - mean) / (spread + 1e-3)
    return x_BCS * draw.wide(torch.exp(0.25 * draw.normal())) + 0.3 * draw.wide(draw.normal())


LOOKS: dict[str, tuple[Vary, Geometry]] = {
    "usual": (usual, Geometry()),
    "unlike": (unlike, UNLIKE_GEOMETRY),
}
"""What a recipe's `vary` means."""
