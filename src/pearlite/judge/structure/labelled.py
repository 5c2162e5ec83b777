"""Labels that were read once: codes from 0 on, and the phases that they stand for.

Axes: S space (YX or ZYX), P phases.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError

MOST_PHASES = 16
_MOST_RANGE = 1 << 16  # values from smallest to largest up to which counting beats sorting


@dataclass(frozen=True)
class Labelled:
    """A labelled image or volume.

    Attributes
    ----------
    codes : ndarray
        Place of each pixel's phase in `phases`, uint8, shape ``S``.
    phases : tuple of int
        The values of the phases, ascending.
    """

    codes: NDArray[np.uint8]
    phases: tuple[int, ...]

    def inside(self, phase: int) -> NDArray[np.bool_]:
        """Return where a phase is; `InputError` if it is none of `phases`."""
        return self.codes == self.code(phase)

    def code(self, phase: int) -> int:
        """Return the code of a phase; `InputError` if it is none of `phases`."""
        if phase not in self.phases:
            known = ", ".join(map(str, self.phases))
            raise InputError(f"there is no phase {phase}; the phases are {known}")
        return self.phases.index(phase)

    def cut(self, *place: slice) -> "Labelled":
        """Return a part of it, with the same phases."""
        return Labelled(np.asarray(self.codes[place]), self.phases)

    def plane(self, axis: int, index: int) -> "Labelled":
        """Return the slice with that index along an axis, with the same phases."""
        return Labelled(np.take(self.codes, index, axis), self.phases)


Labels = Labelled | ArrayLike


def labelled(labels: Labels, phases: Iterable[int] | None = None) -> Labelled:
    """Read labels.

    Parameters
    ----------
    labels
        Whole numbers, shape ``S``; or what this function returned, which passes as it is.
    phases
        The phases to tell of, such as those of a larger image of which this is a part; by default
        those that occur.

    Raises
    ------
    InputError
        If it is no image or volume of whole numbers, a value is none of `phases`, or there are more
        than 16 phases.
    """
    if isinstance(labels, Labelled):
        return labels
    values_S = np.asarray(labels)
    if values_S.dtype == np.bool_:
        values_S = values_S.view(np.uint8)
    if not np.issubdtype(values_S.dtype, np.integer):
        raise InputError(
            f"labels are {values_S.dtype}; expected whole numbers, one a phase: segment the image "
            "first, or round it if it holds whole numbers"
        )
    if values_S.ndim not in (2, 3) or 0 in values_S.shape:
        raise InputError(
            f"labels have the shape {values_S.shape}; expected an image (rows, columns) or a "
            "volume (planes, rows, columns)"
        )
    found = occurring(values_S)
    known = found if phases is None else tuple(sorted({int(phase) for phase in phases}))
    if strange := set(found) - set(known):
        raise InputError(
            f"the labels hold {', '.join(map(str, sorted(strange)[:5]))}; "
            f"expected {', '.join(map(str, known))}"
        )
    if len(known) > MOST_PHASES:
        raise InputError(
            f"there are {len(known)} different labels; phases are at most {MOST_PHASES}: grey "
            "levels must be segmented first"
        )
    codes_S = np.empty(values_S.shape, np.uint8)
    for plane, codes in zip(values_S, codes_S, strict=True):
        codes[...] = np.searchsorted(known, plane)
    return Labelled(codes_S, known)


def occurring(values_S: NDArray[np.integer]) -> tuple[int, ...]:
    """Return the different values, ascending."""
    low, high = int(values_S.min()), int(values_S.max())
    if high - low > _MOST_RANGE:
        return tuple(np.unique(values_S).tolist())
    counts = np.zeros(high - low + 1, np.intp)
    for plane in values_S:
        counts += np.bincount(plane.ravel().astype(np.intp) - low, minlength=len(counts))
    return tuple((np.flatnonzero(counts) + low).tolist())
