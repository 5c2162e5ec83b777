"""Tables larger than memory: from a Parquet file to a fitted estimator.

A sample is audited and says what the columns are; one pass deals the training rows out to buckets
on disk; trees grow bucket by bucket. Validation rows say when to stop and calibrate intervals.

Axes: N rows.
"""

import math
import time as clock
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.parquet import Parquet, is_parquet
from pearlite.data.part_rule import PartRule
from pearlite.judge.conformal import Conformal
from pearlite.provenance import hardware
from pearlite.recipes.tabular.buckets import Rows
from pearlite.recipes.tabular.candidates import Candidate
from pearlite.recipes.tabular.classifier import TabularClassifier
from pearlite.recipes.tabular.dealing import Dealt, deal
from pearlite.recipes.tabular.decision import factors
from pearlite.recipes.tabular.features import Features, kinds_of
from pearlite.recipes.tabular.files import Model
from pearlite.recipes.tabular.fitted import Blend, Fitted
from pearlite.recipes.tabular.growing import Growing
from pearlite.recipes.tabular.members import Member
from pearlite.recipes.tabular.portfolio import Portfolio
from pearlite.recipes.tabular.question import Question
from pearlite.recipes.tabular.views import LearnedView, View
from pearlite.see.progress import track
from pearlite.seeds import derived_seed
from pearlite.train.interrupt import held_interrupts

MANY_ROWS = 2_000_000
"""Rows from which the portfolio would take too long, even where memory holds them."""
COPIES = 3  # of a table, in a portfolio's memory
TREES = 3
"""Trees grown on a bucket before the next."""
MOST_ROUNDS = 1_000
PATIENCE = 20  # visits without a better loss
READING = 0.5  # share of the time after which reading ends with what was read
KIND, NAME = "lightgbm", "LightGBM, bucket by bucket"


@dataclass(frozen=True)
class Limits:
    """What a fit may take.

    Parameters
    ----------
    seconds
        Longest time; where it is short, only as many rows are read as half of it allows.
    memory_gib
        Resident memory of the process, with all libraries.
    trees, most
        Grown on a bucket before the next, and at most in all (of each class).
    threads
        CPU threads.
    """

    seconds: float = math.inf
    memory_gib: float = 4.0
    trees: int = TREES
    most: int = MOST_ROUNDS
    threads: int = 1


@dataclass
class Grown:
    """Trees, and how they came about.

    Attributes
    ----------
    growing : Growing
        The trees.
    dealt : Dealt
        What was read.
    validation : Rows
        The rows by which the number of trees was chosen.
    history : list of dict
        A row a visit: bucket, its rows, trees so far, loss on the validation rows, seconds since
        the start.
    stopped : str
        ``""``, ``"minutes"`` or ``"interrupt"``.
    """

    growing: Growing
    dealt: Dealt
    validation: Rows
    history: list[dict[str, Any]] = field(default_factory=list)
    stopped: str = ""

    @property
    def trained(self) -> int:
        """Number of rows on which trees were grown."""
        return sum({visit["bucket"]: visit["rows"] for visit in self.history}.values())

    @property
    def settled(self) -> bool:
        """Whether the last visits made nothing better."""
        losses = [visit["loss"] for visit in self.history]
        return len(losses) - int(np.argmin(losses)) > PATIENCE


def is_big(source: Any) -> bool:
    """Say whether a table is a Parquet file, or folder of them, for `fit_big`.

    Raises
    ------
    InputError
        If it is Parquet and damaged.
    """
    if not is_parquet(source):
        return False
    table, memory = Parquet.open(source), hardware()["memory_gib"]
    return table.rows > MANY_ROWS or (memory is not None and COPIES * table.gib > memory / 2)


def fit_big(
    table: Parquet,
    rule: PartRule,
    question: Question,
    sample: pd.DataFrame,
    model: Model,
    folder: Path,
    limits: Limits,
    progress: bool = False,
) -> tuple[str, ...]:
    """Fit an estimator to a table's training part; return what should be said of how it was done.

    After Ctrl-C, or when the time is up, it ends with the trees that there are.

    Parameters
    ----------
    table, rule
        Where the rows are, and which of them train and choose.
    question
        What is predicted from what.
    sample
        Training rows from all over the table.
    model
        An estimator for the question's goal and metric; its seed counts.
    folder
        Where the buckets lie while it lasts: 4 bytes a feature and training row, as a rule.
    limits
        Of time, memory, trees, threads.
    progress
        Show bars.

    Raises
    ------
    InputError
        If disk or memory are too small, or rows hold other things than the sample.
    KeyboardInterrupt
        If Ctrl-C came before the first tree, or twice.
    """
    inputs = sample.loc[:, list(question.inputs)]
    features = Features.learn(inputs, model.seed, kinds_of(inputs))
    grown = grow(table, rule, question, features, sample, folder, limits, model.seed, progress)
    dealt, growing = grown.dealt, grown.growing
    member = growing.member()
    finish(
        model, question, features, member, grown.validation, dealt.group, NAME, KIND, grown.history
    )
    model.portfolio_.stopped = grown.stopped
    count = dealt.buckets.count - 1
    parts = f"{count} random part{'s' * (count > 1)}"
    notes = [
        f"{grown.trained:,} of {table.rows:,} rows trained, in {parts} "
        f"with {limits.trees} trees on each in turn: {growing.best_rounds} trees in all."
    ]
    if grown.stopped:
        notes.append(f"Stopped early ({grown.stopped}): more time would bring more rows and trees.")
    if dealt.left_out:
        notes.append(
            f"{dealt.left_out:,} rows were left out: without {question.target}, or of a class that "
            f"is in none of {len(sample):,} rows looked at before."
        )
    return tuple(notes)


def grow(
    table: Parquet,
    rule: PartRule,
    question: Question,
    features: Features,
    sample: pd.DataFrame,
    folder: Path,
    limits: Limits,
    seed: int = 0,
    progress: bool = False,
) -> Grown:
    """Read a table and grow trees on it; see `fit_big`."""
    start = clock.monotonic()
    seen = question.rows(sample, features)[0]
    how = {"seed": seed, "threads": limits.threads}
    with (
        TemporaryDirectory(dir=folder, prefix=f".{token_hex(4)}-") as made,
        held_interrupts() as pressed,
    ):

        def read_enough() -> bool:
            if pressed():
                raise KeyboardInterrupt
            return clock.monotonic() > start + READING * limits.seconds

        dealt = deal(
            table,
            rule,
            question,
            features,
            seen,
            Path(made),
            memory_gib=limits.memory_gib,
            ended=read_enough,
            progress=progress,
            **how,
        )
        validation = dealt.validation
        grown = Grown(Growing(seen, validation, question.aim, **how), dealt, validation)

        def enough() -> bool:
            if pressed() or clock.monotonic() > start + limits.seconds:
                grown.stopped = "interrupt" if pressed() else "minutes"
            return bool(grown.stopped) or grown.growing.rounds >= limits.most

        turns = _in_turn(dealt.buckets.count - 1, seed)
        for bucket in track(turns, "Growing trees", -(-limits.most // limits.trees), progress):
            rows = dealt.buckets.read(bucket)
            if not len(rows.y_N):
                continue
            loss = grown.growing.visit(rows, limits.trees, enough)
            seconds = round(clock.monotonic() - start, 1)
            visit = {"bucket": bucket, "rows": len(rows.y_N), "trees": grown.growing.rounds}
            grown.history.append(visit | {"loss": loss, "seconds": seconds})
            if enough() or grown.settled:
                break
    return grown


def finish(
    model: Model,
    question: Question,
    features: Features,
    member: Member,
    validation: Rows,
    group: NDArray[Any] | None,
    name: str,
    kind: str,
    history: list[dict[str, Any]],
) -> None:
    """Give an estimator its portfolio of one member, calibrated on the validation rows."""
    aim, truth = question.aim, validation.y_N.astype(np.float64)
    answer = member.predict(validation.x_NF.astype(np.float64))
    factors_K = np.ones(aim.outputs)
    if aim.of_classes:
        factors_K = factors(
            answer, truth.astype(np.int64), validation.weight_N.astype(np.float64), aim
        )
    view, present = View(), tuple(range(aim.classes))
    fitted = Fitted(Candidate(name, kind, view), LearnedView(view), aim, present, member)
    model.portfolio_ = Portfolio(
        aim,
        features,
        Blend([(1.0, fitted)]),
        factors_K,
        {name: 1.0},
        answer,
        np.zeros(len(truth), np.int64),
        history,
    )
    model.columns_ = list(question.inputs)
    model.n_features_in_ = len(model.columns_)
    model.feature_names_in_ = np.array(model.columns_, dtype=object)
    if isinstance(model, TabularClassifier):
        model.classes_ = np.asarray(question.classes)
    else:
        model.conformal_ = Conformal.calibrate(truth, model._core(answer), group=group)


def _in_turn(count: int, seed: int) -> Iterator[int]:
    """Yield the buckets for ever, in a new random order each time."""
    random = np.random.default_rng(derived_seed(seed, 2))
    while True:
        yield from random.permutation(count).tolist()
