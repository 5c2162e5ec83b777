"""What the generator begins with: a pack of balls, where the images look more like one than not.

Patches and few-point statistics are nearly the same for round particles and for a maze of the same
width, and which of them a short training ends in is decided by where it begins. So packs of balls
of several sizes, with each phase inside in turn, and smoothed noise cut at a level, a maze, are
compared with the images by the n-point probabilities of squares and crosses. If a pack is nearest,
the generator begins with it.

Axes: B slices, H, W of an image, J patterns, C channels, S space.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

from pearlite.nets.balls import LARGEST, Balls, depths
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.points import (
    CROSSES,
    SQUARES,
    mean_frequencies,
    variance,
)

SPREADS = (0.2, 0.3, 0.5)  # of the radii
SLICES, SIDE = 16, 96  # of a sample, and its pixels a side
WIDTHS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)  # of the smoothing, in pixels
SMALLEST_LEVEL = 2  # cells four voxels wide
CLEARLY = 1.25
"""Times as near as a maze of the same phase a pack has to be. Of mazes of 128² pixels (32 pieces of
random fields) two are taken for balls, of round particles (18 slices of a measured cathode) ten are
recognised. Larger images are plainer: fields of 512² reach 0.5, particles of 512² more than 2."""


@dataclass(frozen=True)
class Start:
    """A pack of balls to begin with.

    Attributes
    ----------
    balls
        Their cells and radii.
    phase
        That is inside.
    least
        Depth in voxels from which on a place belongs to the phase, so that its fraction is right.
    """

    balls: Balls
    phase: int
    least: float


def nearest_start(pictures: Pictures, levels: int, seed: int) -> Start | None:
    """Return the pack of balls that resembles the images; None where a maze does more.

    Parameters
    ----------
    pictures
        Of phases; None is returned for others, and beside a low-resolution volume, which says
        itself what lies where.
    levels
        Of the generator.
    seed
        Draws the samples.
    """
    phases = pictures.meaning.kind == "phases"
    if not phases or pictures.low is not None or levels <= SMALLEST_LEVEL:
        return None
    random = torch.Generator().manual_seed(seed)
    shares, dims = pictures.shares(), pictures.dims
    windows = [next(pictures.windows(normal)).argmax(1) for normal in range(pictures.different)]
    wanted = [
        of_images([(window == phase).long() for window in windows])
        for phase in range(pictures.channels)
    ]
    nearest: dict[int, tuple[float, Start]] = {}
    for level in range(SMALLEST_LEVEL, levels):
        for spread in SPREADS:
            balls = Balls(level, spread=spread)
            sample = pack(balls, dims, random)
            for phase, share in enumerate(shares):
                least = float(np.quantile(sample, 1 - share))
                found = unlike(sample > least, wanted[phase])
                if phase not in nearest or found < nearest[phase][0]:
                    nearest[phase] = found, Start(balls, phase, least * 2**level)
    maze = [math.inf] * len(shares)
    white = torch.randn(SLICES, SIDE, SIDE, generator=random).numpy()
    for width in WIDTHS:
        sample = gaussian_filter(white, width, mode="wrap", axes=(1, 2))
        for phase, share in enumerate(shares):
            found = unlike(sample > np.quantile(sample, 1 - share), wanted[phase])
            maze[phase] = min(maze[phase], found)
    phase = max(nearest, key=lambda phase: maze[phase] / nearest[phase][0])
    found, start = nearest[phase]
    return start if maze[phase] > CLEARLY * found else None


def pack(balls: Balls, dims: int, random: torch.Generator) -> NDArray[np.float32]:
    """Return the depth in packs of balls, in cells: a slice through each, (B, H, W)."""
    places = (torch.arange(SIDE) + 0.5) / 2**balls.level + 1
    cells = int(places[-1]) + 2
    noise_BCS = torch.randn(SLICES, dims + 1, *(dims - 2) * [3], cells, cells, generator=random)
    through = [*(dims - 2) * [torch.tensor([1.5])], places, places]
    return depths(balls, noise_BCS, through)[:, 0].clamp(-LARGEST).view(SLICES, SIDE, SIDE).numpy()


def of_images(labels: Sequence[Tensor]) -> list[Tensor]:
    """Return the probabilities of squares and crosses in labels 0 and 1, the mean over images."""
    return [mean_frequencies(labels, places, 2) for places in (*SQUARES, *CROSSES)]


def unlike(sample_BHW: NDArray[np.bool_], wanted: Sequence[Tensor]) -> float:
    """Return how far a sample's probabilities are from those wanted, in pixels' variances."""
    gaps = [
        ((found_J - wanted_J).square() / variance(wanted_J)).mean()
        for found_J, wanted_J in zip(
            of_images([torch.from_numpy(sample_BHW).long()]), wanted, strict=True
        )
    ]
    return float(torch.stack(gaps).mean())
