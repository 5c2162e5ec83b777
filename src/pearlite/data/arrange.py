"""From the axes and types of files to ours: letters in the order ``"TZCYX"``, native numbers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pearlite.data.image import AXES
from pearlite.data.lazy import LazyArray
from pearlite.errors import InputError

_MEANING = {"T": "times (T)", "Z": "planes in depth (Z)", "C": "channels (C)"}


def supported(dtype: Any, path: Path | str) -> np.dtype:
    """Return the type in which values of `dtype` are handed on; masks become uint8.

    Raises
    ------
    InputError
        For anything but whole and real numbers of at most 64 bits.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype.kind not in "uif" or dtype.itemsize > 8:
        mend = {"c": "write its magnitude or its real part as float32"}.get(
            dtype.kind, "save it as a plain array of numbers"
        )
        raise InputError(
            f"{path} holds values of type {dtype}; whole or real numbers are expected: {mend}"
        )
    return dtype.newbyteorder("=")


def name_axes(
    letters: str,
    kept: Sequence[bool],
    shape: tuple[int, ...],
    wanted: str | None,
    path: Path | str,
) -> tuple[str, str]:
    """Name each stored axis by a letter of ours, ``"S"`` for colour samples, ``"_"`` if dropped.

    Parameters
    ----------
    letters
        What the file calls its axes.
    kept
        Which of them stay; the others have length 1.
    shape
        Their lengths.
    wanted
        Names that the user gave to the kept axes, or None.
    path
        What to call the file in errors.

    Returns
    -------
    tuple of str and str
        The letters, and a sentence for the notes (empty when the file was clear).

    Raises
    ------
    InputError
        When `wanted` does not fit, or there are more unknown axes than we have letters.
    """
    stay = [letter for letter, stays in zip(letters, kept, strict=True) if stays]
    note = ""
    if wanted is not None:
        names = _wanted(wanted, [n for n, stays in zip(shape, kept, strict=True) if stays], path)
    else:
        if not {"Y", "X"} <= set(stay):
            raise InputError(
                f"{path} holds an array of shape {tuple(shape)}; "
                "an image with rows and columns is expected"
            )
        unknown = [letter for letter in stay if letter not in AXES + "S"]
        taken = {letter.replace("S", "C") for letter in stay}
        free = [letter for letter in "ZTC" if letter not in taken]
        if len(unknown) > len(free) or {"C", "S"} <= set(stay):
            raise InputError(
                f"{path} has axes {''.join(stay)!r}, more than time, depth, channel, row and "
                "column; split it into several files"
            )
        new = sorted(free[: len(unknown)], key=AXES.index)
        if new:
            note = (
                "The file does not name its axes; they were taken as "
                f"{' of '.join(_MEANING[letter] for letter in new)}."
            )
        names = [letter if letter in AXES + "S" else new.pop(0) for letter in stay]
    remaining = iter(names)
    return "".join(next(remaining) if stays else "_" for stays in kept), note


def _wanted(wanted: str, lengths: list[int], path: Path | str) -> list[str]:
    names = list(wanted.upper())
    legal = len(set(names)) == len(names) and {"Y", "X"} <= set(names) <= set(AXES)
    if not legal or len(names) != len(lengths):
        raise InputError(
            f"axes {wanted!r} do not fit {path}, whose axes have lengths {tuple(lengths)}: give "
            f"one letter of {AXES!r} for each, Y and X among them"
        )
    return names


def arrange(
    source: Any, letters: str, dtype: np.dtype, close: Callable[[], object] | None = None
) -> tuple[np.ndarray | LazyArray, str]:
    """Bring an array into our axis order.

    Parameters
    ----------
    source
        An array in memory, a memory map or a Zarr array.
    letters
        Its axes as `name_axes` gives them.
    dtype
        Type to hand the values on in.
    close
        What to call when a lazy array is no longer used.

    Returns
    -------
    tuple of array and str
        The array (lazy unless `source` is an array in memory) and its axes.

    Raises
    ------
    InputError
        If an axis has length 0.
    """
    if 0 in source.shape:
        raise InputError(f"an image of shape {tuple(source.shape)} has nothing in it")
    ours = letters.replace("S", "C")
    order = [ours.index(letter) for letter in AXES if letter in ours]
    axes = "".join(ours[i] for i in order)
    fixed = {i: 0 for i, letter in enumerate(ours) if letter == "_"}
    if isinstance(source, np.ndarray) and not isinstance(source, np.memmap):
        dropped = sorted(fixed)
        rearranged = source.transpose(dropped + order)[(0,) * len(dropped)]
        return np.ascontiguousarray(rearranged, dtype=dtype), axes
    return LazyArray(source, order, fixed, dtype, close), axes
