"""See what a text file is: prose, or a list of formulas."""

import re
from pathlib import Path

from pearlite.data.composition import is_composition
from pearlite.errors import InputError
from pearlite.fieldguide.answer import Seen, quoted
from pearlite.judge.audit.words import counted

TEXTS = (".txt", ".md", ".text", ".rst", ".tex")
_LOOKED_AT = 2**22  # bytes
_SAMPLE = 500  # lines
_MOST = 0.8  # share of lines that look like a formula
_FORMULA = re.compile(r"^(?=.*[A-Z])[A-Z(\[{][A-Za-z0-9()\[\]{}.,+\-−–·*/ :xδ]*$")
_WORD = re.compile(r"[a-z]{3}")


def see_texts(paths: list[Path], data: Path) -> Seen:
    """See what one or more files of text are.

    Raises
    ------
    InputError
        If one is empty or holds no text.
    """
    texts = [_read(path) for path in paths]
    size = sum(path.stat().st_size for path in paths)
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    names = {"data": quoted(data)}
    step = max(1, len(lines) // _SAMPLE)
    if len(lines) > 1 and _formulas(lines[::step]):
        notes = ()
        if len(set(lines)) < len(lines):
            notes = (f"{len(lines) - len(set(lines)):,} lines occur more than once",)
        return Seen("formulas", f"{len(lines):,} formulas, one a line", names, notes)
    words = sum(len(text.split()) for text in texts)
    what = counted(len(paths), "file") + " of text" if len(paths) > 1 else "a text"
    more = "" if size <= _LOOKED_AT * len(paths) else " in the part that was looked at"
    given = f"{what}: {size:,} bytes, {words:,} words in {len(lines):,} lines{more}"
    notes = ()
    if size < 100_000:
        notes = ("a language model needs some hundred thousand characters at least",)
    return Seen("corpus", given, names, notes)


def _formulas(lines: list[str]) -> bool:
    if is_composition(lines):
        return True
    shaped = [bool(_FORMULA.match(line)) and not _WORD.search(line) for line in lines]
    short = sum(len(line.split()) <= 3 for line in lines) / len(lines)
    return sum(shaped) / len(lines) >= _MOST and short >= _MOST


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LOOKED_AT)
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}") from error
    if not data.strip():
        raise InputError(f"{path} is empty; text is expected")
    if b"\0" in data:
        raise InputError(f"{path} is no text: it holds bytes of 0; give text as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 4:  # a character that the cut went through
            return data[: error.start].decode("utf-8")
        raise InputError(
            f"{path} is no UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
