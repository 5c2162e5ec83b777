"""Decode text of unknown encoding."""

import gzip
import re
import zlib
from pathlib import Path

from pearlite.errors import InputError

_SAMPLE = 2**18
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_STRAY = 1e-3
"""Share of control characters up to which a file is a text with a few odd ones."""
_STRANGE = 0.3
"""Share of letters beyond ASCII from which on text that is not UTF-8 is no Western language."""


def read_text(path: Path) -> tuple[str, list[str]]:
    """Read a text file, plain or packed by gzip.

    Parameters
    ----------
    path
        The file: UTF-8 or UTF-16, else Windows-1252.

    Returns
    -------
    text, notes
        Lines end with a single line feed; sentences on what was guessed or left out.

    Raises
    ------
    InputError
        If it cannot be read, is empty, is no text or in another encoding.
    """
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {why}") from error
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if wide else "utf-8-sig"
    notes = []
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        text = _western(content, path, error)
        notes.append("the file is not UTF-8; it was read as Windows-1252 (Western European)")
    if not text.strip():
        raise InputError(f"{path} is empty; a table with a header and rows is expected")
    odd = _CONTROL.findall(text)
    if "\0" in odd or len(odd) > _STRAY * len(text):
        raise InputError(
            f"{path} is no table of text: it holds control characters such as {odd[0]!r}; give a "
            "CSV, TSV, Excel, Parquet or Arrow file"
        )
    if odd:
        text = _CONTROL.sub("", text)
        notes.append(f"{len(odd)} odd characters were left out, such as {odd[0]!r}")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _western(content: bytes, path: Path, error: UnicodeDecodeError) -> str:
    """Decode what is not UTF-8, unless that would give nonsense."""
    refusal = InputError(
        f"{path} is not in UTF-8 (byte {error.start + 1} is 0x{content[error.start]:02x}) nor in a "
        "Western European encoding; save it as UTF-8"
    )
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as other:
        raise refusal from other
    start = text[:_SAMPLE]
    letters = sum(character.isalpha() or character > "\x7f" for character in start)
    beyond = sum(character > "\x7f" for character in start)
    if beyond > _STRANGE * letters:
        raise refusal
    return text
