"""The classes of a segmentation: the values of its masks, and what they are called.

Axes: S space.
"""

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.recipes.segment.example import UNLABELLED
from pearlite.see.style import BLUE, FAINT, GREEN, ORANGE, PURPLE, SKY, SOFT, VERMILION

Names = Mapping[int, str] | Sequence[str] | str
_COLOURS = (FAINT, BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, SOFT)
_GOLDEN = 0.618034  # of the circle of hues, from one colour to the next


@dataclass(frozen=True)
class Classes:
    """Values of the masks, names and colours; a class's number is its place here.

    Parameters
    ----------
    values
        Of the masks, ascending, 0 to 65535.
    names
        In words.
    colours
        ``"#rrggbb"``.
    unlabelled
        The value that says nothing in the masks; ``None`` where every value is a class.
    """

    values: tuple[int, ...]
    names: tuple[str, ...]
    colours: tuple[str, ...]
    unlabelled: int | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def dtype(self) -> np.dtype:
        """Smallest type of a label image: uint8, or uint16 where values ask for it."""
        return np.dtype(np.uint8 if self.values[-1] <= 255 else np.uint16)

    def numbers(self, mask_S: NDArray[np.integer]) -> NDArray[np.int16]:
        """Return the class number of every pixel of a mask, -1 where nobody labelled it.

        Raises
        ------
        InputError
            If the mask holds a value that is no class.
        """
        found, where = np.unique(mask_S, return_inverse=True)
        known = {value: number for number, value in enumerate(self.values)}
        known |= {UNLABELLED: UNLABELLED}
        if self.unlabelled is not None:
            known[self.unlabelled] = UNLABELLED
        if strange := [value for value in found.tolist() if value not in known]:
            raise InputError(
                f"the mask holds the value {strange[0]}, which is no class: those are "
                f"{', '.join(map(str, self.values))}; correct the mask, or say that "
                f"{strange[0]} is unlabelled"
            )
        table = np.array([known[value] for value in found.tolist()], dtype=np.int16)
        return table[where].reshape(mask_S.shape)

    def values_of(self, numbers_S: NDArray[np.integer]) -> NDArray[Any]:
        """Return the masks' own values for class numbers (0 to K - 1), of type `dtype`."""
        return np.array(self.values, dtype=self.dtype)[numbers_S]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, known: Mapping[str, Any]) -> "Classes":
        """Return what `to_dict` wrote."""
        return cls(
            tuple(known["values"]),
            tuple(known["names"]),
            tuple(known["colours"]),
            known["unlabelled"],
        )


def name_classes(
    values: Sequence[int],
    given: Names | None = None,
    found: Mapping[int, str] | None = None,
    colours: Mapping[int, str] | None = None,
    unlabelled: int | None = None,
) -> Classes:
    """Return classes with names and colours.

    Parameters
    ----------
    values
        Those that occur as labels.
    given
        Names by the user: by value, in the order of the values, or ``"0=matrix,1=pore"``.
    found
        Names that the annotation has, by value.
    colours
        Colours that the masks have, by value; used if all have one and no two are alike.
    unlabelled
        The value that says nothing.

    Raises
    ------
    InputError
        If names do not fit the values.
    """
    ordered = tuple(sorted(values))
    names = {value: f"class {value}" for value in ordered} | dict(found or {})
    names |= _given(given, ordered)
    called = tuple(names[value] for value in ordered)
    if "" in called or len(set(called)) < len(called):
        raise InputError(
            f"the classes would be called {', '.join(map(repr, called))}; give each a name of its "
            "own"
        )
    own = [(colours or {}).get(value, "") for value in ordered]
    if "" in own or len(set(own)) < len(own):
        own = [_colour(number) for number in range(len(ordered))]
    return Classes(ordered, called, tuple(own), unlabelled)


def _given(given: Names | None, values: tuple[int, ...]) -> dict[int, str]:
    if given is None:
        return {}
    if isinstance(given, str):
        parts = [part.strip() for part in given.split(",")]
        if all("=" in part for part in parts):
            pairs = [part.split("=", 1) for part in parts]
            if bad := [value for value, _ in pairs if not value.strip().isdecimal()]:
                raise InputError(f"names {given!r}: {bad[0]!r} is no value; write 0=matrix,1=pore")
            given = {int(value): name.strip() for value, name in pairs}
        else:
            given = parts
    listed = ", ".join(map(str, values))
    if isinstance(given, Mapping):
        if strange := [value for value in given if value not in values]:
            raise InputError(
                f"a name is given for the value {strange[0]}, and the masks' values are {listed}"
            )
        return {int(value): str(name) for value, name in given.items()}
    if len(given) != len(values):
        raise InputError(
            f"{len(given)} names are given for {len(values)} classes (values {listed}); give one "
            "for each"
        )
    return dict(zip(values, map(str, given), strict=True))


def _colour(number: int) -> str:
    """Return colours that the colour-blind tell apart; beyond eight, all around the circle."""
    if number < len(_COLOURS):
        return _COLOURS[number]
    parts = colorsys.hsv_to_rgb(number * _GOLDEN % 1, 0.65, 0.85)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)
