"""Two-point correlation: the chance that both ends of a needle lie in a phase.

S2(r) = P(x in i and x + r in i): S2(0) is the phase's fraction, far away it is its square, and its
slope at 0 is minus a quarter of the specific surface (Torquato, Random Heterogeneous Materials,
2002). Only needles that lie in the window count: nothing is wrapped around, and no distance is
biased.

Axes: S space (YX or ZYX), R distances in pixels.
"""

from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pearlite.errors import InputError
from pearlite.judge.structure.labelled import Labels, labelled

REACH = 40
"""Distances below this one are compared."""
_SIDES = {2: 1024, 3: 128}
"""Pixels a side of the blocks whose pairs are counted together, to bound memory."""
_CHUNK = 1 << 21


def two_point_along(
    labels: Labels, phase: int, axis: int, *, reach: int = REACH, other: int | None = None
) -> NDArray[np.float64]:
    """Return S2 along an axis at 0, 1, … `reach` - 1 pixels.

    Parameters
    ----------
    labels
        See `pearlite.judge.structure.labelled`.
    phase
        The phase at one end of the needle.
    axis
        Its direction.
    reach
        Number of distances; at most the window's extent along the axis.
    other
        The phase at the other end, `axis` upwards; by default the same.

    Returns
    -------
    ndarray
        Shape ``(R,)``, exact counts over numbers of pairs.

    Raises
    ------
    InputError
        If there is no such phase or the window is too short.
    """
    known = labelled(labels)
    here, there = known.code(phase), known.code(phase if other is None else other)
    lines_LN = np.moveaxis(known.codes, axis, -1)
    length = lines_LN.shape[-1]
    if not 0 < reach <= length:
        raise InputError(f"reach is {reach}; expected 1 to {length}, the pixels along axis {axis}")
    padded = _fast(length + reach - 1)
    spectrum = np.zeros(padded // 2 + 1, np.complex128)
    rows = max(1, _CHUNK * len(lines_LN) // lines_LN.size)
    for start in range(0, len(lines_LN), rows):
        part = lines_LN[start : start + rows]
        first = _transform((part == here).astype(np.float64), [padded])
        second = first if there == here else _transform((part == there) * 1.0, [padded])
        spectrum += (first.conj() * second).reshape(-1, len(spectrum)).sum(0)
    pairs_R = np.asarray(fft.irfft(spectrum, padded))[:reach].round()
    return pairs_R / (lines_LN.size // length * (length - np.arange(reach)))


def two_point_radial(labels: Labels, phase: int, *, reach: int = REACH) -> NDArray[np.float64]:
    """Return S2 averaged over all directions at 0, 1, … `reach` - 1 pixels.

    Every needle counts at its length, rounded. Needles that cross from one block of 1024² (128³)
    pixels to the next are left out.

    Returns
    -------
    ndarray
        Shape ``(R,)``.

    Raises
    ------
    InputError
        If there is no such phase or the window is too small.
    """
    known = labelled(labels)
    shape = known.codes.shape
    if not 0 < reach <= min(shape):
        raise InputError(f"reach is {reach}; expected 1 to {min(shape)}, the window's least extent")
    code = known.code(phase)
    side = max(_SIDES[len(shape)], 2 * reach)
    sums_R, pairs_R = np.zeros(reach), np.zeros(reach)
    for place in _tiles(shape, side):
        block = known.codes[place] == code
        found_R, of_R = _shells(block, reach)
        sums_R, pairs_R = sums_R + found_R, pairs_R + of_R
    return sums_R / pairs_R


def two_point_error(
    found_R: NDArray[np.float64], true_R: NDArray[np.float64], fraction: float
) -> float:
    """Return the mean absolute difference over distances, in units of ``fraction (1 - fraction)``.

    That is the height from which S2 falls; 0.01 is a percent of it. NaN for a phase that fills
    nothing or everything.
    """
    height = fraction * (1 - fraction)
    return float(np.abs(found_R - true_R).mean() / height) if height else float("nan")


def _shells(
    inside_S: NDArray[np.bool_], reach: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the pairs inside, and all pairs, of each rounded distance, in one block."""
    shape = inside_S.shape
    padded = [_fast(side + min(reach, side) - 1) for side in shape]
    power = np.abs(_transform(inside_S.astype(np.float64), padded)) ** 2
    found_S = np.asarray(fft.irfftn(power, padded))
    lags = [np.arange(-min(reach, side) + 1, min(reach, side)) for side in shape]
    grid = np.ix_(*lags)
    distance = np.sqrt(sum(lag.astype(np.float64) ** 2 for lag in grid)).round().astype(np.intp)
    near = distance < reach
    pairs_S = np.ones(1)
    for lag, side in zip(grid, shape, strict=True):
        pairs_S = pairs_S * (side - np.abs(lag))
    counts_S = found_S[grid].round()
    near_N = distance[near]
    found_R, of_R = np.zeros(reach), np.zeros(reach)
    np.add.at(found_R, near_N, counts_S[near])
    np.add.at(of_R, near_N, np.broadcast_to(pairs_S, near.shape)[near])
    return found_R, of_R


def _tiles(shape: tuple[int, ...], side: int) -> list[tuple[slice, ...]]:
    """Cut the window into about equal blocks of at most so many pixels a side."""
    edges = [np.linspace(0, n, -(-n // side) + 1).astype(int).tolist() for n in shape]
    cuts = [[slice(*pair) for pair in pairwise(edge)] for edge in edges]
    return list(product(*cuts))


def _transform(block: NDArray[np.float64], shape: list[int]) -> NDArray[np.complex128]:
    return np.asarray(fft.rfftn(block, shape, axes=range(-len(shape), 0)))


def _fast(length: int) -> int:
    return fft.next_fast_len(length, real=True) or length
