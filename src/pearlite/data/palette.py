"""Colours of masks as values: painted classes, palettes, soft edges.

Axes: S space.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pearlite.errors import InputError

MOST = 64
"""Classes beyond which a mask is one of objects, or a photograph."""

_FEW = 16  # distinct values up to which none is an edge's
_SOFT = 0.2  # share of the pixels that may lie on soft edges
_PAINTED = 60  # levels between the strongest and the weakest channel of a colour that was painted


@dataclass(frozen=True)
class Levels:
    """Which values a set of masks holds, and which of them are classes.

    Parameters
    ----------
    main
        The values that are classes, ascending.
    nearest
        Of each other value the main one that it belongs to.
    note
        A sentence on what was merged; empty when nothing was.
    """

    main: tuple[int, ...]
    nearest: dict[int, int]
    note: str


def pack(colours_SC: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return red, green and blue (0 to 255, last axis) as one number, ``0xrrggbb``."""
    red, green, blue = (colours_SC[..., i].astype(np.int32) for i in range(3))
    return (red << 16) | (green << 8) | blue


def unpack(codes: NDArray[np.integer] | Sequence[int]) -> NDArray[np.int32]:
    """Return red, green and blue (last axis) of packed colours."""
    numbers = np.asarray(codes, dtype=np.int32)
    return np.stack([(numbers >> 16) & 255, (numbers >> 8) & 255, numbers & 255], axis=-1)


def written(code: int) -> str:
    """Return a packed colour as ``"#rrggbb"``."""
    return f"#{code:06x}"


def find_levels(masks: Sequence[NDArray[np.int32]], coloured: bool, name: str) -> Levels:
    """Tell classes from the values that soft edges (anti-aliasing) leave between them.

    Values that fill a block of 3 x 3 pixels somewhere are classes; where a mask holds more than
    16 values, those that never do belong to the class of the nearest value. Colours painted over
    a grey picture are classes, and all its grey is one: black.

    Parameters
    ----------
    masks
        Values, or packed colours; negative ones say nothing.
    coloured
        Whether they are colours.
    name
        What to call them in errors.

    Raises
    ------
    InputError
        If there are too many classes, or too many pixels between them.
    """
    counts: dict[int, int] = {}
    for mask in masks:
        for value, count in zip(*np.unique(mask, return_counts=True), strict=True):
            counts[int(value)] = counts.get(int(value), 0) + int(count)
    counts = {value: count for value, count in counts.items() if value >= 0}
    every = np.array(sorted(counts))
    if len(every) <= _FEW:
        return Levels(tuple(every.tolist()), {}, "")
    grey: set[int] = set()
    if coloured:
        chroma = np.ptp(unpack(every), axis=-1)
        grey = set(every[chroma == 0].tolist())
        grey = grey if len(grey) > _FEW else set()
    solid = {value for mask in masks for value in _solid(mask) if value >= 0} - grey
    if grey:
        solid = {v for v in solid if np.ptp(unpack([v])) >= _PAINTED} | {0}
    if not solid or len(solid) > MOST:
        raise InputError(
            f"{name} holds {len(every)} different {'colours' if coloured else 'values'}, of which "
            f"{len(solid)} fill areas: it is no mask of at most {MOST} classes; export it again "
            "without compression and soft edges, or give instances=True if it numbers objects"
        )
    main = np.array(sorted(solid))
    rest = [value for value in every.tolist() if value not in solid]
    soft = sum(counts[value] for value in rest if value not in grey) / sum(counts.values())
    if soft > _SOFT:
        raise InputError(
            f"{name} holds {len(every)} different {'colours' if coloured else 'values'}, and "
            f"{soft:.0%} of its pixels lie between the classes as in a photograph; export the mask "
            "again without compression and soft edges"
        )
    where = unpack(main) if coloured else main[:, None]
    nearest = {}
    for value in rest:
        place = unpack([value])[0] if coloured else np.array([value])
        best = int(np.abs(where - place).sum(axis=1).argmin())
        nearest[value] = 0 if value in grey else int(main[best])
    said = f"{soft:.1%} of the mask's pixels lie on soft edges; each was given to the nearest class"
    if grey:
        said = f"the colours were painted on a grey picture, whose pixels are one class; {said}"
    return Levels(tuple(main.tolist()), nearest, f"{said[0].upper()}{said[1:]}.")


def _solid(mask_S: NDArray[np.int32]) -> list[int]:
    """Return the values that fill a block of 3 x 3 pixels."""
    size = (1,) * (mask_S.ndim - 2) + (3, 3)
    even = ndimage.minimum_filter(mask_S, size) == ndimage.maximum_filter(mask_S, size)
    return np.unique(mask_S[even]).tolist()
