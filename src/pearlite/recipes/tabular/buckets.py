"""Rows of numbers shuffled on disk: each bucket is a random sample of all rows, and fits in memory.

Axes: N rows, F features.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pearlite.errors import InputError

SPARE = 1 << 30  # bytes left free on the disk
KINDS = ("features", "target", "weight")


@dataclass(frozen=True)
class Rows:
    """Features, target and weight of some rows."""

    x_NF: NDArray[np.floating]
    y_N: NDArray[np.floating]
    weight_N: NDArray[np.floating]


class Buckets:
    """Files of rows in `folder`: for each bucket its features, its targets, its weights.

    Parameters
    ----------
    folder
        Where the files are.
    features
        Number of features F.
    dtype
        Of what is stored, float32 or float64.
    count
        Number of buckets.
    """

    def __init__(self, folder: Path, features: int, dtype: DTypeLike, count: int) -> None:
        self.folder, self.features, self.count = folder, features, count
        self.dtype = np.dtype(dtype)

    @property
    def bytes_per_row(self) -> int:
        """What a row takes on disk."""
        return (self.features + 2) * self.dtype.itemsize

    def check_room(self, rows: int) -> None:
        """Refuse to fill a disk.

        Raises
        ------
        InputError
            If `rows` rows do not fit beside what must stay free.
        """
        needed, free = rows * self.bytes_per_row, shutil.disk_usage(self.folder).free
        if needed + SPARE > free:
            raise InputError(
                f"{rows:,} rows shuffled on disk need {needed / 2**30:.1f} GiB in {self.folder}, "
                f"which has {free / 2**30:.1f} GiB free; choose an --out on a larger disk"
            )

    def add(self, rows: Rows, bucket_N: NDArray[np.integer]) -> None:
        """Append each row to its bucket."""
        order = np.argsort(bucket_N, kind="stable")
        ends = np.bincount(bucket_N, minlength=self.count).cumsum()[:-1]
        for kind, values in self._kinds(rows):
            for number, part in enumerate(np.split(values[order].astype(self.dtype), ends)):
                if len(part):
                    with self._path(number, kind).open("ab") as file:
                        file.write(part.data)

    def read(self, number: int) -> Rows:
        """Return the rows of a bucket."""
        x, y, weight = (self._stored(self._path(number, kind)) for kind in KINDS)
        return Rows(x.reshape(-1, self.features), y, weight)

    def _kinds(self, rows: Rows) -> zip:
        return zip(KINDS, (rows.x_NF, rows.y_N, rows.weight_N), strict=True)

    def _stored(self, path: Path) -> NDArray[Any]:
        return np.fromfile(path, self.dtype) if path.exists() else np.empty(0, self.dtype)

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"{number:05}.{kind}"
