"""What a user can choose of a reconstruction, checked before anything is done."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pearlite.errors import InputError
from pearlite.recipes.reconstruct.generate import check_sides
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.methods import METHODS

SECONDS = {"fast": 60.0, "balanced": 300.0, "best": 900.0}
"""CPU seconds of learning by quality."""
UNTIL = ("budget", "inside")
SUFFIXES = (".tif", ".ome.tif", ".ome.zarr", ".npy")


@dataclass(frozen=True)
class Choices:
    """What a user chose.

    Attributes
    ----------
    shape
        Voxels along z, y and x of a volume; pixels along y and x of a texture.
    method
        One of `pearlite.recipes.reconstruct.methods.METHODS`.
    kind, clean
        See `pearlite.recipes.reconstruct.images.prepare`.
    vf
        Volume fractions by phase value, as pairs; a single pair with None is that of the largest
        value.
    periodic
        Whether opposite faces fit to each other.
    quality, minutes
        Time of learning: by name, or CPU minutes.
    format
        Suffix of the volume's file.
    device
        Where to compute.
    until
        One of `UNTIL`: what ends learning.
    """

    shape: tuple[int, ...]
    method: str
    kind: str | None
    clean: bool
    vf: tuple[tuple[int | None, float], ...]
    periodic: bool
    quality: str
    minutes: float | None
    format: str
    device: str
    until: str

    @property
    def seconds(self) -> float:
        """CPU seconds of learning."""
        return SECONDS[self.quality] if self.minutes is None else 60 * self.minutes

    @property
    def fractions(self) -> float | dict[int, float] | None:
        """Volume fractions as `pearlite.recipes.reconstruct.fraction.with_fractions` takes them."""
        return wanted(self.vf)

    def plain(self) -> dict[str, Any]:
        """Return the choices as a run records them."""
        return asdict(self)

    @classmethod
    def recorded(cls, options: Mapping[str, Any]) -> "Choices":
        """Take back what a run recorded."""
        known = {name: options[name] for name in cls.__dataclass_fields__}
        known["vf"] = tuple((phase, share) for phase, share in known["vf"])
        return cls(**{**known, "shape": tuple(known["shape"])})


def choose(
    *,
    shape: str | int | Sequence[int],
    method: str,
    kind: str | None,
    clean: bool,
    vf: str | float | Mapping[int, float] | None,
    periodic: bool,
    quality: str,
    minutes: float | None,
    format: str,
    device: str,
    until: str,
) -> Choices:
    """Check what was given; see `Choices`.

    Raises
    ------
    InputError
        If one of them cannot be.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r} is none of {', '.join(METHODS)}")
    if quality not in SECONDS:
        raise InputError(f"quality {quality!r} is none of {', '.join(SECONDS)}")
    if minutes is not None and minutes <= 0:
        raise InputError(f"{minutes} minutes are no time to learn in; give more than 0")
    if until not in UNTIL:
        raise InputError(f"until {until!r} is none of {', '.join(UNTIL)}")
    if format not in SUFFIXES:
        raise InputError(f"format {format!r} is none of {', '.join(SUFFIXES)}")
    sides = sides_of(shape)
    if len(sides) == 2 and method != "auto":
        raise InputError(f"method {method!r} makes volumes: give three sides, or leave it out")
    pairs = fractions_of(vf)
    return Choices(
        sides, method, kind, clean, pairs, periodic, quality, minutes, format, device, until
    )


def leave_out(why: str, options: Mapping[str, tuple[Any, Any]]) -> None:
    """Refuse options that would mean nothing, each given with its default.

    Raises
    ------
    InputError
        Why, and which of them are not their defaults.
    """
    surplus = [name for name, (value, default) in options.items() if value != default]
    if surplus:
        raise InputError(f"{why}: leave out {', '.join(surplus)}")


def sides_of(shape: str | int | Sequence[int], dims: int = 3) -> tuple[int, ...]:
    """Return a shape: ``"256,256,256"``, three numbers, or two of a texture.

    Parameters
    ----------
    shape
        What was given.
    dims
        How often a single number counts: as three sides of a cube or two of a square.

    Raises
    ------
    InputError
        If it is none, or too large.
    """
    parts = shape.replace("x", ",").split(",") if isinstance(shape, str) else shape
    try:
        sides = [int(parts)] if isinstance(parts, int) else [int(part) for part in parts]
    except (TypeError, ValueError) as error:
        raise InputError(f"shape {shape!r} is no shape; give voxels as Z,Y,X") from error
    sides = sides * dims if len(sides) == 1 else sides
    if len(sides) not in (2, 3):
        raise InputError(
            f"shape {shape!r} has {len(sides)} sides; a volume has three, Z,Y,X, a texture two, Y,X"
        )
    check_sides(sides)
    return tuple(sides)


def check_fractions(choices: Choices, pictures: Pictures) -> None:
    """Refuse fractions of phases that the images do not have.

    Raises
    ------
    InputError
        If there is no such phase, or there are no phases.
    """
    values = pictures.meaning.values
    if choices.vf and not values:
        raise InputError(f"vf needs phases; the image is {pictures.meaning.kind}: segment it first")
    for phase, share in choices.vf:
        if phase is not None and phase not in values:
            raise InputError(f"vf names phase {phase}; the image has {', '.join(map(str, values))}")
        if not 0 < share < 1:
            raise InputError(f"vf is a fraction between 0 and 1, not {share:g}")


def wanted(pairs: Sequence[tuple[int | None, float]]) -> float | dict[int, float] | None:
    """Return fractions as `pearlite.recipes.reconstruct.fraction.with_fractions` takes them."""
    named = {phase: share for phase, share in pairs if phase is not None}
    return named or next((share for _, share in pairs), None)


def fractions_of(
    vf: str | float | Mapping[int, float] | None,
) -> tuple[tuple[int | None, float], ...]:
    """Return volume fractions as pairs: of ``0.35``, ``"128=0.3,255=0.2"`` or a mapping.

    Raises
    ------
    InputError
        If it is nothing of that kind.
    """
    if vf is None:
        return ()
    try:
        if isinstance(vf, Mapping):
            return tuple((int(phase), float(share)) for phase, share in vf.items())
        if isinstance(vf, str) and "=" in vf:
            pairs = (part.split("=") for part in vf.split(","))
            return tuple((int(phase), float(share)) for phase, share in pairs)
        return ((None, float(vf)),)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"vf {vf!r} is no volume fraction; give 0.35, or 128=0.3,255=0.2 by phase value"
        ) from error
