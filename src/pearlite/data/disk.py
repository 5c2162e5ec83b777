"""Files that appear whole or not at all."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pearlite.errors import InputError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a hidden path beside `path` to write a file or folder at; move it there at the end.

    After an error, or Ctrl-C, nothing is left of it and what was at `path` is untouched.

    Raises
    ------
    InputError
        If the folder does not exist or forbids writing, the disk is full, or a file would replace a
        folder.
    """
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist; make it first")
    hidden = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        yield hidden
        _move(hidden, path)
    except BaseException as error:
        _remove(hidden)
        if isinstance(error, OSError):
            _explain(path, error)
        raise


def clear_unfinished(folder: Path) -> None:
    """Remove what `replacing` could not, in a process that was killed, from a folder and below."""
    for hidden in list(folder.rglob(f".{'[0-9a-f]' * 8}-*")):
        _remove(hidden)


def claim_room(path: Path) -> None:
    """Take the room on the disk that a sparse file will need.

    A memory map that runs out of room kills the process; this raises OSError before that.
    """
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _move(hidden: Path, path: Path) -> None:
    """Move the finished file or folder to its place; an older folder there goes last."""
    if not path.is_dir():
        os.replace(hidden, path)
        return
    if not hidden.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file")
    older = path.with_name(f"{hidden.name}-older")
    os.replace(path, older)
    try:
        os.replace(hidden, path)
    except BaseException:
        os.replace(older, path)
        raise
    shutil.rmtree(older)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _explain(path: Path, error: OSError) -> None:
    """Turn the errors of a disk into one sentence; others are left to be raised as they are."""
    if error.errno in _FULL:
        raise InputError(
            f"the disk is full: {path} was not written; free some room or choose another folder"
        ) from error
    if error.errno in _FORBIDDEN:
        raise InputError(
            f"{path} cannot be written ({error.strerror}); choose a folder of your own"
        ) from error
