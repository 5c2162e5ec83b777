"""Which samples belong together: columns of a table as group labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pearlite.data.names import known_columns
from pearlite.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_ALL_BUT = "all but "


def group_columns(frame: "pd.DataFrame", group: str | Sequence[str], target: str) -> list[str]:
    """Return the columns that make up a declared group.

    Parameters
    ----------
    frame
        The table, with or without the target.
    group
        A column name, several (a list, or a text with commas), or ``"all but A,B"``: every column
        but those named and the target.
    target
        The column that is predicted; it is never part of a group.

    Raises
    ------
    InputError
        If a column is not there, no column is left, or the target is named.
    """
    if _leaves_out(frame, group):
        left_out = {*known_columns(frame, str(group)[len(_ALL_BUT) :], "group column"), target}
        chosen = [str(name) for name in frame.columns if name not in left_out]
        if not chosen:
            raise InputError(f"{group!r} leaves no column to tell groups by; name fewer columns")
        return chosen
    chosen = known_columns(frame, group, "group")
    if target in chosen:
        raise InputError(f"the target {target!r} cannot be a group; name columns of the inputs")
    return chosen


def group_labels(
    frame: "pd.DataFrame", group: str | Sequence[str], target: str
) -> NDArray[np.int64]:
    """Return one number a row; rows that agree in all columns of the group have the same.

    Missing values agree with each other: it is not known that their groups differ.

    Parameters
    ----------
    frame, group, target
        As in `group_columns`.

    Returns
    -------
    array
        int64 (rows,), counted from 0 in order of appearance.

    Raises
    ------
    InputError
        As in `group_columns`; also if all rows are one group, or if ``"all but"`` columns leave
        every row on its own.
    """
    import pandas as pd

    columns = group_columns(frame, group, target)
    labels = np.zeros(len(frame), dtype=np.int64)
    for name in columns:
        codes, distinct = pd.factorize(_comparable(frame, name), use_na_sentinel=False)
        labels = pd.factorize(labels * max(1, len(distinct)) + codes)[0].astype(np.int64)
    count = int(labels.max(initial=-1)) + 1
    said = group if isinstance(group, str) else ", ".join(group)
    if count < 2:
        raise InputError(
            f"all {len(frame)} rows are one group by {said!r}; a group that tells rows apart is "
            "expected"
        )
    if count == len(frame) and _leaves_out(frame, group):
        raise InputError(
            f"no two rows agree by {said!r}; name also the columns that number the rows or that "
            "were measured anew each time"
        )
    return labels


def _leaves_out(frame: "pd.DataFrame", group: str | Sequence[str]) -> bool:
    """Tell whether a group is given by the columns that do not belong to it."""
    return (
        isinstance(group, str) and group not in frame.columns and group.lower().startswith(_ALL_BUT)
    )


def _comparable(frame: "pd.DataFrame", name: str) -> "pd.Series":
    """Return a column whose values can be compared: numbers and dates as they are, else text."""
    import pandas as pd

    values = pd.Series(frame[name])
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return values
    return values.map(lambda value: str(value).strip(), na_action="ignore").astype(object)
