"""The folders into which results go, and the small text files in them."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from pearlite.data.disk import replacing
from pearlite.data.read import SUFFIXES
from pearlite.errors import InputError
from pearlite.provenance import plain

RECORD = "run.json"


def new_folder(parent: Path, task: str) -> Path:
    """Make ``TASK-YYYYmmdd-HHMMSS`` in `parent`, with a number behind it if that is taken.

    Raises
    ------
    InputError
        If it cannot be made there.
    """
    stem = f"{task}-{datetime.now():%Y%m%d-%H%M%S}"
    count = 1
    while True:
        path = parent / (stem if count == 1 else f"{stem}-{count}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            count += 1
        except OSError as error:
            raise InputError(
                f"cannot make the folder {path}: {error.strerror}; use --out."
            ) from error
        else:
            return path


def chosen_folder(out: str | Path) -> Path:
    """Make the folder that was asked for, or take it if it is empty.

    Raises
    ------
    InputError
        If it holds anything already, or cannot be made.
    """
    path = as_folder(out)
    try:
        path.mkdir(parents=True, exist_ok=True)
        occupied = any(path.iterdir())
    except OSError as error:
        raise InputError(f"cannot make the folder {path}: {error.strerror}.") from error
    if (path / RECORD).exists():
        raise InputError(
            f"{path} already holds a run; choose another --out, or go on with --resume {path}."
        )
    if occupied:
        raise InputError(
            f"{path} already holds other files; choose a new or empty folder for --out."
        )
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a text file, whole or not at all, and return its path."""
    with replacing(path) as hidden:
        hidden.write_text(text, encoding="utf-8")
    return path


def write_json(path: Path, value: Any) -> Path:
    """Write plain values as a JSON file, whole or not at all, and return its path."""
    return write_text(path, json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    InputError
        If it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; the run is not finished.") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); make the run again.") from error


def is_pretrained(path: Path) -> bool:
    """Whether a folder looks like one of Hugging Face, and is no run."""
    return (path / "config.json").is_file() and not (path / RECORD).is_file()


def as_folder(path: str | Path) -> Path:
    """Return `path`, unless it is named like an image: what is written there is a folder.

    Raises
    ------
    InputError
        If it ends like an image file.
    """
    folder = Path(path)
    if folder.suffix.lower() in SUFFIXES:
        raise InputError(f"{folder} is named like an image; give a folder to write into.")
    return folder


def check_free(paths: Iterable[Path]) -> None:
    """Refuse to write over a file, or two into one.

    Raises
    ------
    InputError
        If one of the paths exists or is named twice.
    """
    named: set[Path] = set()
    for path in paths:
        if path.exists() or path in named:
            raise InputError(f"{path} exists already; choose another folder with --out.")
        named.add(path)
