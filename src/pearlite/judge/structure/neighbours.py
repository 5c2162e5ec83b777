"""How often two phases lie a step apart: what surfaces and chords are counted from.

Axes: S space, P phases.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.structure.labelled import Labelled

_CHUNK = 1 << 21  # pixels that are looked at together


def steps(known: Labelled, offset: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the share of pixel pairs ``(x, x + offset)`` for every ordered pair of phases.

    Only pairs that lie in the window count, so that borders bias nothing.

    Parameters
    ----------
    known
        Labels of shape ``S``.
    offset
        Pixels along each axis.

    Returns
    -------
    ndarray
        Shape ``(P, P)``, its sum is 1; all NaN if the window holds no such pair.
    """
    here, there = zip(*(_shifted(step) for step in offset), strict=True)
    first_S, second_S = known.codes[here], known.codes[there]
    kinds = len(known.phases)
    counts = np.zeros(kinds * kinds, np.int64)
    if first_S.size:
        rows = max(1, _CHUNK * len(first_S) // first_S.size)
        for start in range(0, len(first_S), rows):
            part = slice(start, start + rows)
            joint = first_S[part] * np.uint8(kinds) + second_S[part]
            counts += np.bincount(joint.ravel(), minlength=kinds * kinds)
    with np.errstate(invalid="ignore"):
        return (counts / np.float64(first_S.size)).reshape(kinds, kinds)


def directions(dims: int) -> list[tuple[int, ...]]:
    """Return one of each two opposite steps to a neighbour by face, edge or corner: 4 or 13."""
    return [step for step in product((-1, 0, 1), repeat=dims) if step > (0,) * dims]


def unit(dims: int, axis: int) -> tuple[int, ...]:
    """Return the step of one pixel along an axis."""
    return tuple(int(number == axis) for number in range(dims))


def _shifted(step: int) -> tuple[slice, slice]:
    """Return where along an axis both pixels of a pair are."""
    if step < 0:
        return slice(-step, None), slice(None, step)
    return slice(None, -step if step else None), slice(step, None)
