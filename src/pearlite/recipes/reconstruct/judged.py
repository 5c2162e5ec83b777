"""How generated volumes compare with the images: measured on several of them.

Axes: ZYX of a volume.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.judge.structure.describe import Key, describe
from pearlite.judge.structure.floor import Comparison, compare
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.known import Phases
from pearlite.recipes.reconstruct.told_apart import tell_apart
from pearlite.see.progress import track

VOLUMES = 4
LONGEST = 128  # voxels a side of the volumes that are measured
TRANSPORT = ("fraction", "percolating", "diffusivity")

Make = Callable[[tuple[int, ...], int], NDArray]
"""Makes a volume of a shape, from a seed."""


@dataclass(frozen=True)
class Judged:
    """What was measured.

    Attributes
    ----------
    comparison
        Slices of the volumes against pieces of the images.
    transport : DataFrame
        What images cannot say: measure, phase, direction, mean, low and high over the volumes.
    side
        Voxels of a measured volume, cubes.
    told_apart : dict
        See `pearlite.recipes.reconstruct.told_apart.tell_apart`.
    """

    comparison: Comparison
    transport: pd.DataFrame
    side: int
    told_apart: dict[str, Any] = field(default_factory=dict)


def judge(make: Make, pictures: Pictures, seeds: Sequence[int], *, show: bool = False) -> Judged:
    """Generate cubes with several seeds, and measure them and the images.

    Parameters
    ----------
    make
        Makes volumes of the material.
    pictures
        What was learned from.
    seeds
        One for each volume.
    show
        Whether to draw a progress bar.
    """
    phases = Phases(pictures)
    room = () if pictures.low is None else pictures.low.shape
    side = min(LONGEST, *room, *(min(image.shape) for image in phases.images))
    cubes = [
        phases.of(make((side, side, side), seed))
        for seed in track(seeds, "Generating to measure", show=show)
    ]
    images = phases.images
    real = images[0] if len(images) == 1 else [images[0], images[1], images[-1]]
    apart = tell_apart(cubes, images)
    found = track(cubes, "Measuring transport", show=show)
    return Judged(compare(cubes, real), transport(found), side, apart)


def transport(cubes: Iterable[NDArray[np.integer]]) -> pd.DataFrame:
    """Return fractions, and what reaches from side to side: percolating shares, diffusivities.

    `pearlite.judge.structure.diffusion` is of one phase among insulators, over its own in bulk.
    """
    found: dict[Key, list[float]] = {}
    for cube in cubes:
        for key, value in describe(cube).values.items():
            if key[0] in TRANSPORT:
                found.setdefault(key, []).append(value)
    rows = [(*key, np.mean(values), min(values), max(values)) for key, values in found.items()]
    return pd.DataFrame(rows, columns=["measure", "phase", "direction", "mean", "low", "high"])
