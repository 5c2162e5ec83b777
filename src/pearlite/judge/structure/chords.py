"""Chord lengths: how long the pieces are into which a phase cuts straight lines.

Axes: S space (YX or ZYX), L lengths in pixels (the index is the length), P phases.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.judge.structure.fractions import fractions
from pearlite.judge.structure.labelled import Labels, labelled
from pearlite.judge.structure.neighbours import steps, unit

_CHUNK = 1 << 21


@dataclass(frozen=True)
class Chords:
    """The chords of one phase along one axis.

    Attributes
    ----------
    share_L : ndarray
        Share of all chords, by number, that have the length L. From the whole chords, each weighted
        by one over its chance to lie in the window with both ends (Miles 1974; Lantuéjoul 1980):
        without that, long ones are missed. A chord as long as the window is never seen whole, and
        not in it. All 0 if there are none.
    mean : float
        Mean length of a chord in the material, the phase's fraction over the number of chord ends
        per pixel (Underwood, Quantitative Stereology, 1970): chords of any length count. NaN if the
        line never leaves the phase, or never enters it.
    whole : int
        Number of chords that the border does not cut.
    """

    share_L: NDArray[np.float64]
    mean: float
    whole: int


def chords(labels: Labels, axis: int) -> dict[int, Chords]:
    """Measure the chords of every phase along an axis.

    Raises
    ------
    InputError
        If there is no such axis, or the labels are wrong.
    """
    known = labelled(labels)
    dims = known.codes.ndim
    if not 0 <= axis < dims:
        raise InputError(f"axis is {axis}; expected 0 to {dims - 1}")
    lines_LN = np.moveaxis(known.codes, axis, -1)
    length, kinds = lines_LN.shape[-1], len(known.phases)
    counts_PL = np.zeros((kinds, length + 1), np.int64)
    rows = max(1, _CHUNK * len(lines_LN) // lines_LN.size)
    for start in range(0, len(lines_LN), rows):
        counts_PL += _whole_chords(lines_LN[start : start + rows].reshape(-1, length), kinds)
    chance_L = np.clip((length - 1 - np.arange(length + 1)) / length, 1 / length, 1)
    found_PP = steps(known, unit(dims, axis))
    share_of = fractions(known)
    found = {}
    for code, phase in enumerate(known.phases):
        weight_L = counts_PL[code] / chance_L
        share_L = weight_L / max(weight_L.sum(), 1)
        ends = found_PP[code].sum() + found_PP[:, code].sum() - 2 * found_PP[code, code]
        mean = 2 * share_of[phase] / float(ends) if ends > 0 else float("nan")
        found[phase] = Chords(share_L, mean, int(counts_PL[code].sum()))
    return found


def _whole_chords(lines_LN: NDArray[np.uint8], kinds: int) -> NDArray[np.int64]:
    """Count the chords that end within their line, by phase and length."""
    count, length = lines_LN.shape
    starts = np.ones((count, length), bool)
    np.not_equal(lines_LN[:, 1:], lines_LN[:, :-1], out=starts[:, 1:])
    first = np.flatnonzero(starts)
    lengths = np.diff(first, append=lines_LN.size)
    inner = (first % length > 0) & ((first + lengths) % length > 0)
    phase = lines_LN.ravel()[first[inner]].astype(np.int64)
    joint = np.bincount(phase * (length + 1) + lengths[inner], minlength=kinds * (length + 1))
    return joint.reshape(kinds, length + 1)
