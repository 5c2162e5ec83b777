"""How much of a phase belongs to clusters that reach from one side to the other.

Axes: S space, A axes (YX or ZYX).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pearlite.judge.structure.labelled import Labels, labelled


def percolating(labels: Labels) -> dict[int, NDArray[np.float64]]:
    """Return for each phase the share of its pixels in clusters that span each axis.

    Pixels are connected by their faces. Shape ``(A,)``; NaN where a phase does not occur.
    """
    known = labelled(labels)
    found = {}
    for phase in known.phases:
        cluster_S, count = clusters(known.inside(phase))
        sizes = np.bincount(cluster_S.ravel(), minlength=count + 1)
        total = sizes[1:].sum()
        axes = range(cluster_S.ndim)
        held = [sizes[spanning(cluster_S, axis)].sum() for axis in axes]
        found[phase] = np.array(held) / total if total else np.full(len(held), np.nan)
    return found


def clusters(inside_S: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Return the cluster of each pixel, numbered from 1 on, 0 outside; and how many there are."""
    cluster_S = np.empty(inside_S.shape, np.int32)
    count = ndimage.label(inside_S, output=cluster_S)
    return cluster_S, int(count)  # pyright: ignore[reportArgumentType]


def spanning(cluster_S: NDArray[np.int32], axis: int) -> NDArray[np.int32]:
    """Return the numbers of the clusters that touch both ends of an axis."""
    first, last = (np.unique(cluster_S.take(place, axis)) for place in (0, -1))
    both = np.intersect1d(first, last)
    return both[both > 0]
