"""The methods: pearlite's two, and what else can give a label map a look.

Axes: C channels, Y rows, X columns; B batch, H rows, W columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.exposure import match_histograms
from torch import Tensor

from pearlite.nets.pretrained import encoder
from pearlite.recipes.style import stylise
from pearlite.recipes.style.greys import flat, start

STEPS, RATE = 150, 0.05  # of the optimisation by Gram matrices
CONTENT_LEVEL, CONTENT_WEIGHT = 1, 0.03


@dataclass(frozen=True)
class Case:
    """A mask to be styled, and a real image of another place with its mask.

    Parameters
    ----------
    name
        Of the case.
    mask, truth
        The content, and the image that it was drawn on.
    reference, reference_mask
        The look.
    real, real_mask
        A third place, to try a segmentation on.
    """

    name: str
    mask: NDArray
    truth: NDArray
    reference: NDArray
    reference_mask: NDArray
    real: NDArray
    real_mask: NDArray

    @property
    def pools(self) -> list[NDArray[np.float32]]:
        """Greys of each class in the reference."""
        image = self.reference.astype(np.float32)
        return [image[self.reference_mask == k][None] for k in self.values]

    @property
    def values(self) -> list[int]:
        """The classes."""
        return np.unique(self.mask).tolist()

    @property
    def classes(self) -> NDArray[np.int64]:
        """Number of the class of every pixel of the mask."""
        return np.searchsorted(self.values, self.mask)


def means(case: Case) -> NDArray:
    """Every phase in its mean grey."""
    return flat(case.classes, case.pools)[0]


def histogram(case: Case) -> NDArray:
    """scikit-image's histogram matching of the phases in their mean greys."""
    return match_histograms(means(case), case.reference.astype(np.float32))


def draws(case: Case) -> NDArray:
    """Every pixel in a grey drawn from its phase."""
    return start(case.mask[None], case.classes, case.pools, np.random.default_rng(0))[0]


def pixels(case: Case) -> NDArray:
    """Pearlite's default."""
    return stylise(case.mask, case.reference, style_labels=case.reference_mask).image


def adain(case: Case) -> NDArray:
    """Pearlite's single pass."""
    return stylise(
        case.mask, case.reference, style_labels=case.reference_mask, method="adain"
    ).image


def gram(case: Case) -> NDArray:
    """Gram matrices of an encoder's maps (Gatys et al., CVPR 2016), on EfficientNet-lite0.

    It begins where pearlite begins, at greys drawn from each phase, and keeps the content's
    features at a quarter of the size; as published it knows of no classes.
    """
    net = encoder("lite0", generator=torch.Generator()).eval().requires_grad_(False)
    mean, spread = case.reference.mean(), case.reference.std()

    def shown(image: NDArray) -> Tensor:
        return torch.from_numpy(((image - mean) / spread).astype(np.float32))[None, None]

    wanted = grams(net(shown(case.reference)))
    content = net(shown(means(case)))[CONTENT_LEVEL]
    image = shown(draws(case)).requires_grad_()
    optimiser = torch.optim.Adam([image], lr=RATE)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = RATE * (1 + np.cos(np.pi * step / STEPS)) / 2
        optimiser.zero_grad()
        maps = net(image)
        style = sum(
            ((one - other).square().sum() / other.square().sum())
            for one, other in zip(grams(maps), wanted, strict=True)
        )
        kept = (maps[CONTENT_LEVEL] - content).square().mean()
        (style + CONTENT_WEIGHT * kept).backward()
        optimiser.step()
    return image.detach()[0, 0].numpy() * spread + mean


def grams(maps: Sequence[Tensor]) -> list[Tensor]:
    """Return the mean products of every two features, and of each with 1, of each map."""
    products = []
    for features_1CHW in maps:
        flat_CN = features_1CHW[0].flatten(1)
        ones = torch.ones_like(flat_CN[:1])
        both_CN = torch.cat([flat_CN, ones])
        products.append(both_CN @ both_CN.T / flat_CN.shape[1])
    return products


METHODS: dict[str, Callable[[Case], NDArray]] = {
    "mean greys": means,
    "histogram matching": histogram,
    "drawn greys": draws,
    "Gram matrices": gram,
    "adain": adain,
    "pixels": pixels,
}
