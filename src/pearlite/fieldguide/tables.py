"""See what a table is: rows to predict from, values over time, curves, or texts."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pearlite.data.columns import Column, describe
from pearlite.data.names import known_column
from pearlite.errors import InputError
from pearlite.fieldguide.answer import Seen
from pearlite.judge.audit.quick import scaled
from pearlite.judge.audit.words import counted, listed
from pearlite.judge.goal import read_truth

if TYPE_CHECKING:
    import pandas as pd

_TARGETS = {"target", "label", "class", "y", "output", "response", "outcome"}
_TIMES = {"time", "date", "datetime", "timestamp", "ds", "year", "month", "day", "hour", "t"}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_EVEN = (0.1, 0.8)  # steps within so much of the usual one, in so many of the rows
_KEPT = 0.5  # correlation of a value with the one before it, from which a series has memory
_POINTS, _SMOOTH = 20, 0.8  # points of a curve; correlation of neighbouring points
_WORDS = 5  # of a text, on average
_GAPS = 0.1  # share of missing values that a target guessed at may have


def see_table(frame: "pd.DataFrame", target: str | None, rows: int | None = None) -> Seen:
    """See what a table is.

    Parameters
    ----------
    frame
        As `pearlite.data.table.read_table` gives it; the first rows of it are enough.
    target
        The column that is to be predicted, if one was named.
    rows
        How many there are in all, where `frame` holds some of them.

    Raises
    ------
    InputError
        If `target` is no column, or there is nothing to predict.
    """
    if target is not None:
        known_column(frame, target, "target")
    columns = describe(frame)
    size = f"{rows or len(frame):,} rows, {_kinds(columns)}"
    seen = None
    if target is None:
        seen = _monthly(frame, columns) or _curves(frame, columns)
    seen = seen or _series(frame, columns, target) or _rows(frame, columns, target)
    given = f"{seen.given}: {size}"
    said = [c for c in columns if c.note and c.name != seen.names.get("time")]
    notes = tuple(f"column {column.name}: {column.note}" for column in said)
    return replace(seen, given=given, notes=(*seen.notes, *notes[:3]))


def shared_rows(tables: dict[str, "pd.DataFrame"]) -> tuple[str, ...]:
    """Say how many rows of a table are in another as well.

    Parameters
    ----------
    tables
        With the same columns, by name.
    """
    known = {
        name: [hash(row) for row in frame.itertuples(index=False, name=None)]
        for name, frame in tables.items()
    }
    said = []
    for (first, rows), (second, others) in combinations(known.items(), 2):
        if count := len(set(rows) & set(others)):
            what = f"{counted(count, 'row')} of {first} {'is' if count == 1 else 'are'}"
            said.append(f"{what} in {second} as well: leave them out of one")
    return tuple(said)


def same_tables(paths: list[Path]) -> bool:
    """Tell whether several tables of text are parts of one: their first lines are equal."""
    heads = set()
    for path in paths:
        with path.open("rb") as file:
            heads.add(file.readline(65536).strip())
    return len(paths) > 1 and len(heads) == 1


def _kinds(columns: list[Column]) -> str:
    counts: dict[str, int] = {}
    for column in columns:
        counts[column.kind] = counts.get(column.kind, 0) + 1
    return f"{len(columns)} columns ({', '.join(f'{n} {kind}' for kind, n in counts.items())})"


def _monthly(frame: "pd.DataFrame", columns: list[Column]) -> Seen | None:
    """See a calendar: a row a year, a column a month."""
    named = [column.name.strip().lower()[:3] for column in columns]
    if len(columns) not in (12, 13) or [name for name in named if name in _MONTHS] != _MONTHS:
        return None
    notes = ("a row a year, a column a month: write them as one column of dates and one of values",)
    return Seen("series", f"a series of {12 * len(frame)} months", {}, notes)


def _curves(frame: "pd.DataFrame", columns: list[Column]) -> Seen | None:
    """See rows that are curves: many numeric columns, neighbours alike, named by an axis."""
    numeric = list(frame.select_dtypes("number").columns)
    if len(numeric) < _POINTS or len(numeric) < len(columns) - 3 or len(frame) < 2:
        return None
    values = frame[numeric].to_numpy(np.float64, na_value=np.nan)
    known = ~np.isnan(values)
    left, right = values[:, :-1], values[:, 1:]
    both = known[:, :-1] & known[:, 1:]
    kept = [
        np.corrcoef(scaled(a[use]), scaled(b[use]))[0, 1]
        for a, b, use in zip(left, right, both, strict=True)
        if use.sum() > 2 and np.ptp(a[use]) > 0 and np.ptp(b[use]) > 0
    ]
    if not kept or np.median(kept) < _SMOOTH:
        return None
    ends = known.sum(axis=1)
    until_end = all((row[:length]).all() for row, length in zip(known, ends, strict=True))
    if until_end and ends.min() < ends.max():
        given = f"{len(frame)} series of {ends.min()} to {ends.max()} values"
        return Seen("many series", given, {})
    others = [column for column in columns if column.name not in numeric]
    goal = [c.name for c in others if c.kind in ("number", "flag", "category")]
    names = {"target": goal[-1]} if goal else {}
    notes = () if goal else ("no column to predict: add one, such as a class or a content",)
    return Seen("signals", f"{len(frame)} curves of {len(numeric)} points", names, notes)


def _series(frame: "pd.DataFrame", columns: list[Column], target: str | None) -> Seen | None:
    """See values over time: a column of even, ascending times, values that remember."""
    import pandas as pd

    numbers = [c.name for c in columns if pd.api.types.is_numeric_dtype(frame[c.name])]
    for column in columns:
        if column.kind != "date" and column.name.strip().lower() not in _TIMES:
            continue
        when = pd.Series(frame[column.name])
        values = [name for name in numbers if name not in (column.name,)]
        if not values or when.isna().any() or (target and target not in values):
            continue
        if not (pd.api.types.is_numeric_dtype(when) or column.kind == "date"):
            continue
        times = pd.to_datetime(when).astype("int64") if column.kind == "date" else when
        steps = np.diff(times.to_numpy(np.float64))
        goal = target or values[-1]
        names = {"time": column.name, "target": goal}
        if len(steps) >= 10 and steps.min() > 0:
            usual = np.median(steps)
            even = (np.abs(steps - usual) <= _EVEN[0] * usual).mean() >= _EVEN[1]
            if even and max(_memory(frame[name].to_numpy(np.float64)) for name in values) > _KEPT:
                first, last = (_moment(when.iloc[n]) for n in (0, -1))
                what = "a series" if len(values) == 1 else f"{len(values)} series side by side"
                notes = () if target else _chosen(goal, values)
                return Seen("series", f"{what} from {first} to {last}", names, notes)
    return None


def _moment(value: object) -> str:
    """Return a time as people write it: a day without its midnight, a year without .0."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).removesuffix("+00:00").removesuffix(" 00:00:00")


def _memory(values: np.ndarray) -> float:
    """Return the correlation of a value with the one before it; 0 if there is none."""
    left, right = values[:-1], values[1:]
    use = np.isfinite(left) & np.isfinite(right)
    if use.sum() < 3 or not np.ptp(left[use]) or not np.ptp(right[use]):
        return 0.0
    return float(np.corrcoef(scaled(left[use]), scaled(right[use]))[0, 1])


def _rows(frame: "pd.DataFrame", columns: list[Column], target: str | None) -> Seen:
    import pandas as pd

    by_name = {column.name: column for column in columns}
    if len(columns) == 1:
        if columns[0].kind == "number" and _memory(frame.iloc[:, 0].to_numpy(np.float64)) > _KEPT:
            return Seen("series", f"a series of {len(frame)} values", {"target": columns[0].name})
        raise InputError(
            f"the table has one column, {columns[0].name!r}; beside it, columns to predict it from "
            "are needed"
        )
    numbers = [c for c in columns if c.kind in ("number", "flag")]
    goals = [c.name for c in numbers if c.missing < _GAPS and not c.note]
    goals = goals or [c.name for c in numbers]
    goals = goals or [c.name for c in columns if c.kind == "category"]
    named = [name for name in by_name if name.strip().lower() in _TARGETS]
    if target is None and not (named or goals):
        raise InputError(
            "the table has no column of numbers or classes that could be predicted; name one with "
            f"--target: {listed(list(by_name))}"
        )
    goal = target or (named or goals)[-1]
    column = by_name[goal]
    if column.kind in ("constant", "empty"):
        raise InputError(f"the target {goal!r} is {column.kind}: there is nothing to predict")
    if column.kind == "date":
        raise InputError(
            f"the target {goal!r} holds dates; give the time in days or hours as a number"
        )
    names = {"target": goal}
    notes = [] if target else list(_chosen(goal, goals))
    inputs = [one for one in columns if one.name != goal]
    compositions = [one.name for one in inputs if one.kind == "composition"]
    if compositions:
        notes.append(
            f"column {listed(compositions)} holds compositions: they become element fractions and "
            "statistics of the elements"
        )
    dates = [one.name for one in inputs if one.kind == "date"]
    if dates:
        notes.append(f"if later rows are to be predicted, test on them: --time {listed(dates)}")
    texts = [one.name for one in inputs if one.kind == "text" and _long(pd.Series(frame[one.name]))]
    truth = read_truth(pd.Series(frame[goal]).dropna())
    useful = [c for c in inputs if c.kind not in ("identifier", "constant", "empty")]
    if texts and len(useful) <= len(texts):
        return Seen("labelled text", "texts with labels", names | {"text": texts[0]}, tuple(notes))
    what = f"a table, {goal} to be predicted"
    return Seen("table, class" if truth.classes else "table, number", what, names, tuple(notes))


def _long(values: "pd.Series") -> bool:
    texts = values.dropna().astype(str).head(200)
    return bool(len(texts)) and texts.str.split().str.len().mean() >= _WORDS


def _chosen(goal: str, goals: list[str]) -> tuple[str, ...]:
    """Say that the target was guessed, where there is a choice."""
    if len(goals) < 2:
        return ()
    return (
        f"{goal} is taken for what is predicted, as the last that could be; else name --target",
    )
