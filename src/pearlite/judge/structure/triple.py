"""Where three phases meet: lines in a volume, points in an image.

Axes: A axes of space (ZYX).
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.structure.labelled import Labels, labelled

Triple = tuple[int, int, int]


def triple_points(labels: Labels) -> dict[Triple, NDArray[np.float64]]:
    """Return how many corners of four pixels three phases share, per corner, by slice normal.

    Returns
    -------
    dict
        For every three phases an array: of a volume shape ``(3,)``, points per area of slices
        normal to z, y and x, which is the length of voxel edges along that axis per volume; of an
        image shape ``(1,)``, points per area. An image and a volume's slices can be compared.
    """
    known = labelled(labels)
    bits_S = np.left_shift(1, known.codes, dtype=np.uint16)
    if bits_S.ndim == 2:
        counts = [_meetings(bits_S[None], 0)]
    else:
        counts = [_meetings(bits_S, axis) for axis in range(3)]
    found = {}
    for codes in combinations(range(len(known.phases)), 3):
        wanted = sum(1 << code for code in codes)
        share_A = [_share_of_sets(count, wanted) for count in counts]
        found[tuple(known.phases[code] for code in codes)] = np.array(share_A)
    return found


def triple_length(labels: Labels) -> dict[Triple, float]:
    """Return the length of each triple line per volume; in an image, triple points per area.

    Of isotropic lines, length per volume is twice the points per area (Saltykov; Underwood,
    Quantitative Stereology, 1970), here the mean over slices along all axes. The staircase of voxel
    edges, the sum of `triple_points`, is 3/2 times as long.
    """
    points = triple_points(labels)
    return {
        three: float(share_A[0] if len(share_A) == 1 else 2 * share_A.mean())
        for three, share_A in points.items()
    }


def _meetings(bits_S: NDArray[np.uint16], axis: int) -> NDArray[np.int64]:
    """Count the sets of phases around all corners of pixels in the planes normal to an axis."""
    counts = np.zeros(2 * int(bits_S.max()), np.int64)
    for plane in np.moveaxis(bits_S, axis, 0):
        pairs = plane[1:] | plane[:-1]
        counts += np.bincount((pairs[:, 1:] | pairs[:, :-1]).ravel(), minlength=len(counts))
    return counts


def _share_of_sets(counts: NDArray[np.int64], wanted: int) -> float:
    """Return the share of corners whose set holds all wanted phases; NaN where there is none."""
    holds = (np.arange(len(counts)) & wanted) == wanted
    total = int(counts.sum())
    return int(counts[holds].sum()) / total if total else float("nan")
