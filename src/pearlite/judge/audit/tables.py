"""The audit of a table: every check in turn, on one reading of the table and one quick model."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pearlite.judge.audit.classes import find_imbalance
from pearlite.judge.audit.columns import find_columns
from pearlite.judge.audit.disguise import find_disguises
from pearlite.judge.audit.duplicates import find_duplicates
from pearlite.judge.audit.entities import find_entities
from pearlite.judge.audit.finding import Audit, Finding
from pearlite.judge.audit.hidden import find_hidden_groups
from pearlite.judge.audit.inflation import Measure
from pearlite.judge.audit.labels import find_label_noise
from pearlite.judge.audit.near import find_near_duplicates
from pearlite.judge.audit.order import find_alike_neighbours, find_time
from pearlite.judge.audit.parts import find_leaking_parts
from pearlite.judge.audit.prepared import prepare
from pearlite.judge.audit.ranges import find_out_of_range
from pearlite.judge.audit.series import find_series
from pearlite.judge.audit.unpredictable import find_unpredictable
from pearlite.judge.audit.windows import find_overlapping_windows
from pearlite.see.progress import track

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 30  # rows from which a quick model tells anything


def audit_table(
    frame: "pd.DataFrame",
    *,
    target: str | None = None,
    group: str | Sequence[str] | NDArray[Any] | None = None,
    time: str | None = None,
    seed: int = 0,
    measure: bool = True,
    progress: bool = False,
    subject: str = "table",
) -> Audit:
    """Look for what makes a score on this table look better than it is.

    Parameters
    ----------
    frame
        One row a sample, with unique names of columns.
    target, group, time
        As for `pearlite.judge.audit.audit`; `group` may also be a label a row, shape (rows,).
    seed, measure, progress
        As for `pearlite.judge.audit.audit`.
    subject
        What to call the table.

    Raises
    ------
    InputError
        If a column is not there, or the target cannot be one.
    """
    table = prepare(frame, target, group, time)
    enough = measure and table.truth is not None and table.rows >= FEWEST
    quick = Measure(table, seed) if enough else None
    found: list[Finding] = list(table.findings)
    together: NDArray[np.int64] | None = None

    def hidden() -> list[Finding]:
        nonlocal together
        groups, together = find_hidden_groups(table, quick)
        return groups

    checks: list[Callable[[], list[Finding]]] = [
        lambda: find_overlapping_windows(table, quick),
        lambda: find_series(table),
        lambda: find_duplicates(table, quick),
        hidden,
        lambda: find_near_duplicates(table, quick, together),
        lambda: find_leaking_parts(table),
        lambda: find_disguises(table, quick),
        lambda: find_columns(table, quick),
        lambda: find_time(table, quick),
        lambda: find_entities(table, quick, together),
        lambda: [] if any(f.grave for f in found) else find_alike_neighbours(table, quick),
        lambda: find_unpredictable(table, quick),
        lambda: [] if _disguised(found) else find_label_noise(table, quick),
        lambda: find_imbalance(table),
        lambda: find_out_of_range(table),
    ]
    for check in track(checks, "Looking", show=progress):
        found += check()
    found = _one_group(found)
    size = f"{len(frame):,} rows × {frame.shape[1]} columns"
    return Audit(subject, size, tuple(found), table.overview)


def _disguised(found: list[Finding]) -> bool:
    """Tell whether the quick model is too good to judge labels by."""
    return any(finding.kind == "target in disguise" for finding in found)


def _one_group(found: list[Finding]) -> list[Finding]:
    """Let equal rows ask for the hidden group, if one is to be declared: it holds them together."""
    groups = [finding.declare for finding in found if finding.kind == "hidden group"]
    return [
        replace(finding, declare=groups[0])
        if groups and finding.kind == "exact duplicates" and finding.grave
        else finding
        for finding in found
    ]
