"""Area between phases per volume; in an image, length of the boundary per area.

`faces` counts pixel faces along each axis: an image and a volume, or two slices, can be compared
along the axes that they share, because staircases are the same in both. `interface_area` estimates
the true area by counting crossings along many directions.

Axes: A axes of space (YX or ZYX), D directions, P phases.
"""

import math
from functools import cache
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import SphericalVoronoi

from pearlite.judge.structure.labelled import Labelled, Labels, labelled
from pearlite.judge.structure.neighbours import directions, steps, unit

Pair = tuple[int, int]
Area = TypeVar("Area", float, NDArray[np.float64])


def faces(labels: Labels) -> dict[Pair, NDArray[np.float64]]:
    """Return how many faces across each axis lie between two phases, per pixel.

    Returns
    -------
    dict
        For every pair of phases an array of shape ``(A,)``: the share of neighbours along the axis
        of which one is of one phase and one of the other. A flat interface normal to an axis gives
        its area per volume; the sum over axes is the area of the staircase, 3/2 times the true one
        on average over all orientations (4/π in an image).
    """
    known = labelled(labels)
    dims = known.codes.ndim
    found_APP = [steps(known, unit(dims, axis)) for axis in range(dims)]
    return {
        pair: np.array([found_PP[i, j] + found_PP[j, i] for found_PP in found_APP])
        for (i, j), pair in _pairs(known).items()
    }


def interface_area(labels: Labels) -> dict[Pair, float]:
    """Return the area between each two phases per volume (in images: boundary length per area).

    Crofton's formula, area = 2 × crossings per length of isotropic lines (π/2 in an image), with
    the 13 (4) directions between neighbouring pixels, each weighted by the part of the sphere that
    is nearest to it (Lang, Ohser & Hilfer, J. Microscopy 203, 303, 2001).
    """
    known = labelled(labels)
    dims = known.codes.ndim
    factor = 2.0 if dims == 3 else math.pi / 2
    crossings_PP = np.zeros((len(known.phases),) * 2)
    for step, weight in zip(directions(dims), _weights(dims), strict=True):
        found_PP = steps(known, step)
        crossings_PP += weight / math.hypot(*step) * (found_PP + found_PP.T)
    return {pair: factor * float(crossings_PP[i, j]) for (i, j), pair in _pairs(known).items()}


def of_each_phase(between: dict[Pair, Area]) -> dict[int, Area]:
    """Add up what `faces` or `interface_area` found, to the whole surface of each phase."""
    phases = sorted({phase for pair in between for phase in pair})
    return {phase: sum(v for pair, v in between.items() if phase in pair) for phase in phases}  # pyright: ignore[reportReturnType]


def _pairs(known: Labelled) -> dict[Pair, Pair]:
    """Return the phases of every pair of codes."""
    codes = range(len(known.phases))
    return {(i, j): (known.phases[i], known.phases[j]) for i, j in combinations(codes, 2)}


@cache
def _weights(dims: int) -> NDArray[np.float64]:
    """Return the share of all orientations that is nearest to each direction, shape ``(D,)``."""
    steps_DA = np.array(directions(dims), np.float64)
    if dims == 2:
        return np.full(len(steps_DA), 1 / len(steps_DA))
    steps_DA /= np.linalg.norm(steps_DA, axis=1, keepdims=True)
    areas = SphericalVoronoi(np.concatenate([steps_DA, -steps_DA])).calculate_areas()
    return areas[: len(steps_DA)] / areas[: len(steps_DA)].sum()
