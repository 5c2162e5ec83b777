"""Documents of plain text, read piece by piece from files of any size."""

import codecs
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pearlite.errors import InputError

SUFFIXES = (".txt", ".md", ".text", ".rst", ".tex", ".jsonl")
CUTS = ("whole", "blank", "line")
LONGEST = 4096  # characters of a passage
_BLOCK = 1 << 20  # bytes read at a time
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_STRAY = 1e-2  # share of control characters from which on a file is no text
_BLANK = re.compile(r"\n[^\S\n]*\n\s*")


@dataclass(frozen=True)
class Passage:
    """A piece of a document, in the order in which it stands there.

    Attributes
    ----------
    document
        Number of its document, from 0.
    text
        At most so many characters as `Documents` say, `LONGEST` by default.
    last
        Whether the document ends with it.
    """

    document: int
    text: str
    last: bool


class Documents:
    """The documents in some files; each pass reads the files again, a megabyte at a time.

    Text is UTF-8, or UTF-16 with a byte order mark. All ends of lines become a line feed.

    Parameters
    ----------
    paths
        Files; each line of a ``.jsonl`` file is an object that holds a document.
    cut
        What a document is in the other files: ``"whole"`` files, ``"blank"`` for parts between
        blank lines, ``"line"`` for lines.
    field
        Where an object of a ``.jsonl`` file holds its text.
    longest
        Characters of a passage, at most.

    Raises
    ------
    InputError
        If there is no such `cut`; while reading, if a file is no text, is not in its encoding, or
        a line of a ``.jsonl`` file holds no text under `field`.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        cut: str = "whole",
        field: str = "text",
        longest: int = LONGEST,
    ) -> None:
        if cut not in CUTS:
            raise InputError(f"documents cannot be cut by {cut!r}; take {', '.join(CUTS)}")
        self.paths, self.cut, self.field, self.longest = list(paths), cut, field, longest

    def __iter__(self) -> Iterator[Passage]:
        number = 0
        for path in self.paths:
            for document in self._of_file(path):
                held = ""
                for piece in document:
                    if held:
                        yield Passage(number, held, False)
                    held = piece
                if held:
                    yield Passage(number, held, True)
                    number += 1

    def _of_file(self, path: Path) -> Iterator[Iterator[str]]:
        """Yield each document as its pieces; those without any visible character are left out."""
        if path.suffix.lower() == ".jsonl":
            texts = self._objects(path)
        elif self.cut == "whole":
            yield _pieces(read_blocks(path), self.longest)
            return
        else:
            texts = _lines(path) if self.cut == "line" else _paragraphs(path)
        for text in texts:
            if text.strip():
                yield _pieces(iter([text]), self.longest)

    def _objects(self, path: Path) -> Iterator[str]:
        for number, line in enumerate(_lines(path), start=1):
            if not line.strip():
                continue
            try:
                text = json.loads(line)[self.field]
            except ValueError as error:
                raise InputError(f"line {number} of {path} is no JSON: {error}; mend it") from error
            except (KeyError, TypeError, IndexError) as error:
                raise InputError(
                    f"line {number} of {path} has no {self.field!r}; expected an object such as "
                    f'{{"{self.field}": "…"}}, or give --field NAME'
                ) from error
            if not isinstance(text, str):
                raise InputError(
                    f"line {number} of {path} holds {text!r} under {self.field!r}; expected text"
                )
            yield text


def find_texts(source: str | Path) -> list[Path]:
    """Return the files of text that a path names: itself, or those in a folder, sorted by name.

    Raises
    ------
    InputError
        If it does not exist, or the folder holds none.
    """
    path = Path(source)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path} does not exist; give a file of text, or a folder of them")
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise InputError(f"{path} holds no file of text ({', '.join(SUFFIXES)}); give another")
    return found


def read_blocks(path: Path) -> Iterator[str]:
    """Yield the text of a file, about a megabyte at a time.

    Raises
    ------
    InputError
        If it cannot be read, holds binary data, or is not in its encoding.
    """
    try:
        with path.open("rb") as file:
            yield from _decoded(path, file)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _decoded(path: Path, file: io.BufferedReader) -> Iterator[str]:
    block, before = file.read(_BLOCK), 0
    wide = block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    name = "utf-16" if wide else "utf-8-sig"
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(name)(), translate=True)
    while True:
        if b"\0" in block and not wide:
            raise InputError(f"{path} is a binary file: it holds bytes of 0; give plain text")
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            at = before - (len(error.object) - len(block)) + error.start
            wrong = error.object[error.start]
            raise InputError(
                f"{path} is no UTF-8 text: byte {at + 1:,} is 0x{wrong:02x}; save it as UTF-8"
            ) from error
        if len(_CONTROL.findall(text)) > _STRAY * len(text):
            raise InputError(f"{path} is a binary file: it holds control characters; give text")
        if text:
            yield text
        if not block:
            return
        before += len(block)
        block = file.read(_BLOCK)


def _lines(path: Path) -> Iterator[str]:
    rest = ""
    for block in read_blocks(path):
        *whole, rest = (rest + block).split("\n")
        yield from whole
    yield rest


def _paragraphs(path: Path) -> Iterator[str]:
    rest = ""
    for block in read_blocks(path):
        *whole, rest = _BLANK.split(rest + block)
        yield from whole
    yield rest


def _pieces(blocks: Iterator[str], longest: int) -> Iterator[str]:
    """Cut a text at ends of lines, else at spaces, else anywhere, into pieces of some length."""
    rest = ""
    for block in blocks:
        rest, start = rest + block, 0
        while len(rest) - start > longest:
            half, end = start + longest // 2, start + longest
            cut = rest.rfind("\n", half, end) + 1 or rest.rfind(" ", half, end) + 1 or end
            yield rest[start:cut]
            start = cut
        rest = rest[start:]
    if rest:
        yield rest
