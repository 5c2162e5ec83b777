"""How a segmentation is asked for: the options of a run, checked."""

import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pearlite.data.units import METRES, normalise
from pearlite.errors import InputError
from pearlite.recipes.segment.classes import Names
from pearlite.recipes.segment.head import HEADS

METHODS = ("auto", "pixels", "network")
SYMMETRIES = ("auto", "all", "left-right", "none")
SCALES = (1 / 16, 4.0)  # of the working pixels
TRAINED = ("all", "adaptors", "head")
VARIED = ("auto", "usual", "unlike")
SECONDS = {"fast": 30.0, "balanced": 150.0, "best": 600.0}
"""CPU seconds of training by quality."""

_LENGTH = re.compile(r"\s*([0-9.eE+-]+)\s*(\S+)\s*")
_TRAINING = 0.7  # share of the minutes that goes into training


@dataclass(frozen=True)
class Settings:
    """The options of `pearlite.recipes.segment.runs.fit`, which says what they mean."""

    unlabelled: int | None = None
    names: Names | None = None
    method: str = "auto"
    encoder: str = "auto"
    train: str = "all"
    vary: str = "auto"
    symmetries: str = "auto"
    scale: float | None = None
    head: str = "forest"
    group: str | None = None
    volume: bool = False
    instances: bool = False
    pixel_size: float | None = None
    quality: str = "balanced"
    minutes: float | None = None
    axes: str | None = None
    force: bool = False
    device: str = "auto"
    workers: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (
            ("method", METHODS),
            ("train", TRAINED),
            ("vary", VARIED),
            ("symmetries", SYMMETRIES),
            ("head", HEADS),
            ("quality", tuple(SECONDS)),
        ):
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}; expected one of {', '.join(allowed)}"
                )
        if self.minutes is not None and self.minutes <= 0:
            raise InputError(f"minutes is {self.minutes}; expected more than 0")
        if self.scale is not None and not SCALES[0] <= self.scale <= SCALES[1]:
            raise InputError(f"scale is {self.scale}; expected {SCALES[0]} to {SCALES[1]:g}")

    @property
    def seconds(self) -> float:
        """CPU seconds for everything that is trained, of all threads together."""
        if self.minutes is None:
            return SECONDS[self.quality]
        import torch

        return 60 * _TRAINING * self.minutes * torch.get_num_threads()

    def options(self) -> dict[str, Any]:
        """Return plain values for the run's record; the seed stands elsewhere there."""
        known = asdict(self)
        del known["seed"]
        return known

    def call(self, data: Any, masks: Any) -> str:
        """Return the Python call that makes the run again."""
        usual = Settings().options()
        given = {"masks": masks} if masks is not None else {}
        given |= {name: value for name, value in self.options().items() if value != usual[name]}
        said = [_said(data), *(f"{name}={_said(value)}" for name, value in given.items())]
        return f"pl.fit('segment', {', '.join(said)}, seed={self.seed})"

    @classmethod
    def recorded(cls, options: dict[str, Any], seed: int) -> "Settings":
        """Return the settings that a run's record holds."""
        known = {field.name for field in fields(cls)} - {"seed"}
        if unsaid := known - options.keys():
            raise InputError(f"the run's record lacks {min(unsaid)!r}; make the run again")
        given = {name: options[name] for name in known}
        if isinstance(given["names"], dict):
            given["names"] = {int(value): name for value, name in given["names"].items()}
        return cls(**given, seed=seed)


def _said(given: Any) -> str:
    if isinstance(given, Path):
        return repr(str(given))
    if isinstance(given, list | tuple):
        return f"[{', '.join(map(_said, given))}]"
    plain = given is None or isinstance(given, str | int | float | dict)
    return repr(given) if plain else "array"


def metres(length: str | float | None) -> float | None:
    """Return a length such as ``"20 nm"``, or a number of metres, in metres.

    Raises
    ------
    InputError
        If it is no positive length of a known unit.
    """
    if length is None:
        return None
    if isinstance(length, str):
        found = _LENGTH.fullmatch(length)
        unit = normalise(found[2]) if found else ""
        try:
            size = float(found[1]) * METRES[unit] if found else 0.0
        except (ValueError, KeyError):
            size = 0.0
    else:
        size = float(length)
    if not 0 < size < 1:
        raise InputError(
            f"pixel_size is {length!r}; expected a length with its unit such as '20 nm', of "
            f"{', '.join(METRES)}"
        )
    return size
