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
    inside_S: NDArray[np.bool_],
    number: int = 1,
    *,
    neck: float = NECK,
    smallest: int = SMALLEST,
    pixel_size: Sequence[float] | None = None,
) -> Particles:
    """Part touching particles of one class where their outline narrows.

    Particles grow from the places that are deepest inside (watershed of the distance to the
    outline: Beucher & Lantuéjoul 1979; Meyer, Signal Processing 38, 113, 1994). Two such places
    belong to one particle unless the neck between them is narrow beside the smaller one, so that
    the same rule holds for particles of any size.

    Parameters
    ----------
    inside_S
        Where the class is.
    number
        Of the class.
    neck
        Width of the neck over that of the smaller particle above which they are one.
    smallest
        Pixels of the smallest particle that is kept.
    pixel_size
        Of each axis, where they differ.
    """
    depth_S = ndimage.distance_transform_edt(inside_S, pixel_size)
    depth_S = ndimage.gaussian_filter(np.asarray(depth_S, np.float32), 1.0)
    depth_S[~inside_S] = 0
    relief_S = np.log1p(depth_S)
    return _grown(relief_S, _tops(relief_S, -math.log(neck)), inside_S, number, smallest)


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
    return _grown(probabilities_3S[INSIDE], cores_S, inside_S, number, smallest)


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
    number: int,
    smallest: int,
) -> Particles:
    from skimage.segmentation import watershed

    map_S = np.asarray(watershed(-relief_S, markers_S, mask=inside_S))
    sizes = np.bincount(map_S.ravel())
    kept = sizes >= smallest
    kept[0] = False
    renumbered = np.where(kept, kept.cumsum(), 0).astype(np.int32)
    count = int(kept.sum())
    specks = int((sizes[1:] > 0).sum()) - count
    return Particles(renumbered[map_S], np.full(count, number, np.int64), specks)
