"""How often the withheld part of some data was looked at.

Every look that changes what is done next makes the test part a little more of a validation part
(Dwork et al., Science 349, 636, 2015); so looks are counted and printed.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError
from pearlite.folders import RECORD, read_json

SPLIT, SCORES = "split.json", "test.json"


class Withheld:
    """The test part behind a counter.

    Parameters
    ----------
    rows
        Indices of the test samples.
    before
        Looks that earlier runs had, from `looks`.

    Attributes
    ----------
    looks : int
        Times that the test part was handed out, those before included.
    """

    def __init__(self, rows: ArrayLike, before: int = 0) -> None:
        self._rows = np.asarray(rows, np.int64)
        self.looks = before

    def __len__(self) -> int:
        return len(self._rows)

    def look(self) -> NDArray[np.int64]:
        """Return the indices of the test samples, and count it."""
        self.looks += 1
        return self._rows

    @property
    def sentence(self) -> str:
        """Say how often the test part was looked at, and what that means."""
        if self.looks == 0:
            return "The test part was not looked at yet."
        if self.looks == 1:
            return "The test part was looked at once, for this report."
        return (
            f"The test part was looked at {self.looks} times: if an earlier result led to this "
            "model, its score is too good; keep new data for the last word."
        )


def looks(runs: str | Path, data_hash: str, split_hash: str) -> int:
    """Count the runs in a folder that have scored a model on the same test part.

    A run counts if its record names the data by that SHA-256, its ``split.json`` has that hash,
    and it has a ``test.json``. Damaged folders and other things are passed over.

    Parameters
    ----------
    runs
        Folder whose direct children are runs; 0 if it does not exist.
    data_hash
        SHA-256 of the input file, as in ``run.json``.
    split_hash
        `pearlite.data.split.Split.hash`.
    """
    return sum(
        _looked(record.parent, data_hash, split_hash) for record in Path(runs).glob(f"*/{RECORD}")
    )


def _looked(run: Path, data_hash: str, split_hash: str) -> bool:
    if not (run / SCORES).is_file():
        return False
    try:
        record: Any = read_json(run / RECORD)
        split: Any = read_json(run / SPLIT)
        hashes = [entry["sha256"] for entry in record["inputs"]]
        return data_hash in hashes and split["hash"] == split_hash
    except (InputError, OSError, KeyError, TypeError):
        return False
