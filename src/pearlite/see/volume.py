"""A volume as its pictures need it: a byte a cell and a palette, whatever the volume was.

Labels become numbers of phases, grey values are stretched, colours are brought to 256 of their own.
Volumes over `LONGEST` voxels a side are brought to fewer cells: the commonest label of each cell,
or its mean.

Axes: Z planes, Y rows, X columns, 3 red, green and blue, P entries of the palette. A picture shows
a volume as a stack of images lies on a table: plane 0 on top, x to the right, y towards the viewer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.see.colours import class_colour, red_green_blue
from pearlite.see.volume_cells import (
    commonest,
    count_labels,
    fit_within,
    grey_cells,
    mean_cells,
    own_colours,
)

Kind = Literal["labels", "grey", "rgb"]
Shape = tuple[int, int, int]
Lengths = tuple[float, float, float]
ByValue = Mapping[int, str] | Sequence[str]

LONGEST = 256  # cells a side, at most
MOST = 12  # phases: more colours are not told apart, and more switches not found


@dataclass(frozen=True)
class Phase:
    """One of the labels: its value, what it is called, its colour, its share of all voxels."""

    value: int
    name: str
    colour: str
    share: float


@dataclass(frozen=True)
class Volume:
    """A volume made ready for pictures.

    Parameters
    ----------
    cells_ZYX
        uint8: the phase's place in `phases`, or a place in the palette.
    palette_P3
        uint8 colours of the cells' values.
    phases
        By ascending label; empty for grey and colour.
    size
        Lengths of the box along z, y, x in `unit`.
    unit
        Of lengths.
    whole
        Shape of the volume that was given.
    """

    cells_ZYX: NDArray[np.uint8]
    palette_P3: NDArray[np.uint8]
    phases: tuple[Phase, ...]
    size: Lengths
    unit: str
    whole: Shape

    @property
    def shape(self) -> Shape:
        """Cells along z, y, x."""
        z, y, x = self.cells_ZYX.shape
        return z, y, x

    @property
    def cell(self) -> Lengths:
        """Lengths of a cell along z, y, x in `unit`."""
        z, y, x = (length / n for length, n in zip(self.size, self.shape, strict=True))
        return z, y, x

    def numbers(self, names: Sequence[str]) -> list[int]:
        """Return the places of phases by their names.

        Raises
        ------
        InputError
            If there is no phase of that name.
        """
        known = [phase.name for phase in self.phases]
        if strange := [name for name in names if name not in known]:
            listed = ", ".join(map(repr, known)) or "none, because it holds no labels"
            raise InputError(f"the volume has no phase {strange[0]!r}; its phases are {listed}")
        return [known.index(name) for name in names]

    def words(self) -> str:
        """Return in words how large the volume is."""
        voxels = " × ".join(map(str, self.whole))
        if self.unit == "voxels" and self.size == self.whole:
            return f"{voxels} voxels (z × y × x)"
        return (
            f"{voxels} voxels, {' × '.join(f'{n:.3g}' for n in self.size)} {self.unit} (z × y × x)"
        )


def describe(
    volume: "NDArray[Any] | Volume",
    *,
    kind: Kind | None = None,
    names: ByValue | None = None,
    colours: ByValue | None = None,
    voxel_size: float | Sequence[float] = 1.0,
    unit: str = "voxels",
) -> Volume:
    """Return a volume made ready for pictures; one that is ready comes back as it is.

    Parameters
    ----------
    volume
        Shape ``(Z, Y, X)`` of labels or grey values, or ``(Z, Y, X, 3)`` of colours, those of
        type float between 0 and 1. It is read plane by plane, so that a memory map will do.
    kind
        ``"labels"``, ``"grey"`` or ``"rgb"``. By itself: colours by the fourth axis; labels where
        names are given, or whole numbers of at most `MOST` values; else grey.
    names, colours
        Of the labels: by value, or in the order of the values. Colours as ``"#rrggbb"``.
    voxel_size
        Side of a voxel in `unit`: one number, or three along z, y, x.
    unit
        Of lengths, such as ``"µm"``.

    Raises
    ------
    InputError
        If it is no volume, or names, colours or sizes do not fit it.
    """
    if isinstance(volume, Volume):
        return volume
    array = volume if isinstance(volume, np.ndarray) else np.asarray(volume)
    found = _kind(array, kind, names)
    whole: Shape = (array.shape[0], array.shape[1], array.shape[2])
    sides = _sides(voxel_size)
    size = (whole[0] * sides[0], whole[1] * sides[1], whole[2] * sides[2])
    shape = fit_within(whole, LONGEST)
    phases: tuple[Phase, ...] = ()
    if found == "labels":
        phases = _phases(count_labels(array, MOST), names, colours)
        cells_ZYX = commonest(array, [phase.value for phase in phases], shape)
        palette_P3 = np.array([red_green_blue(phase.colour) for phase in phases], np.uint8)
    elif found == "rgb":
        scaled = array if array.dtype == np.uint8 else _bytes(array)
        cells_ZYX, palette_P3 = own_colours(mean_cells(scaled, shape))
    else:
        cells_ZYX = grey_cells(array, shape)
        palette_P3 = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    return Volume(cells_ZYX, palette_P3, phases, size, unit, whole)


def _kind(array: NDArray[Any], kind: Kind | None, names: ByValue | None) -> Kind:
    colour = array.ndim == 4 and array.shape[-1] == 3
    if array.ndim != 3 and not colour:
        raise InputError(
            f"a volume has the axes z, y, x (and a last one of 3 for red, green, blue); this has "
            f"the shape {array.shape}: choose one time or channel of it, or stack its planes"
        )
    if 0 in array.shape:
        raise InputError(f"the volume has the shape {array.shape}, so that it holds no voxel")
    if array.dtype.kind not in "buif":
        raise InputError(f"a volume's values are real numbers, these are of type {array.dtype}")
    if kind is not None and (kind == "rgb") != colour:
        raise InputError(f"kind={kind!r} does not fit a volume of shape {array.shape}")
    if colour:
        return "rgb"
    whole_numbers = array.dtype.kind in "bui"
    if (kind == "labels" or names is not None) and not whole_numbers:
        raise InputError(f"labels are whole numbers, these are of type {array.dtype}; round them")
    if kind is not None:
        return kind
    few = whole_numbers and len(count_labels(array, MOST + 1, strict=False)) <= MOST
    return "labels" if names is not None or few else "grey"


def _sides(given: float | Sequence[float]) -> Lengths:
    sides = np.ravel(np.asarray(given, dtype=float))
    if len(sides) not in (1, 3) or not (np.isfinite(sides).all() and (sides > 0).all()):
        raise InputError(f"voxel_size is one length over 0, or three along z, y, x; not {given!r}")
    z, y, x = np.broadcast_to(sides, 3).tolist()
    return z, y, x


def _phases(
    counts: dict[int, int], names: ByValue | None, colours: ByValue | None
) -> tuple[Phase, ...]:
    values, total = list(counts), sum(counts.values())
    called = _by_value(names, values, "names")
    coloured = _by_value(colours, values, "colours")
    if bad := [c for c in coloured.values() if not re.fullmatch("#[0-9a-fA-F]{6}", c)]:
        raise InputError(f"a colour is written #rrggbb, as #0072b2; not {bad[0]!r}")
    phases = tuple(
        Phase(
            value,
            called.get(value, f"phase {value}"),
            coloured.get(value, class_colour(number)),
            counts[value] / total,
        )
        for number, value in enumerate(values)
    )
    words = [phase.name for phase in phases]
    if len(set(words)) < len(words):
        raise InputError(f"the phases would be called {', '.join(words)}; give each its own name")
    return phases


def _by_value(given: ByValue | None, values: list[int], what: str) -> dict[int, str]:
    if given is None:
        return {}
    listed = ", ".join(map(str, values))
    if isinstance(given, Mapping):
        if strange := [value for value in given if value not in values]:
            raise InputError(
                f"{what} has an entry for the value {strange[0]}; the volume's are {listed}"
            )
        return {int(value): str(word) for value, word in given.items()}
    if isinstance(given, str) or len(given) != len(values):
        raise InputError(
            f"{what}={given!r} does not fit {len(values)} phases (values {listed}); give one for "
            "each, or a mapping from values"
        )
    return dict(zip(values, map(str, given), strict=True))


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    if (
        array.dtype.kind != "f"
        or not np.isfinite(array).all()
        or array.min() < 0
        or array.max() > 1
    ):
        raise InputError(
            f"colours are uint8, or floats from 0 to 1; these are {array.dtype} from "
            f"{array.min()} to {array.max()}"
        )
    return (array * 255).round().astype(np.uint8)
