"""How many rows each class has."""

import numpy as np

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.audit.words import listed, number

RARE = 10  # rows below which a class cannot be judged
UNEVEN = 10.0  # times as many rows of the largest class as of the smallest


def find_imbalance(table: Prepared) -> list[Finding]:
    """Find classes with few rows, or far fewer than another."""
    if not table.classes or table.truth is None:
        return []
    counts = np.bincount(table.truth, minlength=len(table.classes))
    ratio = counts.max() / counts.min()
    if counts.min() >= RARE and ratio < UNEVEN:
        return []
    order = np.argsort(counts)
    rarest = [f"{table.classes[k]} ({counts[k]:,})" for k in order[:3]]
    what = (
        f"The classes are uneven: {table.classes[order[-1]]} has {counts.max():,} rows, the rarest "
        f"{listed(rarest)}. Always answering {table.classes[order[-1]]} is right in "
        f"{counts.max() / counts.sum():.1%}: judge by balanced accuracy, not by accuracy "
        f"(ratio {number(round(float(ratio), 1))})."
    )
    return [Finding("class balance", False, what, tuple(rarest), len(table.classes))]
