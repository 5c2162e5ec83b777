"""The words of a text by their places."""

import re
from dataclasses import dataclass

_PIECE = re.compile(r"\S+")


@dataclass(frozen=True)
class Span:
    """A word of a text, and what it is worth.

    Attributes
    ----------
    begin, end
        Its place: ``text[begin:end]``.
    worth
        What it adds to the answer; the unit is that of whoever weighed it.
    """

    begin: int
    end: int
    worth: float


def spans(text: str) -> list[tuple[int, int]]:
    """Return where each word begins and ends; words are what stands between white space."""
    return [found.span() for found in _PIECE.finditer(text)]
