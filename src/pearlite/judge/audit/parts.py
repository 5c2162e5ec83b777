"""A split that the table brings along, in a column that says train or test."""

import numpy as np

from pearlite.judge.audit.agreement import labels, row_hashes
from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import counted, quoted, rows_named

WORDS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "holdout"}


def find_leaking_parts(table: Prepared) -> list[Finding]:
    """Find rows of one part that are, or belong to, a row of another part."""
    found = []
    for column, name in enumerate(table.names):
        parts = {str(value).lower() for value in table.frame[name].dropna().unique()[:9]}
        if len(parts) < 2 or not parts <= WORDS:
            continue
        part = table.codes_ND[:, column]
        others = [c for c in range(table.codes_ND.shape[1]) if c != column]
        equal = labels(row_hashes(table.codes_ND[:, others]).sum(1))
        sources = [(equal, "the same row")]
        if table.group is not None:
            sources.append((table.group, "one declared group"))
        for label, same in sources:
            crossing = np.unique(np.column_stack([label, part]), axis=0)[:, 0]
            shared = np.flatnonzero(np.bincount(crossing, minlength=label.max() + 1)[label] > 1)
            if len(shared):
                what = f"{counted(len(shared), 'row')} in different parts of {name} are of {same}."
                where = rows_named(table, shared)
                found.append(
                    Finding(
                        "leaking split",
                        True,
                        what,
                        where,
                        len(shared),
                        None,
                        f"--drop {quoted([name])}",
                    )
                )
    return found
