"""The columns of a table by name."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pearlite.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def known_column(frame: "pd.DataFrame", name: str, what: str = "column") -> str:
    """Return the name of a column, after making sure that the table has it.

    Parameters
    ----------
    frame
        The table.
    name
        The name that was asked for.
    what
        What it is asked for as, such as ``"target"``, for the message.

    Raises
    ------
    InputError
        If there is no such column; near names are suggested.
    """
    if name in frame.columns:
        return name
    names = [str(column) for column in frame.columns]
    lower = {known.strip().lower(): known for known in reversed(names)}
    near = get_close_matches(str(name).strip().lower(), list(lower), 3, 0.6)
    if near:
        hint = "did you mean " + " or ".join(repr(lower[one]) for one in near) + "?"
    else:
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        hint = "it has " + ", ".join(map(repr, names[:12])) + more
    raise InputError(f"the {what} {name!r} is no column of the table; {hint}")


def known_columns(
    frame: "pd.DataFrame", given: str | Sequence[str], what: str = "column"
) -> list[str]:
    """Return the names in a list, or in a text with commas, if the table has them all.

    Raises
    ------
    InputError
        If one is no column, or nothing is named.
    """
    if isinstance(given, str):
        names = [given] if given in frame.columns else [part.strip() for part in given.split(",")]
        names = [name for name in names if name]
    else:
        names = list(given)
    if not names:
        raise InputError(f"no column is named as {what}; give the name of one")
    return list(dict.fromkeys(known_column(frame, name, what) for name in names))
