"""The elements and their properties, from elements.csv (units and sources: elements.md)."""

import csv
from functools import cache
from pathlib import Path

import numpy as np


def _rows() -> list[dict[str, str]]:
    with Path(__file__).with_name("elements.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def properties() -> dict[str, np.ndarray]:
    """Return every property by name: float64 (elements,) in the order of SYMBOLS, NaN unknown."""
    rows = _rows()
    names = [name for name in rows[0] if name != "symbol"]
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in names}


SYMBOLS: dict[str, int] = {row["symbol"]: place for place, row in enumerate(_rows())}
"""Element symbols and their places in the arrays of `properties`, by atomic number."""
