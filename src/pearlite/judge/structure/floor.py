"""Generated volumes against the real structure, and against how much that differs from itself.

Two pieces of one material differ, the more so the smaller they are. That is the floor: nothing can
be asked of a generated volume that a real piece of the same size does not hold. All is measured on
pieces of one size, real and generated, because percolation and diffusivity depend on it.

Axes: R distances, N pieces, V generated volumes.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from pearlite.errors import InputError
from pearlite.judge.structure.describe import (
    S2,
    UNITS,
    Description,
    Key,
    average,
    describe,
    describe_slices,
    pieces,
)
from pearlite.judge.structure.labelled import Labelled, Labels, labelled
from pearlite.judge.structure.two_point import REACH, two_point_error

COLUMNS = (
    *("measure", "phase", "slices", "direction", "unit", "real", "floor", "known"),
    *("generated", "low", "high", "relative", "inside"),
)
_LEAST = 0.005
"""The floor is not below this share of the real value: less makes no difference to anyone."""
_FEWEST_PIXELS = 8
MOST_REAL = {2: 64, 3: 16}
"""Pieces of the real structure that are measured, at most, by its axes."""
_MOST_GENERATED = 8
_PLANES = 16


@dataclass(frozen=True)
class Comparison:
    """What was found of real pieces and of generated volumes.

    Attributes
    ----------
    table : DataFrame
        A row a measure, phase, kind of slices (their normal; ``-`` for volumes) and direction:

        - ``real``, the mean over real pieces;
        - ``floor``, their standard deviation: how far a single real piece is off;
        - ``known``, half of the 95 % interval of ``real``, as a value of the material, from the
          number of pieces (Student's t), which lie side by side and are taken as independent;
        - ``generated``, ``low`` and ``high``: mean, smallest and largest of the volumes;
        - ``relative``, generated over real minus 1;
        - ``inside``: whether the mean of the volumes is no further from ``real`` than the floor.

        Two-point correlation and chord lengths are errors, so ``real`` is 0: mean absolute
        difference of S2 over fraction (1 - fraction), and of the cumulative shares of chords summed
        over lengths, over their mean length. ``generated`` is the error of the volumes' mean curve,
        ``low`` and ``high`` are those of single volumes; the floor is the root mean square of the
        errors of single real pieces.
    size : dict
        Size of the pieces for each kind of slices.
    real, generated : dict
        Descriptions of all real pieces, and of the volumes, for each kind of slices.
    """

    table: pd.DataFrame
    size: dict[str, tuple[int, ...]]
    real: dict[str, list[Description]]
    generated: dict[str, list[Description]]

    def sentence(self) -> str:
        """Say how many measures are inside, and which is furthest off."""
        rows = self.table
        count, held = len(rows), int(np.count_nonzero(rows["inside"]))
        counts = ", ".join(
            f"{len(self.real[view])} of {' × '.join(map(str, size))}"
            for view, size in self.size.items()
        )
        said = f"{held} of {count} measures are within the floor of real pieces ({counts})."
        if held < count:
            off_N = (rows["generated"] - rows["real"]).abs().to_numpy() / rows["floor"].to_numpy()
            worst = rows.iloc[int(np.nanargmax(off_N))]
            where = "" if worst["slices"] == "-" else f" in slices normal to {worst['slices']}"
            said += (
                f" Furthest off: {worst['measure']} of {worst['phase']}, {worst['direction']}"
                f"{where}, {np.nanmax(off_N):.1f} floors."
            )
        return said


def compare(
    generated: Sequence[Labels],
    real: Labels | Sequence[Labels],
    *,
    normals: Collection[int] = (0, 1, 2),
    size: Sequence[int] | None = None,
    reach: int = REACH,
    conducts: Collection[int] | None = None,
) -> Comparison:
    """Measure generated volumes and real pieces of the same size.

    Parameters
    ----------
    generated
        Volumes, ZYX, of one model with several seeds; one has no range.
    real
        A volume, ZYX; or an image, with which slices along `normals` are compared; or a list of
        three images, normal to z, y and x, each compared with the slices normal to its own axis.
    normals
        Axes along which an image is a slice: all where the structure is isotropic.
    size
        Pixels a side of the pieces; by default as large as the generated volumes, at most half as
        large as the real structure, so that there are four pieces (eight of a volume).
    reach
        Number of distances of two-point correlations.
    conducts
        Phases whose diffusivity is measured where `real` is a volume; by default all.

    Raises
    ------
    InputError
        If a generated volume holds other phases, there is nothing to compare, or pieces would be
        smaller than 8 pixels or fewer than two.
    """
    views, phases = _views(real, normals)
    volumes = [labelled(volume, phases) for volume in generated]
    if not volumes or any(volume.codes.ndim != 3 for volume in volumes):
        raise InputError("give a list of at least one generated volume (planes, rows, columns)")
    least = tuple(np.min([volume.codes.shape for volume in volumes], 0).tolist())
    rows, sizes = [], {}
    real_found: dict[str, list[Description]] = {}
    generated_found: dict[str, list[Description]] = {}
    for view, (whole, axes) in views.items():
        extent = tuple(least[axis] for axis in axes)
        cut = _size(whole.codes.shape, extent, size)
        places = pieces(whole.codes.shape, cut, MOST_REAL[len(cut)])
        if len(places) < 2:
            raise InputError(
                f"one piece of {cut} pixels of the real structure has no spread; ask for a smaller "
                f"size than half of {whole.codes.shape}"
            )
        names = ["zyx"[axis] for axis in axes]
        real_found[view] = [
            describe(whole.cut(*place), axes=names, reach=reach, conducts=conducts)
            for place in places
        ]
        generated_found[view] = [
            _measured(volume, view, cut, reach, conducts) for volume in volumes
        ]
        sizes[view] = cut
        rows += held_against(view, real_found[view], generated_found[view])
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Comparison(table, sizes, real_found, generated_found)


def _views(
    real: Labels | Sequence[Labels], normals: Collection[int]
) -> tuple[dict[str, tuple[Labelled, tuple[int, ...]]], tuple[int, ...]]:
    """Return what is compared under which name with which axes of a volume; and all phases."""
    if isinstance(real, list | tuple) and all(_is_image(each) for each in real):
        if len(real) != 3:
            raise InputError(f"{len(real)} real images; give one, or three: normal to z, y and x")
        images = dict(enumerate(labelled(image) for image in real))
    else:
        whole = labelled(real)  # pyright: ignore[reportArgumentType]
        if whole.codes.ndim == 3:
            return {"-": (whole, (0, 1, 2))}, whole.phases
        if not normals or not set(normals) <= {0, 1, 2}:
            raise InputError(f"normals are {list(normals)}; expected some of 0, 1, 2 (z, y, x)")
        images = {normal: whole for normal in sorted(set(normals))}
    phases = tuple(sorted({phase for image in images.values() for phase in image.phases}))
    views = {}
    for normal, image in images.items():
        values_S = np.array(image.phases)[image.codes]
        axes = tuple(axis for axis in range(3) if axis != normal)
        views["zyx"[normal]] = labelled(values_S, phases), axes
    return views, phases


def _is_image(labels: object) -> bool:
    array = labels.codes if isinstance(labels, Labelled) else labels
    return isinstance(array, np.ndarray) and array.ndim == 2


def _size(
    real: tuple[int, ...], generated: tuple[int, ...], asked: Sequence[int] | None
) -> tuple[int, ...]:
    """Return the size of the pieces."""
    if asked is not None:
        return tuple(int(side) for side in asked)
    found = tuple(min(g, r // 2) for g, r in zip(generated, real, strict=True))
    if min(found) < _FEWEST_PIXELS:
        raise InputError(
            f"the real structure has {real} pixels, the generated {generated}: pieces of {found} "
            f"hold too little; {_FEWEST_PIXELS} pixels a side are needed, and twice that of the "
            "real structure"
        )
    return found


def _measured(
    volume: Labelled,
    view: str,
    size: tuple[int, ...],
    reach: int,
    conducts: Collection[int] | None,
) -> Description:
    """Measure a generated volume in pieces of the size of the real ones."""
    if len(size) == 2:
        return describe_slices(
            volume, "zyx".index(view), size=(size[0], size[1]), most=_PLANES, reach=reach
        )
    places = pieces(volume.codes.shape, size, _MOST_GENERATED)
    return average(describe(volume.cut(*p), reach=reach, conducts=conducts) for p in places)


def held_against(
    view: str, real: Sequence[Description], generated: Sequence[Description]
) -> list[tuple]:
    """Return the rows of `Comparison` on volumes and the real pieces of one kind of slices."""
    middle, rows = average(real), []
    for key in middle.values:
        real_N = np.array([each.values[key] for each in real])
        found_V = np.array([each.values[key] for each in generated])
        rows.append(_row(view, key, UNITS[key[0]], real_N, found_V))
    spared = math.sqrt(len(real) / (len(real) - 1))  # a piece is part of the mean it is held to
    for key, true_R in middle.curves.items():
        fraction = middle.values["fraction", key[1], "all"]
        errors_N = [
            spared * curve_error(key[0], each.curves[key], true_R, fraction) for each in real
        ]
        curves_V = [each.curves[key] for each in generated]
        found_V = [curve_error(key[0], curve_R, true_R, fraction) for curve_R in curves_V]
        of_mean = curve_error(key[0], np.mean(curves_V, 0), true_R, fraction)
        rows.append(_error_row(view, key, np.array(errors_N), np.array(found_V), of_mean))
    return [row for row in rows if row]


def curve_error(
    measure: str, found_R: NDArray[np.float64], true_R: NDArray[np.float64], fraction: float
) -> float:
    """Return how far a curve is from the true one; see `Comparison`."""
    if measure == S2:
        return two_point_error(found_R, true_R, fraction)
    mean = float(np.arange(len(true_R)) @ true_R)
    gap = float(np.abs(np.cumsum(found_R - true_R)).sum())
    return gap / mean if mean and found_R.any() else float("nan")


def _row(
    view: str, key: Key, unit: str, real_N: NDArray[np.float64], found_V: NDArray[np.float64]
) -> tuple:
    """Judge a number; nothing where the real structure or no volume has it."""
    real_N, found_V = real_N[np.isfinite(real_N)], found_V[np.isfinite(found_V)]
    if len(real_N) < 2:
        return ()
    real, spread = float(real_N.mean()), float(real_N.std(ddof=1))
    floor = max(spread, _LEAST * abs(real))
    known = float(t.ppf(0.975, len(real_N) - 1)) * spread / math.sqrt(len(real_N))
    if not len(found_V):
        gone = (float("nan"),) * 4
        return (*_place(view, key), unit, real, floor, known, *gone, False)
    mean = float(found_V.mean())
    relative = mean / real - 1 if real else float("nan")
    ends = float(found_V.min()), float(found_V.max())
    inside = abs(mean - real) <= floor
    return (*_place(view, key), unit, real, floor, known, mean, *ends, relative, inside)


def _error_row(
    view: str,
    key: Key,
    errors_N: NDArray[np.float64],
    found_V: NDArray[np.float64],
    of_mean: float,
) -> tuple:
    """Judge an error; its floor is the root mean square of the real pieces' errors."""
    errors_N, found_V = errors_N[np.isfinite(errors_N)], found_V[np.isfinite(found_V)]
    if len(errors_N) < 2:
        return ()
    floor = max(float(np.sqrt((errors_N**2).mean())), _LEAST)
    known = floor / math.sqrt(len(errors_N))
    if not len(found_V):
        return (*_place(view, key), "1", 0.0, floor, known, *(float("nan"),) * 4, False)
    ends = float(found_V.min()), float(found_V.max())
    inside = of_mean <= floor
    return (*_place(view, key), "1", 0.0, floor, known, of_mean, *ends, float("nan"), inside)


def _place(view: str, key: Key) -> tuple[str, str, str, str]:
    measure, phase, direction = key
    return measure, phase, view, direction
