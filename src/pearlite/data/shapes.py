"""Outlines, strokes and points of annotations, drawn as an image of labels.

Axes: Y rows, X columns, P points, H rows and W columns of the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from skimage.draw import disk, line, polygon2mask

from pearlite.errors import InputError


@dataclass(frozen=True)
class Shape:
    """One thing that somebody drew on an image.

    Parameters
    ----------
    label
        What it is called: its class.
    paths
        Points (P, 2) as (row, column), pixel centres at whole numbers: the outlines of a surface,
        whose inside counts by the even-odd rule, or the strokes of a pen.
    width
        Of the pen, in pixels; 0 for a surface.
    value
        Number of its class, where the file gives one.
    colour
        ``"#rrggbb"``, or empty.
    plane
        Plane of a stack, counted from 0; ``None`` means every one.
    filled_HW
        The pixels themselves, of files that hold these instead of outlines.
    partial
        Whether such a file need not show all that there is, as regions of ImageJ.
    """

    label: str
    paths: tuple[NDArray[np.float64], ...] = ()
    width: float = 0.0
    value: int | None = None
    colour: str = ""
    plane: int | None = None
    filled_HW: NDArray[np.bool_] | None = None
    partial: bool = False

    def inside(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return which pixels of an image of `shape` (H, W) belong to it.

        Raises
        ------
        InputError
            If the file gave pixels, and those of an image of another size.
        """
        if self.filled_HW is not None:
            if self.filled_HW.shape != shape:
                raise InputError(
                    f"the outline {self.label!r} was drawn on an image of {self.filled_HW.shape} "
                    f"pixels, and the image has {shape}; give the image that it was drawn on"
                )
            return self.filled_HW
        found = np.zeros(shape, dtype=bool)
        for path in self.paths:
            if self.width:
                _stroke(found, path, self.width)
            elif len(path):
                found ^= polygon2mask(shape, path)
        return found


def draw_labels(
    shapes: Sequence[Shape], values: Sequence[int], shape: tuple[int, int], plane: int = 0
) -> NDArray[np.int32]:
    """Draw shapes one over the other, later ones on top; 0 where there is none.

    Parameters
    ----------
    shapes, values
        What to draw, and the number that its pixels get.
    shape
        Rows and columns of the image.
    plane
        Which plane of a stack.
    """
    drawn = np.zeros(shape, dtype=np.int32)
    for one, value in zip(shapes, values, strict=True):
        if one.plane in (None, plane):
            drawn[one.inside(shape)] = value
    return drawn


def _stroke(found: NDArray[np.bool_], path: NDArray[np.float64], width: float) -> None:
    points = np.rint(path).astype(int)
    pairs = list(pairwise(points)) or [(points[0], points[0])]
    for start, end in pairs:
        for centre in zip(*line(*start, *end), strict=True):
            rows, columns = disk(centre, max(width / 2, 0.51), shape=found.shape)
            found[rows, columns] = True
