"""Whether an image holds labels (phases, objects) or grey values."""

import numpy as np

FEW = 8
"""Distinct values up to which an image holds phases."""
_MANY = 4096  # labels of objects
_FLAT = 0.9  # share of neighbours that are equal in an image of labels
_SIDE = 1024  # pixels a side that are looked at


def is_label_image(array: np.ndarray) -> bool:
    """Tell whether an image or volume holds labels: few values, or large even regions.

    An image of one value is one of labels.

    Parameters
    ----------
    array
        Any number of axes; the last two are looked at in the middle of the others.
    """
    plane = np.asarray(array[tuple(n // 2 for n in array.shape[:-2])])[:_SIDE, :_SIDE]
    if plane.dtype.kind == "f" and not (np.isfinite(plane).all() and (plane % 1 == 0).all()):
        return False
    distinct = len(np.unique(plane))
    if distinct <= FEW:
        return True
    equal = [(np.diff(plane.astype(np.float64), axis=axis) == 0).mean() for axis in (0, 1)]
    return distinct <= _MANY and bool(min(equal) >= _FLAT)
