"""A user's own Python functions, named where they are asked for: ``file.py:name``, ``module:name``.

Naming one runs the user's code, as typing its name in Python would; what a data file says is never
run.
"""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pearlite.errors import InputError

Given = str | Callable[..., Any]


def function(given: Given) -> Callable[..., Any]:
    """Return a function that was given itself, or by where it is.

    Raises
    ------
    InputError
        If there is no such file, module or function.
    """
    if not isinstance(given, str):
        return given
    place, _, name = given.rpartition(":")
    if not place or not name:
        raise InputError(f"{given!r} names no function; give file.py:name or module:name")
    found = getattr(_module(place), name, None)
    if not callable(found):
        raise InputError(f"{place} has no function {name!r}; give one that it defines")
    return found


def named(given: Given | None) -> str | None:
    """Return how a run's record names a function; one without a file cannot be found again."""
    if given is None or isinstance(given, str):
        return given
    return f"<{getattr(given, '__qualname__', type(given).__name__)}>"


def is_findable(name: str | None) -> bool:
    """Whether what `named` returned can be given to `function`."""
    return name is None or not name.startswith("<")


def absolute(given: Given | None) -> Given | None:
    """Return a function's place with the whole path of its file, to be found from anywhere."""
    if not isinstance(given, str) or ":" not in given:
        return given
    place, _, name = given.rpartition(":")
    return f"{Path(place).resolve()}:{name}" if place.endswith(".py") else given


def _module(place: str) -> Any:
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            raise InputError(
                f"there is no module {place!r} ({error}); give file.py:name"
            ) from error
    path = Path(place)
    if not path.is_file():
        raise InputError(f"{path} does not exist; give the Python file that holds the function")
    spec = importlib.util.spec_from_file_location(f"pearlite_given_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
