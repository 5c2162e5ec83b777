"""The words of a text by their places."""

import re

_PIECE = re.compile(r"\S+")


def spans(text: str) -> list[tuple[int, int]]:
    """Return where each word begins and ends; words are what stands between white space."""
    return [found.span() for found in _PIECE.finditer(text)]
