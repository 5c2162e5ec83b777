"""All measures of one labelled image or volume, in one table.

Axes: S space (YX or ZYX), R distances, L lengths.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.judge.structure.chords import chords
from pearlite.judge.structure.diffusion import diffusion
from pearlite.judge.structure.euler import euler_density
from pearlite.judge.structure.fractions import fractions
from pearlite.judge.structure.labelled import Labelled, Labels, labelled
from pearlite.judge.structure.percolation import percolating
from pearlite.judge.structure.surface import faces, interface_area, of_each_phase
from pearlite.judge.structure.triple import triple_length, triple_points
from pearlite.judge.structure.two_point import REACH, two_point_along, two_point_radial

Key = tuple[str, str, str]
"""Measure, phase (or phases that meet, as ``0|128``), direction (``z y x`` or ``all``)."""

S2, CHORDS = "two-point correlation", "chord lengths"
UNITS = {
    "fraction": "1",
    "mean chord": "px",
    "faces": "1/px",
    "surface": "1/px",
    "interface": "1/px",
    "triple points": "1/px²",
    "triple lines": "1/px²",
    "Euler number": "1/px^d",
    "percolating": "1",
    "diffusivity": "1",
}
MOST = {2: 1 << 24, 3: 1 << 24}
"""Pixels that are measured in one piece; of more, pieces that are spread over it."""
_PIECES = 8


@dataclass(frozen=True)
class Description:
    """Measures of one image or volume, or their means over several.

    Attributes
    ----------
    values : dict
        A number a key.
    curves : dict
        Two-point correlations, shape ``(R,)``, and shares of chord lengths, shape ``(L,)``.
    """

    values: dict[Key, float] = field(default_factory=dict)
    curves: dict[Key, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def table(self) -> pd.DataFrame:
        """The numbers, a row each: measure, phase, direction, value, unit."""
        rows = [(*key, value, UNITS[key[0]]) for key, value in self.values.items()]
        return pd.DataFrame(rows, columns=["measure", "phase", "direction", "value", "unit"])


def describe(
    labels: Labels,
    *,
    axes: Sequence[str] | None = None,
    reach: int = REACH,
    conducts: Collection[int] | None = None,
) -> Description:
    """Measure an image, or a volume.

    Both: fractions, two-point correlations along each axis and over all directions, chords, faces,
    surface of each phase, interface of every pair, triple lines, Euler numbers (connected by
    faces). Volumes also: percolating shares and effective diffusivities, along each axis. Those are
    left out of images, because what does not connect in a slice may connect in the volume.

    Of an image or a volume of more than 2²⁴ pixels, eight pieces of that size at most together are
    measured, and the mean is told.

    Parameters
    ----------
    labels
        See `pearlite.judge.structure.labelled`.
    axes
        Names of the axes; by default ``y x`` or ``z y x``. A slice normal to y has ``z x``.
    reach
        Number of distances of two-point correlations; at most half of the window's least side,
        because of longer ones it holds too few pairs.
    conducts
        Phases whose diffusivity is measured, each as if the others were insulators; by default
        all, none if empty.

    Raises
    ------
    InputError
        If the labels are wrong, or the names of axes do not fit.
    """
    known = labelled(labels)
    dims = known.codes.ndim
    names = list("zyx"[-dims:] if axes is None else axes)
    if len(names) != dims:
        raise InputError(f"{names} name {len(names)} axes; the labels have {dims}")
    if known.codes.size > MOST[dims]:
        side = int((MOST[dims] / _PIECES) ** (1 / dims))
        places = pieces(known.codes.shape, (side,) * dims, _PIECES)
        parts = [known.cut(*place) for place in places]
        return average(describe(p, axes=names, reach=reach, conducts=conducts) for p in parts)
    found = Description()
    _amounts(known, names, found)
    _lengths(known, names, min(reach, max(min(known.codes.shape) // 2, 1)), found)
    if dims == 3:
        _transport(known, names, known.phases if conducts is None else conducts, found)
    return found


def describe_slices(
    labels: Labels,
    normal: int,
    *,
    size: tuple[int, int] | None = None,
    most: int = 24,
    reach: int = REACH,
) -> Description:
    """Return the mean over slices of a volume, normal to an axis.

    Parameters
    ----------
    labels
        A volume, ZYX.
    normal
        The axis.
    size
        Of the pieces into which each slice is cut; by default it is one.
    most
        Number of slices, evenly spread.
    reach
        As in `describe`.

    Raises
    ------
    InputError
        If it is no volume or a piece is larger than a slice.
    """
    known = labelled(labels)
    if known.codes.ndim != 3:
        raise InputError("an image has no slices; give a volume (planes, rows, columns)")
    count = known.codes.shape[normal]
    names = [name for axis, name in enumerate("zyx") if axis != normal]
    planes = spread(count, most)
    found = []
    for plane in (known.plane(normal, int(index)) for index in planes):
        places = pieces(plane.codes.shape, size or plane.codes.shape, _PIECES)
        found += [describe(plane.cut(*place), axes=names, reach=reach) for place in places]
    return average(found)


def average(found: Iterable[Description]) -> Description:
    """Return the mean of descriptions of equally large windows; what is not known is left out."""
    several = list(found)
    values, curves = {}, {}
    for key in several[0].values:
        numbers = np.array([each.values[key] for each in several])
        values[key] = float(numbers[np.isfinite(numbers)].mean()) if _any(numbers) else np.nan
    for key in several[0].curves:
        curves[key] = np.mean([each.curves[key] for each in several], 0)
    return Description(values, curves)


def pieces(
    shape: tuple[int, ...], size: tuple[int, ...], most: int | None = None
) -> list[tuple[slice, ...]]:
    """Return where pieces of a size lie that do not overlap, spread over a window.

    Raises
    ------
    InputError
        If the window is smaller than a piece.
    """
    if len(shape) != len(size) or any(n < piece for n, piece in zip(shape, size, strict=True)):
        raise InputError(f"pieces of {size} pixels do not fit into {shape}; ask for smaller ones")
    starts = []
    for side, piece in zip(shape, size, strict=True):
        count = side // piece
        starts.append(np.linspace(0, side - piece, count).round().astype(int) if count > 1 else [0])
    places = [
        tuple(slice(int(start), int(start) + piece) for start, piece in zip(at, size, strict=True))
        for at in product(*starts)
    ]
    return [places[int(n)] for n in spread(len(places), most or len(places))]


def spread(count: int, most: int) -> NDArray[np.intp]:
    """Return at most so many of the numbers 0 to `count` - 1, evenly spread."""
    few = min(count, most)
    return ((np.arange(few) + 0.5) * count / few).astype(np.intp)


def _amounts(known: Labelled, names: list[str], found: Description) -> None:
    """Measure what is counted: fractions, surfaces, triple lines, Euler numbers."""
    values = found.values
    for phase, share in fractions(known).items():
        values["fraction", str(phase), "all"] = share
    between, area = faces(known), interface_area(known)
    for pair, share_A in between.items():
        for name, share in zip(names, share_A.tolist(), strict=True):
            values["faces", _joined(pair), name] = share
    if len(known.phases) > 2:
        for pair, number in area.items():
            values["interface", _joined(pair), "all"] = number
    for phase, number in of_each_phase(area).items():
        values["surface", str(phase), "all"] = number
    volume = known.codes.ndim == 3
    for three, share_A in triple_points(known).items():
        for name, share in zip(names if volume else ["all"], share_A.tolist(), strict=True):
            values["triple points", _joined(three), name] = share
    if volume:
        for three, number in triple_length(known).items():
            values["triple lines", _joined(three), "all"] = number
    for phase, number in euler_density(known).items():
        values["Euler number", str(phase), "all"] = number


def _lengths(known: Labelled, names: list[str], reach: int, found: Description) -> None:
    """Measure two-point correlations and chords."""
    for phase in known.phases:
        for axis, name in enumerate(names):
            found.curves[S2, str(phase), name] = two_point_along(known, phase, axis, reach=reach)
        found.curves[S2, str(phase), "all"] = two_point_radial(known, phase, reach=reach)
    for axis, name in enumerate(names):
        for phase, chord in chords(known, axis).items():
            found.values["mean chord", str(phase), name] = chord.mean
            found.curves[CHORDS, str(phase), name] = chord.share_L


def _transport(
    known: Labelled, names: list[str], conducts: Collection[int], found: Description
) -> None:
    """Measure what reaches from side to side."""
    shares = percolating(known)
    for phase, share_A in shares.items():
        for name, share in zip(names, share_A.tolist(), strict=True):
            found.values["percolating", str(phase), name] = share
    for phase in conducts:
        for axis, name in enumerate(names):
            flux = diffusion(known, {phase: 1.0}, axis)
            found.values["diffusivity", str(phase), name] = flux.effective


def _joined(phases: tuple[int, ...]) -> str:
    return "|".join(map(str, phases))


def _any(numbers: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(numbers).any())
