"""Tables as runs: a folder in which the model, its test, its predictions and the page lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pearlite.data.disk import clear_unfinished
from pearlite.errors import InputError
from pearlite.recipes.tabular.big import is_big
from pearlite.recipes.tabular.big_table import BigTable
from pearlite.recipes.tabular.memory_table import MemoryTable
from pearlite.recipes.tabular.prepare import Settings
from pearlite.recipes.tabular.report import html, rows
from pearlite.recipes.tabular.reuse import apply
from pearlite.recipes.tabular.work import work
from pearlite.run import PAGE, Run

__all__ = ["apply", "fit", "report", "resume", "summary"]

KEPT = "table.parquet"


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
    table = _opened(data, settings)
    named = isinstance(data, str | Path)
    source = table.frame if isinstance(table, MemoryTable) and not named else Path(data)
    with Run.create("tabular", settings.options(), seed, [source], out, command) as run:
        if not isinstance(source, Path):
            source.to_parquet(run.path / KEPT)
            run.record["inputs"][0]["path"] = KEPT
        work(run, table, settings, progress)
    return run


def resume(
    run: Run,
    *,
    force: bool | None = None,
    dask: str | None = None,
    progress: bool = False,
) -> Run:
    """Go on where `run` stopped: what is finished stays.

    Of a table in memory, learners that were tried are not tried again; of a larger one the fit
    begins anew.

    Raises
    ------
    InputError
        If the table is gone or has changed since the run began.
    """
    run.check_inputs()
    given = {"force": force, "dask": dask}
    run.options.update({name: value for name, value in given.items() if value is not None})
    settings = Settings(**run.options, seed=run.seed)
    with run:
        clear_unfinished(run.path)
        work(run, _opened(run.inputs[0], settings), settings, progress)
    return run


def report(run: Run) -> Path:
    """Write the run's page from what the folder holds."""
    return run.write_text(PAGE, html(run))


def summary(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first, of the scores on the test part."""
    return rows(run)


def _opened(source: Any, settings: Settings) -> MemoryTable | BigTable:
    """Return the table in memory, or on disk where it is too large or goes to a cluster."""
    if isinstance(source, str | Path) and (settings.dask is not None or is_big(source)):
        return BigTable.open(source, settings)
    if settings.dask is not None:
        raise InputError("--dask takes a Parquet file or a folder of them, not a table in memory")
    return MemoryTable.open(source, settings)
