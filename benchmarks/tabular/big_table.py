"""A synthetic Parquet table of any number of rows: 50 columns and a target ``y``.

Thirty columns are normal to two decimals (three of them miss 5 % of their values), ten are whole
numbers, ten uniform to one decimal: a measurement's precision, which is also what keeps the file
near one byte a cell. The target has steps, waves and products of 20 columns, and noise of sd 1.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS, TARGET, NOISE = 50, "y", 1.0
GROUP_ROWS = 1_000_000  # rows of a row group
_NORMAL, _WHOLE = 30, 10
_GAPS = (7, 11, 20)


def write(path: Path, rows: int, seed: int = 0) -> Path:
    """Write the table, a row group at a time."""
    writer = None
    for block in blocks(rows, seed):
        writer = writer or pq.ParquetWriter(path, block.schema, compression="zstd")
        writer.write_table(block, row_group_size=GROUP_ROWS)
    assert writer is not None
    writer.close()
    return path


def blocks(rows: int, seed: int) -> Iterator[pa.Table]:
    """Yield the table in pieces of `GROUP_ROWS`, each drawn from a generator of its own."""
    for number, start in enumerate(range(0, rows, GROUP_ROWS)):
        random = np.random.default_rng([seed, number])
        columns = inputs(min(GROUP_ROWS, rows - start), random)
        y = truth(columns) + NOISE * random.standard_normal(len(columns[0]), dtype=np.float32)
        named = {f"x{place}": column for place, column in enumerate(columns)}
        yield pa.table({**named, TARGET: y.astype(np.float32).round(3)})


def inputs(rows: int, random: np.random.Generator) -> list[np.ndarray]:
    normal = [
        (100 * random.standard_normal(rows, dtype=np.float32)).astype(np.int16) / np.float32(100)
        for _ in range(_NORMAL)
    ]
    for place in _GAPS:
        normal[place][random.random(rows, dtype=np.float32) < 0.05] = np.nan
    whole = [random.integers(0, 50, rows, dtype=np.int16) for _ in range(_WHOLE)]
    uniform = [
        (1000 * random.random(rows, dtype=np.float32)).astype(np.int16) / np.float32(10)
        for _ in range(COLUMNS - _NORMAL - _WHOLE)
    ]
    return [*normal, *whole, *uniform]


def truth(x: list[np.ndarray]) -> np.ndarray:
    """Return the target without its noise."""
    waves = 2 * np.sin(2 * x[0]) + np.abs(x[1]) + 1.5 * np.exp(-(x[2] ** 2)) * x[3]
    products = x[4] * x[5] + x[6] * (x[30] > 25) + 0.02 * x[40] * (x[8] > 0)
    steps = np.nan_to_num(x[7]) + 2 * (x[31] % 5 == 0) + (x[41] > 70) - np.nan_to_num(x[11], nan=2)
    sums = sum(weight * x[12 + place] for place, weight in enumerate((0.8, 0.6, 0.4, 0.3, 0.2)))
    return waves + products + steps + sums + 0.01 * x[42] - 0.02 * x[32]
