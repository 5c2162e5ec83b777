"""Normal noise that is the same wherever and in whatever order it is asked for.

A value is a function of (seed, channels' pair, cell) alone: each coordinate goes through the
finaliser of SplitMix64 (Steele, Lea & Flood, Fast Splittable Pseudorandom Number Generators,
OOPSLA 2014), one after the other, and the 64 bits in the end become two normal numbers (Box &
Muller, Ann. Math. Stat. 29, 1958), one for each of two channels. So any block of an endless field
can be made without the rest: counter-based, as Salmon et al., Parallel Random Numbers: As Easy as
1, 2, 3, SC 2011.

Axes: C channels, S space.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.seeds import derived_seed

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_UNIT = np.float32(2.0**-24)


def normal_noise(
    seed: int,
    channels: int,
    starts: Sequence[int],
    sides: Sequence[int],
    periods: Sequence[int | None] | None = None,
) -> NDArray[np.float32]:
    """Return a block of an endless field of independent normal numbers.

    Parameters
    ----------
    seed
        Which field; use `pearlite.seeds.derived_seed` for fields that have nothing in common.
    channels
        Number of fields that are returned.
    starts
        First cell along each axis; may be negative.
    sides
        Cells along each axis.
    periods
        For each axis after how many cells the field repeats, or None where it never does.

    Returns
    -------
    array
        ``(C, *sides)``, float32, mean 0 and variance 1.

    Raises
    ------
    InputError
        If a period is no positive number.
    """
    lines = []
    for axis, (start, side) in enumerate(zip(starts, sides, strict=True)):
        cells = np.arange(start, start + side, dtype=np.int64)
        period = None if periods is None else periods[axis]
        if period is not None:
            if period < 1:
                raise InputError(f"a period of {period} cells is none; give at least 1")
            cells %= period
        lines.append(cells.view(np.uint64) * _STEP)
    made = np.empty((channels + channels % 2, *sides), np.float32)
    for pair in range(0, channels, 2):
        bits = np.array(derived_seed(seed, pair // 2), np.uint64)
        for line in lines:
            bits = _mixed(bits[..., None] + line)
        radius = np.sqrt(-2 * np.log(((bits >> np.uint64(40)).astype(np.float32) + 0.5) * _UNIT))
        angle = (bits & np.uint64(0xFFFFFF)).astype(np.float32) * (_UNIT * np.float32(2 * np.pi))
        np.multiply(radius, np.cos(angle), out=made[pair])
        np.multiply(radius, np.sin(angle), out=made[pair + 1])
    return made[:channels]


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter each number over all 64 bits; takes and returns a new array."""
    bits = bits + _STEP
    bits ^= bits >> np.uint64(30)
    bits *= _FIRST
    bits ^= bits >> np.uint64(27)
    bits *= _SECOND
    bits ^= bits >> np.uint64(31)
    return bits
