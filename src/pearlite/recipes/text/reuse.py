"""Use a run's model on new texts.

Axes: N texts, K classes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pearlite.data.disk import replacing
from pearlite.data.table import TABLES, read_table
from pearlite.errors import InputError
from pearlite.folders import as_folder, check_free
from pearlite.recipes.text.fitted import Answer, Fitted
from pearlite.recipes.text.prepare import read_texts
from pearlite.run import TEST, Run
from pearlite.see.progress import track

MODELS = "models"


def apply(
    run: Run,
    new: Any,
    out: str | Path | None = None,
    *,
    sheet: str | None = None,
    progress: bool = False,
) -> Any:
    """Predict the target of `run` for new texts.

    Parameters
    ----------
    run
        A run with a finished model.
    new
        A file or several, tables with the columns of texts as in training; a table in memory; or a
        list of texts. In a list, what is no path nor ends like one, as ``.csv``, is a text.
    out
        Folder for the files; ``None`` means ``applied/`` inside the run. Nothing is overwritten.
    sheet
        Of an Excel file.
    progress
        Draw a progress bar.

    Returns
    -------
    DataFrame, or list of Path
        For texts a table of their predictions; for a table its columns and behind them
        ``prediction``, with the probability of each class, or ``low`` and ``high`` between which
        nine in ten true numbers lie. For files a CSV file each.

    Raises
    ------
    InputError
        If a table cannot be read, or lacks a column.
    """
    fitted = chosen_model(run)
    if isinstance(new, list | tuple) and not _are_files(new):
        return _of_texts(fitted, new)
    if not isinstance(new, str | Path | list | tuple):
        return _of_table(run, fitted, read_table(new))
    sources = [Path(source) for source in ([new] if isinstance(new, str | Path) else new)]
    folder = run.path / "applied" if out is None else as_folder(out)
    targets = [folder / f"{source.stem}.csv" for source in sources]
    check_free(targets)
    both = list(zip(sources, targets, strict=True))
    for source, path in track(both, "Predicting", show=progress):
        table = _of_table(run, fitted, read_table(source, sheet=sheet))
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as hidden:
            table.to_csv(hidden, index=False)
    return targets


def chosen_model(run: Run) -> Fitted:
    """Return the model of a run that was chosen.

    Raises
    ------
    InputError
        If the run has none yet, or it is damaged.
    """
    if not (run.path / TEST).exists():
        raise InputError(f"{run.path} holds no model yet: it is {run.status}; finish it first")
    return Fitted.load(run.path / MODELS / run.test["chosen"])


def columns_of(said: Answer, classes: Sequence[Any]) -> dict[str, Any]:
    """Return an answer as columns of a table."""
    if said.shares is not None:
        columns = {"prediction": np.asarray(classes)[said.values]}
        return columns | {f"p {name}": said.shares[:, k] for k, name in enumerate(classes)}
    assert said.interval is not None
    return {"prediction": said.values, "low": said.interval[:, 0], "high": said.interval[:, 1]}


def _are_files(new: Sequence[Any]) -> bool:
    """Tell paths from texts: all are paths, or one word that ends as files of tables do."""
    return all(isinstance(one, Path) or _named_so(one) for one in new)


def _named_so(name: Any) -> bool:
    return isinstance(name, str) and len(name.split()) == 1 and name.lower().endswith(TABLES)


def _of_texts(fitted: Fitted, texts: Sequence[Any]) -> pd.DataFrame:
    if not texts:
        raise InputError("the list of texts is empty; give at least one text")
    wrong = next((text for text in texts if not isinstance(text, str)), None)
    if wrong is not None:
        raise InputError(f"a list of texts holds {wrong!r}; expected texts only")
    return pd.DataFrame(columns_of(fitted.answer(list(texts)), fitted.classes))


def _of_table(run: Run, fitted: Fitted, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with predictions behind its own columns; none where there is no text."""
    texts = read_texts(table, tuple(run.options["text"]))
    rows = [row for row, text in enumerate(texts) if text]
    if not rows:
        raise InputError("the table holds no text; every row is empty there")
    columns = columns_of(fitted.answer([texts[row] for row in rows]), fitted.classes)
    if both := [name for name in columns if name in table]:
        raise InputError(f"the table has a column {both[0]!r}, as the prediction would; rename it")
    return pd.concat([table, pd.DataFrame(columns, index=table.index[rows])], axis=1)
