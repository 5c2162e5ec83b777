"""Touching particles told apart: by their necks, or by rims that a network has learnt.

Axes: S space (YX or ZYX).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pearlite.recipes.segment.particles import SMALLEST, Particles

OUTSIDE, INSIDE, RIM = range(3)
NECK = 0.85
"""Necks narrower than so much of the smaller particle's width part two particles.

Chosen on 50 training images of EMPS, where 0.7 to 0.9 do about as well
(benchmarks/segment/instances.py)."""
_CORE = 0.5  # probability from which a pixel is the core of a particle


def separate(
    numbers_S: NDArray[np.integer],
    of: Sequence[int],
    *,
    neck: float = NECK,
    smallest: int = SMALLEST,
    pixel_size: Sequence[float] | None = None,
) -> Particles:
    """Part touching particles where their outline narrows.

    Particles grow from the places that are deepest inside (watershed of the distance to the
    outline: Beucher & Lantuéjoul 1979; Meyer, Signal Processing 38, 113, 1994). Two such places
    belong to one particle unless the neck between them is narrow beside the smaller one, so that
    the same rule holds for particles of any size.

    Parameters
    ----------
    numbers_S
        Number of the class of every pixel.
    of
        The classes that consist of particles.
    neck
        Width of the neck over that of the smaller particle above which they are one.
    smallest
        Pixels of the smallest particle that is kept.
    pixel_size
        Of each axis, where they differ.
    """
    parted = [_parted(numbers_S == number, neck, smallest, pixel_size) for number in of]
    map_S, classes = np.zeros(numbers_S.shape, np.int32), []
    for number, (part_S, _) in zip(of, parted, strict=True):
        map_S += np.where(part_S > 0, part_S + len(classes), 0).astype(np.int32)
        classes += [number] * int(part_S.max(initial=0))
    return Particles(map_S, np.array(classes, np.int64), sum(specks for _, specks in parted))


def _parted(
    inside_S: NDArray[np.bool_],
    neck: float,
    smallest: int,
    pixel_size: Sequence[float] | None,
) -> tuple[NDArray[np.int32], int]:
    spacing = np.array(pixel_size or (1.0,) * inside_S.ndim)
    depth_S = np.asarray(ndimage.distance_transform_edt(inside_S, spacing / spacing.min()))
    depth_S = ndimage.gaussian_filter(depth_S.astype(np.float32), 1.0)
    depth_S[~inside_S] = 0
    relief_S = np.log1p(depth_S)
    return _grown(relief_S, _tops(relief_S, -math.log(neck)), inside_S, smallest)


def rims(instances_S: NDArray[np.integer], width: int = 2) -> NDArray[np.int16]:
    """Return what a network learns to part particles: 0 outside, 1 inside, 2 in a particle's rim.

    Parameters
    ----------
    instances_S
        Number of the particle of every pixel, 0 where there is none.
    width
        Pixels of the rim, which lies within the particle.
    """
    box = ndimage.generate_binary_structure(instances_S.ndim, instances_S.ndim)
    lowest_S = ndimage.minimum_filter(instances_S, footprint=box)
    highest_S = ndimage.maximum_filter(instances_S, footprint=box)
    differs_S = lowest_S != highest_S
    if width > 1:
        differs_S = ndimage.binary_dilation(differs_S, box, width - 1)
    particle_S = instances_S > 0
    return np.where(particle_S, np.where(differs_S, RIM, INSIDE), OUTSIDE).astype(np.int16)


def from_rims(
    probabilities_3S: NDArray[np.float32], number: int = 1, *, smallest: int = SMALLEST
) -> Particles:
    """Part particles by the probabilities of a network that learnt `rims`.

    Cores grow over the rim that lies around them until they meet.
    """
    from skimage.measure import label

    inside_S = probabilities_3S[OUTSIDE] < _CORE
    core_S = probabilities_3S[INSIDE] > _CORE
    cores_S = np.asarray(label(core_S, connectivity=core_S.ndim))
    map_S, specks = _grown(probabilities_3S[INSIDE], cores_S, inside_S, smallest)
    return Particles(map_S, np.full(map_S.max(initial=0), number, np.int64), specks)


def _tops(relief_S: NDArray[np.float32], height: float) -> NDArray[np.integer]:
    """Return the numbered tops that rise more than `height` over the saddle to a higher one."""
    from skimage.measure import label
    from skimage.morphology import local_maxima, reconstruction

    lowered_S = reconstruction(relief_S - height, relief_S, method="dilation")
    tops_S = local_maxima(lowered_S) & (relief_S > 0)
    return np.asarray(label(tops_S, connectivity=relief_S.ndim))


def _grown(
    relief_S: NDArray[np.float32],
    markers_S: NDArray[np.integer],
    inside_S: NDArray[np.bool_],
    smallest: int,
) -> tuple[NDArray[np.int32], int]:
    """Flood the relief from its markers; return the particles' map and how many were too small."""
    from skimage.segmentation import watershed

    map_S = np.asarray(watershed(-relief_S, markers_S, mask=inside_S))
    sizes = np.bincount(map_S.ravel())
    kept = sizes >= smallest
    kept[0] = False
    renumbered = np.where(kept, kept.cumsum(), 0).astype(np.int32)
    return renumbered[map_S], int((sizes[1:] > 0).sum() - kept.sum())
