"""The text part of a saved segmenter, beside its weights: of which kind it is, and how it works."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pearlite.errors import InputError
from pearlite.folders import read_json, write_json

ABOUT = "recipe.json"


def write_about(folder: Path, kind: str, about: dict[str, Any]) -> None:
    """Write what a segmenter of a kind says of itself; after its weights, as it makes it whole."""
    write_json(folder / ABOUT, {"kind": kind, **about})


def read_about(folder: Path, kind: str | None = None, needed: Sequence[str] = ()) -> dict[str, Any]:
    """Read what `write_about` wrote.

    Parameters
    ----------
    folder
        Of a saved segmenter.
    kind
        That it must be of; ``None`` takes any.
    needed
        Names that must be there, besides ``kind``.

    Raises
    ------
    InputError
        If it is missing, damaged, or of another kind.
    """
    path = folder / ABOUT
    damaged = f"{path} is missing or damaged; expected a saved segmenter"
    try:
        about = read_json(path)
    except (OSError, InputError) as error:
        raise InputError(damaged) from error
    if not isinstance(about, dict) or "kind" not in about:
        raise InputError(damaged)
    if kind not in (None, about["kind"]):
        raise InputError(f"{path} holds a model of the kind {about['kind']!r}; expected {kind!r}")
    if not about.keys() >= set(needed):
        raise InputError(damaged)
    return about
