"""How findings name rows, columns and numbers."""

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pearlite.judge.audit.prepared import Prepared

NAMED = 5  # rows or columns that a finding names


def counted(count: int, thing: str) -> str:
    """Return ``"1 row"``, ``"2 rows"``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """Return a number that people read: 0.02, 3, 1,200."""
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"


def listed(names: Sequence[object], most: int = NAMED) -> str:
    """Return the first few names with commas, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def row_name(table: "Prepared", row: int) -> str:
    """Return how people find a row: its number in the table as given, the first being 1."""
    label = table.frame.index[row]
    return f"row {int(label) + 1}" if isinstance(label, int | np.integer) else f"row {label}"


def rows_named(
    table: "Prepared", rows: Iterable[int] | NDArray[np.int64], origins: Iterable[int] | None = None
) -> tuple[str, ...]:
    """Return names of the first few rows, each with the row that it is like if that is given."""
    some = list(rows)[:NAMED]
    if origins is None:
        return tuple(row_name(table, int(row)) for row in some)
    like = list(origins)[: len(some)]
    return tuple(
        f"{row_name(table, int(row))} = {row_name(table, int(origin))}"
        for row, origin in zip(some, like, strict=True)
    )


def quoted(names: Sequence[str]) -> str:
    """Return names as an option takes them, in quotes where a shell needs them."""
    joined = ",".join(names)
    plain = all(letter.isalnum() or letter in "_-.,+/%:" for letter in joined)
    if plain and joined:
        return joined
    return shlex.quote(joined) if any(letter in '"$`\\!' for letter in joined) else f'"{joined}"'
