"""One pass over a table: its training rows are dealt out to buckets on disk at random.

Axes: N rows.
"""

import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.parquet import Parquet, batch_rows
from pearlite.data.part_rule import PartRule, shares_of
from pearlite.data.split import PARTS
from pearlite.errors import InputError
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.buckets import Buckets, Rows
from pearlite.recipes.tabular.features import Features
from pearlite.recipes.tabular.question import Question
from pearlite.see.progress import track
from pearlite.seeds import derived_seed

CHOSEN_ROWS, CHOSEN_CELLS = 200_000, 20_000_000
"""Most rows and cells of what is held in memory as a whole: the sample, the validation rows."""
BUCKET_ROWS, SMALL_ROWS, BUCKETS = 1_000_000, 50_000, 20
"""Most rows of a bucket; what is small for one; how many to aim at. Memory may allow fewer rows."""
FEWEST_ROWS = 1_000  # of a bucket, for which memory must be there
_LIBRARIES = 0.75  # GiB that Python and the libraries take
_DISTINCT = 0.99  # share of the different values that float32 must keep apart
_TRAIN, _VALIDATION = PARTS.index("train"), PARTS.index("validation")


@dataclass
class Dealt:
    """A table's training part on disk, and some of its validation part.

    Attributes
    ----------
    buckets : Buckets
        The last one holds the validation rows.
    rows : int
        Training rows in the others.
    left_out : int
        Rows of both parts without a target, or of a class that the sample did not have.
    group : array or None
        A number for the group of each validation row, uint64.
    seconds : float
        What it took.
    """

    buckets: Buckets
    rows: int = 0
    left_out: int = 0
    group: NDArray[np.uint64] | None = None
    seconds: float = 0.0

    @property
    def validation(self) -> Rows:
        """The validation rows."""
        return self.buckets.read(self.buckets.count - 1)


def deal(
    table: Parquet,
    rule: PartRule,
    question: Question,
    features: Features,
    sample: Rows,
    folder: Path,
    *,
    memory_gib: float,
    seed: int,
    threads: int,
    ended: Callable[[], bool],
    progress: bool = False,
) -> Dealt:
    """Read a table once, its row groups in random order, so that any beginning is a sample.

    Parameters
    ----------
    table, rule, question, features
        Where the rows are, which of them train and choose, and how they become numbers.
    sample
        Some rows as numbers.
    folder
        Where the buckets shall lie.
    memory_gib
        What the process may take in all; it decides the size of batches and buckets.
    seed, threads
        Of what is drawn; how many CPU threads to use.
    ended
        Whether to make do with what was read.
    progress
        Show a bar.

    Raises
    ------
    InputError
        If disk or memory are too small, a part stays empty, or rows are not like the sample.
    """
    start = clock.monotonic()
    width, dtype = sample.x_NF.shape[1], _dtype(sample)
    per_bucket = _bucket_rows(memory_gib, width, dtype, question.aim)
    expected = int(table.rows * rule.fractions[_TRAIN])
    per_bucket = min(per_bucket, max(SMALL_ROWS, expected // BUCKETS))
    dealt = Dealt(Buckets(folder, width, dtype, -(-expected // per_bucket) + 1))
    chosen = chosen_rows(width)
    dealt.buckets.check_room(expected + chosen)
    share = min(1.0, chosen / max(1.0, table.rows * rule.fractions[_VALIDATION]))
    order = np.random.default_rng(seed).permutation(len(table.pieces))
    needed = [name for name in table.columns if name in {*question.columns, *rule.columns}]
    pieces = [table.pieces[number] for number in order]
    batches = table.batches(needed, pieces=pieces, threads=threads)
    count = sum(-(-piece.rows // batch_rows(len(needed))) for piece in pieces)
    groups = []
    for frame in track(batches, "Reading", count, progress):
        groups.append(_add(frame, rule, question, features, dealt, share, seed))
        if ended():
            break
    dealt.group = np.concatenate(groups) if rule.group else None
    dealt.seconds = clock.monotonic() - start
    found = len(dealt.validation.y_N)
    if not (dealt.rows and found):
        raise InputError(
            f"of {table.rows:,} rows {dealt.rows:,} with a target fall into the training part and "
            f"{found:,} into the validation part; give more rows or finer groups"
        )
    return dealt


def _add(
    frame: pd.DataFrame,
    rule: PartRule,
    question: Question,
    features: Features,
    dealt: Dealt,
    share: float,
    seed: int,
) -> NDArray[np.uint64]:
    """Deal out a batch; return the groups of its validation rows."""
    part_N = rule.parts(frame)
    drawn_N = shares_of(frame.index.to_numpy(np.uint64), derived_seed(seed, 1))
    taken_N = (part_N == _TRAIN) | ((part_N == _VALIDATION) & (drawn_N < share))
    last = dealt.buckets.count - 1
    bucket_N = np.where(part_N == _TRAIN, (drawn_N * last).astype(np.int64), last)[taken_N]
    taken = frame.loc[taken_N]
    rows, known_N = question.rows(taken, features)
    dealt.buckets.add(rows, bucket_N[known_N])
    dealt.rows += int((bucket_N[known_N] < last).sum())
    dealt.left_out += int((~known_N).sum())
    return rule.labels(taken.loc[known_N & (bucket_N == last)])


def chosen_rows(width: int) -> int:
    """Return how many rows of so many columns may be held in memory as a whole."""
    return min(CHOSEN_ROWS, max(FEWEST_ROWS, CHOSEN_CELLS // max(1, width)))


def _bucket_rows(memory_gib: float, width: int, dtype: np.dtype, aim: Aim) -> int:
    """Return the most rows of a bucket that memory allows."""
    free = (memory_gib - _LIBRARIES) * 2**30
    # as stored; binned, beside the bins of the bucket before; gradients and scores
    a_row = width * (dtype.itemsize + 4) + 40 * aim.outputs
    rows = int(min(BUCKET_ROWS, free / 2 / a_row))
    if rows < FEWEST_ROWS:
        raise InputError(
            f"{memory_gib:g} GiB of memory are too little for {width:,} features; allow more or "
            "leave columns out"
        )
    return rows


def _dtype(sample: Rows) -> np.dtype:
    """Return float32 if it tells nearly all values apart that float64 does."""
    for values in (*sample.x_NF.T, sample.y_N):
        known = np.unique(values[~np.isnan(values)])
        if len(np.unique(known.astype(np.float32))) < _DISTINCT * len(known):
            return np.dtype(np.float64)
    return np.dtype(np.float32)
