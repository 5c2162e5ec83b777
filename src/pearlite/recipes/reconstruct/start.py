"""What the generator begins with: balls or a smooth field, whichever looks like the images.

Patches and few-point statistics are nearly the same for round particles and for a maze of the same
width, and which of them a short training ends in is decided by where it begins. So packs of balls
of several sizes, with each phase inside in turn, and smoothed noise cut at a level, a maze, are
compared with the images by the n-point probabilities of squares and crosses. Between the nearest
pack and the nearest maze a linear discriminant of the same probabilities decides.

Axes: B slices, H, W of an image, J patterns, C channels, S space.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import Tensor

from pearlite.nets.balls import LARGEST, Balls
from pearlite.nets.pyramid import Pattern
from pearlite.nets.smooth import SmoothField
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.points import (
    CROSSES,
    SQUARES,
    mean_frequencies,
    variance,
)

MEANS, SPREADS = (0.2, 0.3, 0.4), (0.2, 0.3, 0.5)  # of the radii, in cells
WIDTHS = np.geomspace(0.7, 12, 26)  # of the smoothing, in pixels
SLICES, MANY = 8, 32  # of a sample, and of one to learn from
FEW = 3  # nearest packs and mazes that are learned from
SIDE = 96  # pixels of a slice
SMALLEST_LEVEL = 2  # of balls: cells four voxels wide
NARROWEST = 0.6  # width of a smooth field in cells, so that their grid does not show
LONGEST = 2.0  # a smooth field is at most so many times as wide along an axis as on average
BALLS = -20.0
"""Log-odds, of balls against a maze, from which on the generator begins with balls. Images of 128²
pixels: 24 pieces of mazes have at most -23; 17 of 18 slices of a measured cathode of round
particles -19 to 29, one -55. Real particles are neither balls nor a maze, hence not 0."""


@dataclass(frozen=True)
class Start:
    """A pattern to begin with.

    Attributes
    ----------
    pattern
        Balls or a smooth field.
    phase
        That is inside.
    least
        Depth in voxels from which on a place belongs to the phase, so that its fraction is right.
    """

    pattern: Pattern
    phase: int
    least: float

    def sentence(self, value: int) -> str:
        """Say what it is, of a phase with a value in the images."""
        fine = 2**self.pattern.level
        if isinstance(self.pattern, Balls):
            return f"balls of about {self.pattern.mean * fine:.2g} voxels' radius, of phase {value}"
        widths = " × ".join(f"{fine * width:.2g}" for width in dict.fromkeys(self.pattern.widths))
        return f"noise smoothed over {widths} voxels and cut at a level, of phase {value}"


def began_as(starts: Sequence[Start], values: Sequence[int]) -> str:
    """Say what a generator began with, of phases with these values in the images."""
    if not starts:
        return "Learning began with noise."
    said = "; in what they leave, ".join(s.sentence(values[s.phase]) for s in starts)
    return f"Learning began with what resembles the image most: {said}."


def nearest_starts(pictures: Pictures, levels: int) -> list[Start]:
    """Return the pack of balls or the smooth field that resembles the images most.

    Of three phases and more, a second phase begins as a smooth field in what the first leaves.

    Parameters
    ----------
    pictures
        Of phases; nothing is returned for others, for images of less than 96 pixels a side, which
        cannot tell, and beside a low-resolution volume, which says itself what lies where.
    levels
        Of the generator.
    """
    phases = pictures.meaning.kind == "phases" and pictures.low is None
    small = min(side for plane in pictures.planes for side in plane.shape[-2:]) < SIDE
    if not phases or small or levels <= SMALLEST_LEVEL:
        return []
    shares = pictures.shares()
    windows = [next(pictures.windows(normal)).argmax(1) for normal in range(pictures.different)]
    wanted = [
        of_images([(window == phase).long() for window in windows])
        for phase in range(pictures.channels)
    ]
    random = torch.Generator().manual_seed(0)
    search = Search(levels, stretch_of(pictures), shares, wanted, random)
    first = search.first()
    return [first] if len(shares) == 2 else [first, search.second(first)]


@dataclass(frozen=True)
class Search:
    """Looks for patterns that resemble images.

    Attributes
    ----------
    levels
        Of the generator.
    stretch_A
        How much wider the smooth fields are along each axis of what is made.
    shares
        Of the phases.
    wanted
        Of each phase in the images, as of `of_images`.
    random
        Draws the samples.
    """

    levels: int
    stretch_A: NDArray[np.float64]
    shares: NDArray[np.float64]
    wanted: Sequence[Sequence[Tensor]]
    random: torch.Generator

    def first(self) -> Start:
        """Return the best pack where it is nearer than a maze, else the maze of half the room."""
        every = itertools.product(range(SMALLEST_LEVEL, self.levels), MEANS, SPREADS)
        packs = [found for each in every for found in self.candidates(Balls(*each))]
        fields = smooth_fields(self.levels, self.stretch_A)
        mazes = [found for field in fields for found in self.candidates(field)]
        nearest = [
            [
                sorted((c for c in kind if c[1].phase == phase), key=itemgetter(0))[:FEW]
                for kind in (packs, mazes)
            ]
            for phase in range(len(self.shares))
        ]
        few_packs, few_mazes = max(nearest, key=lambda kinds: kinds[1][0][0] / kinds[0][0][0])
        if self.balls_rather([s for _, s in few_mazes], [s for _, s in few_packs]):
            return few_packs[0][1]
        fullest = int(np.argmax(self.shares * (1 - self.shares)))
        return nearest[fullest][1][0][1]

    def candidates(self, pattern: Pattern) -> Iterator[tuple[float, Start]]:
        """Yield how unlike the images a pattern is with each phase inside, and that start."""
        depth_BHW = self.sample(pattern, SLICES)
        for phase, share in enumerate(self.shares):
            least = float(np.quantile(depth_BHW, 1 - share))
            found = unlike(depth_BHW > least, self.wanted[phase])
            yield found, Start(pattern, phase, least)

    def balls_rather(self, mazes: Sequence[Start], packs: Sequence[Start]) -> bool:
        """Whether the images look like packs rather than mazes of the same phase."""
        several = [of_slices(self.sample(s.pattern, MANY) > s.least) for s in (*mazes, *packs)]
        kinds = np.repeat([0, 1], [MANY * len(mazes), MANY * len(packs)])
        discriminant = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        discriminant.fit(np.concatenate(several), kinds)
        image_J = torch.cat(list(self.wanted[packs[0].phase])).numpy()
        return discriminant.decision_function(image_J[None])[0] > BALLS

    def second(self, first: Start) -> Start:
        """Return the smooth field that resembles another phase in what the first leaves."""
        taken_BHW = self.sample(first.pattern, SLICES) > first.least
        found = []
        for field in smooth_fields(self.levels, self.stretch_A):
            if field.level == first.pattern.level:
                continue
            depth_BHW = self.sample(field, SLICES)
            for phase in set(range(len(self.shares))) - {first.phase}:
                share = self.shares[phase] / (1 - self.shares[first.phase])
                least = float(np.quantile(depth_BHW, 1 - share))
                gap = unlike((depth_BHW > least) & ~taken_BHW, self.wanted[phase])
                found.append((gap, Start(field, phase, least)))
        return min(found, key=itemgetter(0))[1]

    def sample(self, pattern: Pattern, slices: int) -> NDArray[np.float32]:
        """Return the depth in patterns, in voxels: a slice through each, (B, H, W)."""
        return sample_of(pattern, len(self.stretch_A), slices, self.random)


def stretch_of(pictures: Pictures) -> NDArray[np.float64]:
    """Return how much longer structures are along each axis than on average: (A,).

    Phases change along an axis the less often, the longer they are.
    """
    changes: list[list[float]] = [[] for _ in range(pictures.dims)]
    for normal, plane in enumerate(pictures.planes[: 1 if pictures.dims == 2 else None]):
        often = [float((np.diff(plane.astype(int), axis=axis) != 0).mean()) for axis in (0, 1)]
        if pictures.turns[normal] == "any":
            often = [sum(often) / 2] * 2
        axes = [axis for axis in range(pictures.dims) if pictures.dims == 2 or axis != normal]
        for axis, found in zip(axes, often, strict=True):
            changes[axis].append(found)
    logs_A = -np.log(np.maximum([np.mean(found) for found in changes], 1e-3))
    return np.exp((logs_A - logs_A.mean()).clip(-math.log(LONGEST), math.log(LONGEST)))


def smooth_fields(levels: int, stretch_A: NDArray[np.float64]) -> Iterator[SmoothField]:
    """Yield smooth fields of all widths, each on the coarsest cells that do not show."""
    for width_A in WIDTHS[:, None] * stretch_A:
        level = min(max(math.floor(math.log2(width_A.min() / NARROWEST)), 1), levels - 1)
        yield SmoothField(level, tuple((width_A / 2**level).tolist()))


def sample_of(
    pattern: Pattern, dims: int, slices: int, random: torch.Generator
) -> NDArray[np.float32]:
    """Return the depth in patterns, in voxels: a slice through each, (B, H, W).

    Slices of a smooth field are smooth fields of the same widths; some are normal to each axis.
    """
    if isinstance(pattern, SmoothField):
        widths = [2**pattern.level * width for width in pattern.widths]
        sides = list(itertools.combinations(widths, 2))
        white = torch.randn(slices, SIDE, SIDE, generator=random).numpy()
        parts = [
            gaussian_filter(part_BHW, side, mode="wrap", axes=(1, 2))
            for part_BHW, side in zip(np.array_split(white, len(sides)), sides, strict=True)
        ]
        depth = 2**pattern.level / pattern.slope
        return np.concatenate([part_BHW * (depth / part_BHW.std()) for part_BHW in parts])
    fine = 2**pattern.level
    cells, middle = -(-SIDE // fine) + 2, 3 * fine // 2
    noise_BCS = torch.randn(slices, dims + 1, *(dims - 2) * [3], cells, cells, generator=random)
    spans = [*(dims - 2) * [(middle, middle + 1)], *2 * [(fine, fine + SIDE)]]
    depth_BS = pattern.depths(noise_BCS, spans, fine)[:, 0].clamp(-LARGEST)
    return fine * depth_BS.view(slices, SIDE, SIDE).numpy()


def of_images(labels: Sequence[Tensor]) -> list[Tensor]:
    """Return the probabilities of squares and crosses in labels 0 and 1, the mean over images."""
    return [mean_frequencies(labels, places, 2) for places in (*SQUARES, *CROSSES)]


def of_slices(inside_BHW: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the probabilities of squares and crosses in each of several slices: (B, J)."""
    each = [torch.cat(of_images([torch.from_numpy(slice)[None].long()])) for slice in inside_BHW]
    return torch.stack(each).numpy()


def unlike(sample_BHW: NDArray[np.bool_], wanted: Sequence[Tensor]) -> float:
    """Return how far a sample's probabilities are from those wanted, in pixels' variances."""
    gaps = [
        ((found_J - wanted_J).square() / variance(wanted_J)).mean()
        for found_J, wanted_J in zip(
            of_images([torch.from_numpy(sample_BHW).long()]), wanted, strict=True
        )
    ]
    return float(torch.stack(gaps).mean())
