"""Draw micrographs that were never taken: from the labels of a crop, in another microscope's look.

A network that has seen one microscope's images takes that microscope's contrast for the material.
Labels do not change with detector, voltage or etch, so images are drawn from them in which
everything else does: grey levels of the classes, bright and dark rims, shadows of a relief,
textures (domain randomisation: Tobin et al., IROS 2017; from label maps: Billot et al., Med. Image
Anal. 86, 2023).

Axes: B batch, C channels, K classes, S space, that is HW of an image or DHW of a volume; L one of
the axes of S; M all others.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

EDGE = (0.4, 1.8)  # pixels, blur of the edges between classes
RIM = (0.8, 5.0)  # pixels, width of rims and of a relief's slopes
GRAIN = (0.6, 8.0)  # pixels, size of a texture's grains
FAITH = (0.2, 1.5)  # times the training's contrast of a class, for each class its own


def rendered(
    x_BCS: Tensor, y_BS: Tensor, generator: torch.Generator, *, inverted: float = 0.0
) -> Tensor:
    """Draw new images for labels.

    Parameters
    ----------
    x_BCS
        Normalised images; the mean grey of a class in them is where its new grey is drawn about,
        and their own texture is mixed in. Where a pixel has no label, it stays as it is.
    y_BS
        Class numbers, int64; -1 where not known.
    generator
        Draws everything.
    inverted
        Share of the images whose bright and dark change places.

    Returns
    -------
    Tensor
        Float32, shape of `x_BCS`. All channels of an image have the same rims and shadows.
    """
    draw = Draw(len(x_BCS), x_BCS.ndim, generator)
    classes = int(y_BS.max()) + 1
    if classes < 1:
        return x_BCS
    truth_BKS = torch.stack([y_BS == k for k in range(classes)], 1).to(x_BCS.dtype)
    soft_BKS = blurred(truth_BKS, draw.uniform(*EDGE))
    greys_KC = class_means(x_BCS, truth_BKS)
    unknown_B1S = 1 - truth_BKS.sum(1, keepdim=True)
    image_BCS = unknown_B1S * x_BCS
    own_BCS = x_BCS * (1 - unknown_B1S)
    shades_B1S = torch.zeros_like(x_BCS[:, :1])
    light_BS = draw.direction()
    kept = draw.wide(draw.uniform(0, 1) * draw.chosen(0.6))
    for k in range(classes):
        class_B1S, soft_B1S = truth_BKS[:, k : k + 1], soft_BKS[:, k : k + 1]
        contrast_B1 = draw.logarithmic(*FAITH)[:, None]
        grey_BC = contrast_B1 * greys_KC[k] + 0.3 * draw.normal(x_BCS.shape[1])
        image_BCS = image_BCS + soft_B1S * draw.wide(grey_BC)
        own_BCS = own_BCS - class_B1S * draw.wide(greys_KC[k].expand(len(x_BCS), -1))
        image_BCS = image_BCS + soft_B1S * texture(x_BCS, draw)
        shades_B1S = shades_B1S + rims(class_B1S, soft_B1S, light_BS, draw)
    image_BCS = image_BCS + shades_B1S + kept * own_BCS.clamp(-2.5, 2.5)
    return torch.where(draw.wide(draw.chosen(inverted)) > 0, -image_BCS, image_BCS)


class Draw:
    """Random numbers, one or more for each image of a batch.

    Parameters
    ----------
    batch, ndim
        Images, and axes of their tensor.
    generator
        Where they come from.
    """

    def __init__(self, batch: int, ndim: int, generator: torch.Generator) -> None:
        self.batch, self.ndim, self.generator = batch, ndim, generator

    def wide(self, numbers: Tensor) -> Tensor:
        """Give numbers, (B,) or (B, C), the axes of the images."""
        columns = numbers if numbers.ndim == 2 else numbers[:, None]
        return columns.reshape(*columns.shape, *(self.ndim - 2) * [1])

    def uniform(self, low: float, high: float) -> Tensor:
        """Draw numbers between two, (B,)."""
        return low + (high - low) * torch.rand(self.batch, generator=self.generator)

    def logarithmic(self, low: float, high: float) -> Tensor:
        """Draw numbers between two, small and large ones as often, (B,)."""
        return torch.exp(self.uniform(math.log(low), math.log(high)))

    def normal(self, *more: int) -> Tensor:
        """Draw standard normal numbers, (B, *more)."""
        return torch.randn((self.batch, *more), generator=self.generator)

    def chosen(self, share: float) -> Tensor:
        """Return 1 for about a share of the images, and 0 for the others, (B,)."""
        return (torch.rand(self.batch, generator=self.generator) < share).float()

    def direction(self) -> Tensor:
        """Draw from where light falls: unit vectors, (B, axes of space)."""
        return F.normalize(self.normal(self.ndim - 2), dim=1)


def rims(class_B1S: Tensor, soft_B1S: Tensor, light_BS: Tensor, draw: Draw) -> Tensor:
    """Draw what the border of a class looks like: a rim on each side, and light on its slope."""
    width = draw.logarithmic(*RIM)
    near_B1S = blurred(class_B1S, width)
    outer = draw.chosen(0.6) * (0.6 + 1.2 * draw.normal())
    inner = draw.chosen(0.6) * 0.8 * draw.normal()
    slope = draw.chosen(0.4) * 1.2 * draw.normal() * width
    lit_B1S = torch.zeros_like(near_B1S)
    for axis in range(2, near_B1S.ndim):
        step_B1S = torch.zeros_like(near_B1S)
        inside = step_B1S.narrow(axis, 1, near_B1S.shape[axis] - 2)
        inside += near_B1S.narrow(axis, 2, inside.shape[axis])
        inside -= near_B1S.narrow(axis, 0, inside.shape[axis])
        lit_B1S = lit_B1S + draw.wide(light_BS[:, axis - 2]) * step_B1S
    return (
        draw.wide(outer) * (1 - soft_B1S) * near_B1S
        + draw.wide(inner) * soft_B1S * (1 - near_B1S)
        + draw.wide(slope) * lit_B1S
    )


def texture(like_BCS: Tensor, draw: Draw) -> Tensor:
    """Draw noise with grains of a random size and strength, for six images in ten."""
    noise_BCS = torch.randn(like_BCS.shape, generator=draw.generator)
    grains_BCS = blurred(noise_BCS, draw.logarithmic(*GRAIN))
    axes = tuple(range(1, like_BCS.ndim))
    grains_BCS = grains_BCS / grains_BCS.std(axes, keepdim=True).clamp(min=1e-6)
    return draw.wide(draw.chosen(0.6) * draw.uniform(0, 0.45)) * grains_BCS


def class_means(x_BCS: Tensor, truth_BKS: Tensor) -> Tensor:
    """Return the mean grey of every class over a batch, (K, C); 0 for a class that is not in it."""
    pixels_K = truth_BKS.sum([0, *range(2, truth_BKS.ndim)])
    sums_KC = torch.einsum("bkn,bcn->kc", truth_BKS.flatten(2), x_BCS.flatten(2))
    return sums_KC / pixels_K.clamp(min=1)[:, None]


def blurred(x_BCS: Tensor, sigma_B: Tensor) -> Tensor:
    """Blur every image of a batch by a Gaussian of its own standard deviation in pixels."""
    radius = max(1, math.ceil(3 * float(sigma_B.max())))
    places = torch.arange(-radius, radius + 1)
    weights_BL = torch.exp(-(places**2) / (2 * sigma_B[:, None].clamp(min=0.05) ** 2))
    kernels_B1L = (weights_BL / weights_BL.sum(1, keepdim=True))[:, None].to(x_BCS.dtype)
    for axis in range(2, x_BCS.ndim):
        lines_BML = x_BCS.movedim(axis, -1)
        shape = lines_BML.shape
        lines_MBL = lines_BML.flatten(1, -2).transpose(0, 1)
        padded = F.pad(lines_MBL, (radius, radius), mode="replicate")
        found_MBL = F.conv1d(padded, kernels_B1L, groups=len(sigma_B))
        x_BCS = found_MBL.transpose(0, 1).reshape(shape).movedim(-1, axis)
    return x_BCS
