"""Texts as runs: a folder in which the models, their test, the predictions and the page lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pearlite.data.disk import clear_unfinished
from pearlite.data.table import read_table
from pearlite.errors import InputError
from pearlite.recipes.text.candidates import named_encoder
from pearlite.recipes.text.report import html, rows
from pearlite.recipes.text.reuse import apply
from pearlite.recipes.text.settings import Quality, Settings
from pearlite.recipes.text.work import Material, work
from pearlite.run import PAGE, Run
from pearlite.train.device import device_of

__all__ = ["apply", "fit", "report", "resume", "summary"]

KEPT = "table.parquet"


def fit(
    data: Any,
    *,
    text: str | Sequence[str] | None = None,
    target: str | None = None,
    group: str | Sequence[str] | None = None,
    time: str | None = None,
    unlabelled: str | Path | Sequence[str | Path] = (),
    start: str | Path | None = None,
    metric: str | None = None,
    sheet: str | None = None,
    quality: Quality = "balanced",
    minutes: float | None = None,
    device: str = "auto",
    force: bool = False,
    seed: int = 0,
    out: str | Path | None = None,
    command: str | None = None,
    progress: bool = False,
) -> Run:
    """Learn to predict a class or a number from text, and say how far to trust it, into a new run.

    Parameters
    ----------
    data
        What `pearlite.data.table.read_table` takes: a file, a DataFrame, a dict. What is no file is
        kept in the run as ``table.parquet``.
    text
        The column of texts, or several, which are read one after another.
    target
        The column that is predicted.
    group
        Rows that belong together: a column, several, or ``"all but A,B"``; no group is in training
        and test at once. Copies of a text always stay together.
    time
        A column of dates or numbers: the test part is the latest.
    unlabelled
        Further texts to pretrain on: files of text, folders of them, or tables.
    start
        A finished run on texts whose pretrained encoder is taken.
    metric
        What to be good at, one of `pearlite.judge.scores.METRICS`; by default balanced accuracy or
        the mean absolute error. It also says whether whole numbers are numbers or classes.
    sheet
        Of an Excel file; the first by default.
    quality
        ``"fast"`` fits linear models only; the others an LSTM and an encoder, too.
    minutes
        A budget of time for the networks.
    device
        Where networks compute.
    force
        Go on where a word gives the target away; the report says so.
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
        If the target is written in the texts, and `force` was not given.
    """
    if not text:
        raise InputError("say which column holds the texts: --text COLUMN (text='…')")
    if target is None:
        raise InputError("say which column is to be predicted: --target COLUMN (target='…')")
    further = [unlabelled] if isinstance(unlabelled, str | Path) else unlabelled
    settings = Settings(
        (text,) if isinstance(text, str) else tuple(text),
        target,
        group,
        time,
        tuple(map(str, further)),
        None if start is None else str(start),
        metric,
        sheet,
        quality,
        minutes,
        device,
        force,
        seed,
    )
    if settings.start is not None:
        named_encoder(settings.start)
    table = read_table(data, sheet=settings.sheet)
    source = Path(data) if isinstance(data, str | Path) else table
    with Run.create("text", settings.options(), seed, [source], out, command) as run:
        if not isinstance(source, Path):
            source.to_parquet(run.path / KEPT)
            run.record["inputs"][0]["path"] = KEPT
        work(run, Material(table, settings, device_of(device)), progress)
    return run


def resume(
    run: Run, *, device: str | None = None, force: bool | None = None, progress: bool = False
) -> Run:
    """Go on where `run` stopped: models that are finished stay, one under way goes on.

    Raises
    ------
    InputError
        If the table is gone or has changed since the run began.
    """
    run.check_inputs()
    given = {"device": device, "force": force}
    run.options.update({name: value for name, value in given.items() if value is not None})
    settings = Settings(**run.options, seed=run.seed)
    table = read_table(run.inputs[0], sheet=settings.sheet)
    with run:
        clear_unfinished(run.path)
        work(run, Material(table, settings, device_of(settings.device)), progress)
    return run


def report(run: Run) -> Path:
    """Write the run's page from what the folder holds."""
    return run.write_text(PAGE, html(run))


def summary(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first, of the scores of every model on the test part."""
    return rows(run)
