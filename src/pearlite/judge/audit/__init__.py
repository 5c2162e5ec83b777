"""Find what would make a result look better than it is, before anything is trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pearlite.errors import InputError
from pearlite.judge.audit.finding import Audit, Finding, Inflation

__all__ = ["Audit", "Finding", "Inflation", "audit"]


def audit(
    data: Any,
    *,
    target: str | None = None,
    group: str | Sequence[str] | None = None,
    time: str | None = None,
    sheet: str | None = None,
    seed: int = 0,
    measure: bool = True,
    progress: bool = False,
) -> Audit:
    """Look for duplicates, hidden groups, leaks, wrong labels and values, and what they flatter.

    Parameters
    ----------
    data
        A table as `pearlite.data.table.read_table` takes it, a file or in memory; or images: a
        folder, a file, or arrays of more than two axes.
    target
        The column that shall be predicted; without it nothing can be measured. For images their
        classes, which folders give by themselves.
    group
        What belongs together: a column, several, ``"all but Age"``, or a label a row.
    time
        The column that says when a row was measured.
    sheet
        Of an Excel file, the first unless named.
    seed
        Decides the folds in which inflation is measured.
    measure
        ``False`` fits no model: only what can be seen without one is found.
    progress
        Draws a bar on stderr while it works.

    Returns
    -------
    Audit
        What was found, the grave first: with a grave finding no test is honest until something is
        declared.

    Raises
    ------
    InputError
        If `data` cannot be read, a column is not there, or the seed is negative.
    """
    if seed < 0:
        raise InputError(f"the seed is {seed}; expected a whole number from 0 on")
    options = {"target": target, "group": group, "seed": seed, "measure": measure}
    if _pictures(data):
        from pearlite.judge.audit.images import audit_images, describe_images

        size, overview = describe_images(data)
        found = audit_images(data, progress=progress, **options)
        return Audit(_name(data, "images"), size, tuple(found), overview)
    from pearlite.data.table import read_table
    from pearlite.judge.audit.tables import audit_table

    frame = read_table(data, sheet=sheet)
    subject = _name(data, "table")
    return audit_table(frame, time=time, progress=progress, subject=subject, **options)


def _pictures(data: Any) -> bool:
    """Tell whether `data` are images, not a table."""
    if isinstance(data, str | Path):
        from pearlite.data.read import SUFFIXES

        return Path(data).is_dir() or Path(data).suffix.lower() in SUFFIXES
    if isinstance(data, np.ndarray):
        return data.ndim > 2
    return isinstance(data, list | tuple)


def _name(data: Any, otherwise: str) -> str:
    return Path(data).name if isinstance(data, str | Path) else otherwise
