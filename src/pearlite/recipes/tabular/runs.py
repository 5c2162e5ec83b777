"""Tables as runs: a folder in which the model, its test, its predictions and the page lie."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import numpy as np
import pandas as pd

from pearlite.data.disk import clear_unfinished
from pearlite.data.table import read_table
from pearlite.errors import InputError
from pearlite.judge.domain import Domain
from pearlite.judge.looks import SPLIT, Withheld, looks
from pearlite.provenance import sha256
from pearlite.recipes.tabular.examine import answer, baselines, examine
from pearlite.recipes.tabular.explain import explain
from pearlite.recipes.tabular.files import Model, load
from pearlite.recipes.tabular.members.arrays import save_arrays
from pearlite.recipes.tabular.prepare import Prepared, Settings, prepare
from pearlite.recipes.tabular.report import AUDIT, EXPLAINED, card, html, rows
from pearlite.recipes.tabular.reuse import (
    DOMAIN,
    MODEL,
    OUTSIDE,
    Predictor,
    apply,
    named,
    write_table,
)
from pearlite.recipes.tabular.train import new_estimator
from pearlite.run import PAGE, TEST, Run

__all__ = ["apply", "fit", "report", "resume", "summary"]

KEPT, PREDICTIONS = "table.parquet", "predictions.csv"
HISTORY, CARD = "history.csv", "card.md"
FEWEST_GROUPS = 3  # for a domain that knows relatives
TRAINING = 0.8  # share of the minutes that goes into the portfolio; the rest tests and explains it


def fit(
    data: Any,
    *,
    target: str | None = None,
    group: str | Sequence[str] | None = None,
    time: str | None = None,
    weight: str | None = None,
    drop: Sequence[str] = (),
    metric: str | None = None,
    quantiles: Sequence[float] | None = None,
    sheet: str | None = None,
    quality: Literal["fast", "balanced", "best"] = "balanced",
    minutes: float | None = None,
    workers: int | None = None,
    dask: str | None = None,
    force: bool = False,
    seed: int = 0,
    out: str | Path | None = None,
    command: str | None = None,
    progress: bool = False,
) -> Run:
    """Learn to predict a column of a table, and say how far to trust it, into a new run.

    Parameters
    ----------
    data
        What `pearlite.data.table.read_table` takes: a file, a DataFrame, an array, a dict. What is
        no file is kept in the run as ``table.parquet``.
    target
        The column that is predicted.
    group
        Rows that belong together: a column, several, or ``"all but A,B"``; no group is in training
        and test at once.
    time
        A column of dates or numbers: the test part is the latest.
    weight
        A column that says how much each row counts.
    drop
        Columns to leave out.
    metric
        What to be good at, one of `pearlite.judge.scores.METRICS`; by default the mean absolute
        error, balanced accuracy, or pinball loss. It also says whether a target of whole numbers
        is a number or a class.
    quantiles
        Levels to predict instead of one number, such as ``(0.1, 0.5, 0.9)``.
    sheet
        Of an Excel file; the first by default.
    quality
        How much time to spend.
    minutes
        A budget of time for everything.
    workers
        Processor cores to use; all by default.
    dask
        Address of a Dask scheduler, for a Parquet table on a cluster.
    force
        Go on where the audit says that no honest test is possible; the report says so.
    seed
        The one source of randomness.
    out
        The run's folder; ``None`` makes a new one in ``runs/``.
    command
        What was typed to get here, for the record.
    progress
        Draw progress bars.

    Returns
    -------
    Run
        Its ``result`` is a DataFrame: truth and prediction of each row of the test part.

    Raises
    ------
    InputError
        If the table cannot be read or divided, or an option is wrong.
    Refused
        If no honest test is possible as the data are declared, and `force` was not given.
    """
    if target is None:
        raise InputError("say which column is to be predicted: --target COLUMN (target='…')")
    settings = Settings(
        target,
        group,
        time,
        weight,
        tuple(drop),
        metric,
        None if quantiles is None else tuple(quantiles),
        sheet,
        quality,
        minutes,
        workers,
        dask,
        force,
        seed,
    )
    table = read_table(data, sheet=sheet)
    named = isinstance(data, str | Path)
    source = Path(data) if named else table
    with Run.create("tabular", settings.options(), seed, [source], out, command) as run:
        if not named:
            table.to_parquet(run.path / KEPT)
            run.record["inputs"][0]["path"] = KEPT
        _work(run, table, settings, progress)
    return run


def resume(
    run: Run,
    *,
    force: bool | None = None,
    dask: str | None = None,
    progress: bool = False,
) -> Run:
    """Go on where `run` stopped: what is finished stays.

    Raises
    ------
    InputError
        If the table is gone or has changed since the run began.
    """
    source = run.inputs[0]
    if not source.exists():
        raise InputError(f"the table {source} is gone; bring it back to resume.")
    if source.parent != run.path and sha256(source) != run.record["inputs"][0]["sha256"]:
        raise InputError(f"the table {source} has changed; make a new run instead.")
    given = {"force": force, "dask": dask}
    run.options.update({name: value for name, value in given.items() if value is not None})
    settings = Settings(**run.options, seed=run.seed)
    with run:
        clear_unfinished(run.path)
        _work(run, read_table(source, sheet=settings.sheet), settings, progress)
    return run


def report(run: Run) -> Path:
    """Write the run's page from what the folder holds."""
    return run.write_text(PAGE, html(run))


def summary(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first, of the scores on the test part."""
    return rows(run)


def _work(run: Run, table: pd.DataFrame, settings: Settings, progress: bool) -> None:
    """Audit, split, train, test, explain, draw: whatever of that the folder does not hold yet."""
    clock = _Clock(settings.minutes)
    prepared = prepare(table, settings, run.inputs[0].name, progress)
    run.write_json(AUDIT, prepared.audit.facts())
    prepared.split.save(run.path / SPLIT)
    model = _trained(run, prepared, settings, clock, progress)
    stopped = model.portfolio_.stopped == "interrupt"
    if Path(PREDICTIONS).stem not in run.results:
        _test(run, prepared, model)
    if not (stopped or (run.path / EXPLAINED).exists()):
        run.write_json(EXPLAINED, explain(prepared, model, clock.left(), settings, progress))
    run.write_text(CARD, card(run))
    report(run)
    if stopped:
        raise KeyboardInterrupt


class _Clock:
    """How much of a budget of time is left."""

    def __init__(self, minutes: float | None) -> None:
        self.end = None if minutes is None else monotonic() + 60 * minutes

    def left(self, share: float = 1.0) -> float | None:
        """Return minutes, or None without a budget."""
        return None if self.end is None else max(0.0, share * (self.end - monotonic()) / 60)


def _trained(run: Run, table: Prepared, settings: Settings, clock: _Clock, progress: bool) -> Model:
    """Return the run's model, fitted to train and validation unless the folder holds it."""
    folder = run.path / MODEL
    if folder.exists():
        return load(folder)
    rows = table.known
    model = new_estimator(
        table,
        quality=settings.quality,
        minutes=clock.left(TRAINING),
        seed=settings.seed,
        threads=settings.workers,
        progress=progress,
    )
    model.fit(table.inputs.iloc[rows], table.truth.labels[rows], **table.of(rows))
    write_table(pd.DataFrame(model.portfolio_.history), run.path / HISTORY)
    features = model.portfolio_.features.matrix(table.inputs.iloc[rows], "dense")
    group = None if table.group is None else table.group[rows]
    few = group is not None and len(np.unique(group)) < FEWEST_GROUPS
    domain = Domain.learn(features, group=None if few else group, seed=settings.seed)
    save_arrays(run.path / DOMAIN, domain.arrays())
    model.save(folder)
    return model


def _test(run: Run, table: Prepared, model: Model) -> None:
    """Look at the withheld part, once, and write down what it says."""
    known = run.record["inputs"][0]["sha256"]
    withheld = Withheld(table.split.test, looks(run.path.parent, known, table.split.hash))
    rows = withheld.look()
    inputs, classes = table.inputs.iloc[rows], table.truth.classes
    said = answer(model, inputs, classes)
    outside = Predictor.open(run).outside(inputs)
    facts = {
        "target": run.options["target"],
        "goal": table.truth.goal,
        "metric": table.metric.name,
        "classes": classes,
        "quantiles": table.quantiles,
        "rows": {name: len(part) for name, part in table.split.parts.items()},
        "columns": table.inputs.shape[1],
        "groups": None if table.group is None else len(np.unique(table.group)),
        "split": table.split.why,
        "looks": withheld.looks,
        "looks_sentence": withheld.sentence,
        "outside_domain": float(outside.mean()),
        "members": model.portfolio_.weights,
        "stopped": model.portfolio_.stopped,
        "notes": table.notes,
    }
    others = baselines(model, table, rows)
    run.write_json(TEST, facts | examine(table, rows, said, others, run.seed))
    columns = {"row": inputs.index, "truth": table.truth.labels[rows]}
    columns |= named(said, classes, table.quantiles) | {OUTSIDE: outside}
    if table.group_names is not None:
        columns["group"] = table.group_names[rows]
    write_table(pd.DataFrame(columns), run.path / PREDICTIONS)
    run.finish(Path(PREDICTIONS).stem, PREDICTIONS)
