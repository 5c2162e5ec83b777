"""What counts as one independent sample: a group, or a row where no groups are declared."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError


def units_of(group: ArrayLike | None, count: int) -> tuple[NDArray[np.int64], int]:
    """Give each of `count` samples the number of its group.

    Parameters
    ----------
    group
        A label a sample, shape ``(count,)``; None makes each sample its own group.

    Returns
    -------
    unit : ndarray
        Number of each sample's group, shape ``(count,)``.
    units : int
        How many there are.

    Raises
    ------
    InputError
        If there is not one label for each sample, or one is missing.
    """
    if group is None:
        return np.arange(count), count
    labels = np.asarray(group)
    if labels.shape != (count,):
        raise InputError(f"group has shape {labels.shape}; one label for each of {count} samples")
    missing = np.array([label is None or label != label for label in labels.tolist()])
    if missing.any():
        raise InputError(f"group of sample {int(missing.argmax())} is missing")
    names, unit_N = np.unique(
        labels.astype(str) if labels.dtype == object else labels, return_inverse=True
    )
    return unit_N, len(names)
