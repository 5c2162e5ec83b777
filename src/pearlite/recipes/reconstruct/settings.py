"""The numbers of the method, and how they follow from the images."""

from dataclasses import dataclass

from pearlite.recipes.reconstruct.images import Pictures

NEIGHBOURS = ((1, 2), (1, 3))
WIDER = ((1, 5), (1, 9), (2, 5))
COARSE = ((4, 5), (8, 5), (8, 7))


@dataclass(frozen=True)
class Recipe:
    """The numbers of the method.

    Attributes
    ----------
    widths, noise
        Of the generator; see `NoisePyramid`.
    patterns
        Whether it may begin with some; see `pearlite.recipes.reconstruct.start`.
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
    calibrated
        Side, in voxels, of the volume in which the phases' fractions are brought to the images'.
    agreement
        Weight of the agreement with a low-resolution volume, where there is one.
    """

    widths: tuple[int, ...] = (16, 32, 32, 32, 32)
    noise: int = 4
    patterns: bool = True
    box: tuple[int, int] = (64, 28)
    boxes: int = 1
    patches: tuple[tuple[tuple[int, int], ...], ...] = (NEIGHBOURS, WIDER, COARSE)
    directions: int = 32
    samples: int = 3000
    taps: int = 6
    sparse: float = 0.7
    slices: int = 24
    points: float = 10.0
    counted: int = 16
    calibrated: int = 256
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


MANY_PHASES = Recipe(points=30.0)
"""Of volumes of three phases and more, whose n-point probabilities are several times as many: the
cathode's interfaces were 8 % off instead of 12 after 400 CPU seconds, 13 with either after 900.
With two phases it brought nothing, and of a separator slices were told apart in 78 % of the cases
instead of 50 %. One seed each."""


def recipe_for(pictures: Pictures) -> Recipe:
    """Choose the numbers by what is made: a volume of few or many phases, or a texture."""
    if pictures.dims == 2:
        return TEXTURE
    return MANY_PHASES if len(pictures.meaning.values) > 2 else Recipe()
