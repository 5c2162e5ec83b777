"""Where a table of text begins, and what stands between its fields."""

import csv
import io
import re
from collections import Counter
from itertools import islice
from pathlib import Path

from pearlite.errors import InputError

COMMENT = "#"
SAMPLE = 2**18
"""Characters that are looked at."""
ROWS = 200
"""Records that are looked at."""

_DELIMITERS = ("\t", ";", "|", ",")


def find_start(text: str, path: Path) -> tuple[int, str]:
    """Find the header and the delimiter of a table of text.

    Parameters
    ----------
    text
        The whole file, lines ending with a line feed.
    path
        Its path, for messages.

    Returns
    -------
    skipped, delimiter
        Lines before the header; the character between fields, a space if any white space is.

    Raises
    ------
    InputError
        If there are comments only.
    """
    lines = io.StringIO(text[:SAMPLE]).readlines()
    skipped = 0
    while skipped < len(lines) and _is_skipped(lines[skipped]):
        skipped += 1
    if skipped == len(lines):
        raise InputError(f"{path} holds comments only; a table with rows is expected")
    if told := re.fullmatch(r"\"?sep=(.)\"?\s*", lines[skipped]):
        return skipped + 1, told[1]
    if len(text) > SAMPLE and len(lines) > skipped + 2:
        lines = lines[:-1]
    body = "".join(lines[skipped:])
    if skipped and _names_in_comment(lines, skipped):
        skipped -= 1
    scores = {
        delimiter: score
        for delimiter in _DELIMITERS
        if (score := _fit([len(r) for r in records(body, delimiter, ROWS)]))
    }
    if scores:
        return skipped, max(scores, key=lambda one: (scores[one], -_DELIMITERS.index(one)))
    return skipped, " " if _fits_spaces(records(spaces_to_tabs(body), "\t", ROWS)) else ","


def spaces_to_tabs(text: str) -> str:
    """Put one tab for the white space between fields; fields in quotation marks stay whole."""
    trimmed = re.sub(r"(?m)^(#?)[ \t]+|[ \t]+$", r"\1", text.replace("\t", " "))
    rows = io.StringIO()
    reader = csv.reader(io.StringIO(trimmed), delimiter=" ", skipinitialspace=True)
    try:
        csv.writer(rows, delimiter="\t", lineterminator="\n").writerows(reader)
    except csv.Error:
        return text
    return rows.getvalue()


def _fits_spaces(rows: list[list[str]]) -> bool:
    """Tell whether every record has as many fields, and numbers in one column at least."""
    fit = _fit(list(map(len, rows)))
    if fit is None or fit[0] < 1 or len(rows) < 2:
        return False
    return any(all(map(is_number, column)) for column in zip(*rows[1:], strict=True))


def records(text: str, delimiter: str, most: int) -> list[list[str]]:
    """Return the first records that are neither empty nor comments."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    kept = (r for r in reader if any(f.strip() for f in r) and not r[0].startswith(COMMENT))
    try:
        return list(islice(kept, most))
    except csv.Error:
        return []


def is_number(field: str) -> bool:
    """Tell whether a field is a number."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def _is_skipped(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith(COMMENT)


def _names_in_comment(lines: list[str], skipped: int) -> bool:
    """Tell whether the last comment names the columns of lines of numbers, as NumPy writes it."""
    comment, first = lines[skipped - 1], lines[skipped]
    for delimiter in (*_DELIMITERS, None):
        names = comment.lstrip().removeprefix(COMMENT).strip().split(delimiter)
        fields = first.split(delimiter)
        if comment.strip() and len(names) == len(fields) > 1 and all(map(is_number, fields)):
            return not any(map(is_number, names))
    return False


def _fit(lengths: list[int]) -> tuple[float, bool] | None:
    """Return how well a delimiter divides records alike: share of rows, and whether the header."""
    if not lengths:
        return None
    usual, _ = Counter(lengths[1:] or lengths).most_common(1)[0]
    if usual < 2 or (lengths[0] < 2 and usual > 2):
        return None
    alike = sum(length == usual for length in lengths[1:]) / max(1, len(lengths) - 1)
    return (alike, lengths[0] == usual) if lengths[0] > 1 or usual == 2 else None
