"""The numbers of the method, and how they follow from the images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.reconstruct.images import Pictures

COARSE = 20.0  # pixels
NEIGHBOURS = ((1, 2), (1, 3))
WIDER = ((1, 5), (1, 9), (2, 5))


@dataclass(frozen=True)
class Recipe:
    """The numbers of the method.

    Attributes
    ----------
    widths, noise
        Of the generator; see `NoisePyramid`.
    box
        Long and short side, in voxels, of the boxes that are made in training; along which axis
        the box is short is drawn at each step.
    boxes
        Boxes a step.
    patches
        Groups of pairs (scale, side): images are averaged over squares of `scale` pixels, and
        patches of so many of those are compared. One pair of each group is drawn for each axis and
        step.
    directions, samples, taps
        Of each sliced Wasserstein distance, whose directions are `scale` times as many, as there
        are fewer patches then; most taps of a direction.
    sparse
        Share of steps whose directions have few taps.
    slices
        Most slices along an axis of which patches are taken.
    points
        Weight of the n-point probabilities, beside the patch distance; 0 for none.
    counted
        Slices along an axis in which they are counted at a step.
    critic
        Share of the budget after which the critics play; 1 for never.
    looks
        Widths of a critic; see `PatchCritic`.
    weight
        Of the critics' objections, beside the patch distance.
    judged
        Slices along an axis that a critic sees a step.
    slope
        Weight of the penalty on the critics' slope at real images.
    calibrated
        Side, in voxels, of the volume in which the phases' fractions are brought to the images'.
    agreement
        Weight of the agreement with a low-resolution volume, where there is one.
    """

    widths: tuple[int, ...] = (16, 32, 32, 32)
    noise: int = 4
    box: tuple[int, int] = (64, 28)
    boxes: int = 1
    patches: tuple[tuple[tuple[int, int], ...], ...] = (NEIGHBOURS, WIDER, ((4, 5), (8, 5)))
    directions: int = 32
    samples: int = 3000
    taps: int = 6
    sparse: float = 0.7
    slices: int = 24
    points: float = 10.0
    counted: int = 16
    critic: float = 1.0
    looks: tuple[int, ...] = (32, 64, 64)
    weight: float = 0.2
    judged: int = 24
    slope: float = 1.0
    calibrated: int = 192
    agreement: float = 1.0


TEXTURE = Recipe(
    widths=(24, 32, 48, 48, 48),
    box=(160, 160),
    boxes=1,
    patches=(((1, 3), *((scale, side) for scale in (1, 2, 4, 8) for side in (5, 9))),),
    samples=4000,
    sparse=0.4,
    calibrated=1024,
)
"""Of textures. A flat box is cheap, so it is large. With fewer pairs of neighbours and more
directions with all taps than in volumes, phases came out as grains and not as a maze (``sofc.png``,
a cathode of three phases, 90 CPU seconds, by eye, before n-point probabilities were counted)."""


def recipe_for(pictures: Pictures) -> Recipe:
    """Choose levels and boxes by the longest mean chord of any phase in the images.

    A pyramid of L levels has its coarsest cells 2^(L-1) voxels wide, and one of them sees five:
    four levels reach over the particles of most images, five over those with chords longer than
    `COARSE` pixels, of which wider coarse patches are compared, too.
    """
    if pictures.dims == 2:
        return TEXTURE
    if longest_chord(pictures) <= COARSE:
        return Recipe()
    coarse = ((4, 5), (8, 5), (8, 7))
    return Recipe(widths=(16, 32, 32, 32, 32), patches=(NEIGHBOURS, WIDER, coarse))


def longest_chord(pictures: Pictures) -> float:
    """Return the longest mean chord, in pixels, of any phase; values are halved at their mean."""
    longest = 1.0
    for plane in pictures.planes:
        inside = [plane == k for k in range(pictures.channels)]
        if pictures.meaning.kind != "phases":
            inside = [channel > 0 for channel in plane]
        longest = max(longest, *(_mean_chord(mask) for mask in inside))
    return longest


def _mean_chord(inside_HW: NDArray[np.bool_]) -> float:
    """Twice the area over the number of changes along rows and columns, the mean of both."""
    changes = [
        np.mean(inside_HW[1:] != inside_HW[:-1]),
        np.mean(inside_HW[:, 1:] != inside_HW[:, :-1]),
    ]
    return float(2 * inside_HW.mean() / max(np.mean(changes), 1 / inside_HW.size))
