"""What the cells of one column hold: numbers, dates, switches or words, told by all of them."""

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.errors import InputError

MOST = 0.9
"""Share of a column's entries that must be numbers (dates) for the others to count as missing."""
HALF = 0.5
"""Share of numbers (dates) from which on a column mixes them with words."""

_EMPTY = {"", "na", "n/a", "nan", "null", "#n/a", "#na", "<na>", "nat"}
_UNKNOWN = _EMPTY | {
    *("-", "--", "–", "—", "?", ".", "none", "nil", "n.a.", "nd", "n.d.", "tbd", "missing"),
    *("unknown", "not measured", "not available", "not determined"),
    *("#value!", "#div/0!", "#ref!", "#name?", "#num!"),
}
_SWITCH = {"true": True, "false": False}
_TIME = r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp][Mm])?\s*(?:Z|[+-]\d\d:?\d\d)?)?"
_DATE = re.compile(
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}"
    rf"|\d{{1,2}}[-. ]+[A-Za-z]{{3,9}}\.?[-, ]+\d{{2,4}}|[A-Za-z]{{3,9}}\.? \d{{1,2}},? \d{{4}})"
    rf"{_TIME}"
)
_SLASHED = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}")
_COMMA = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:\.\d{3})+)?,\d+(?:[eE][-+]?\d+)?")
_SHOWN = 3


@dataclass(frozen=True)
class Reading:
    """A column as it is understood.

    Parameters
    ----------
    values
        float64, int64, bool or datetime64; otherwise text without spaces at its ends, or None/NaN.
    note
        What was not read as it stands; empty if nothing.
    doubt
        A sentence that says why the column cannot be used as it is; empty if it can.
    """

    values: pd.Series
    note: str = ""
    doubt: str = ""


def read_column(values: pd.Series, *, decimal_comma: bool = False) -> Reading:
    """Read a column of any type as numbers, switches, dates or text.

    Parameters
    ----------
    values
        The column; its name is used in messages.
    decimal_comma
        Whether ``1,5`` is a number.

    Raises
    ------
    InputError
        If it holds complex numbers, lists or other things that are no table cells.
    """
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return read_column(_uncoded(values), decimal_comma=decimal_comma)
    if pd.api.types.is_bool_dtype(dtype):
        return Reading(_plain(values) if values.isna().any() else values.astype(bool))
    if pd.api.types.is_complex_dtype(dtype):
        raise InputError(f"column {values.name!r} holds complex numbers; give real ones")
    if pd.api.types.is_numeric_dtype(dtype):
        return Reading(_plain(values))
    if isinstance(dtype, pd.PeriodDtype):
        return Reading(values.dt.to_timestamp())
    if pd.api.types.is_timedelta64_dtype(dtype):
        return Reading(values.dt.total_seconds(), "its durations are given in seconds")
    if pd.api.types.is_datetime64_any_dtype(dtype) or str(dtype).startswith(("date", "timestamp")):
        return Reading(_moments(values))
    if pd.api.types.is_object_dtype(dtype):
        return _read_objects(values, decimal_comma)
    return _read_texts(values.astype(object), decimal_comma)


def _shown(words: pd.Series, chosen: NDArray[np.bool_]) -> str:
    """Name a few entries and where they stand, such as ``'n/a' in row 3, '<0.1' in row 7``."""
    rows = pd.Series(np.flatnonzero(chosen), words.to_numpy(dtype=object)[chosen])
    first = rows[~rows.index.duplicated()]
    said = ", ".join(f"{value!r} in row {row + 1}" for value, row in first.iloc[:_SHOWN].items())
    return said + ", …" * (len(first) > _SHOWN)


def _uncoded(values: pd.Series) -> pd.Series:
    """Return categories as the values that they stand for."""
    distinct = pd.Series(values.cat.categories)
    taken = distinct.reindex(values.cat.codes.to_numpy())  # code -1, missing, is in no index
    return taken.set_axis(values.index).rename(values.name)


def _plain(values: pd.Series) -> pd.Series:
    """Return numbers as NumPy's float64, or int64 where they are whole and none is missing."""
    if values.dtype in (np.dtype(np.float64), np.dtype(np.int64)):
        return values
    whole = pd.api.types.is_integer_dtype(values.dtype) and not values.isna().any()
    if whole and values.dtype != np.dtype(np.uint64):
        return values.astype(np.int64)
    return pd.Series(values.to_numpy(np.float64, na_value=np.nan), values.index, name=values.name)


def _moments(values: pd.Series) -> pd.Series:
    """Return dates as datetime64 without a time zone, in UTC if they had one."""
    return pd.to_datetime(values, utc=True).dt.tz_localize(None)


def _read_objects(values: pd.Series, decimal_comma: bool) -> Reading:
    """Read a column of Python objects."""
    found = pd.api.types.infer_dtype(values, skipna=True)
    if found in ("integer", "floating", "mixed-integer-float", "decimal"):
        numbers = pd.Series(pd.to_numeric(values, errors="coerce"))
        return Reading(_plain(numbers.rename(values.name)))
    if found == "boolean":
        return Reading(values.astype(np.float64 if values.isna().any() else bool))
    if found in ("datetime64", "datetime", "date"):
        return Reading(_moments(values))
    if found in ("timedelta64", "timedelta"):
        return Reading(pd.to_timedelta(values).dt.total_seconds(), "its durations are in seconds")
    texts = values.where(values.notna(), None)
    for row, value in enumerate(texts):
        if isinstance(value, complex | list | tuple | dict | set | np.ndarray):
            raise InputError(
                f"column {values.name!r} holds a {type(value).__name__} in row {row + 1}; a "
                "number, a date or a text is expected in every cell"
            )
    return _read_texts(texts.map(_text, na_action="ignore"), decimal_comma)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _read_texts(texts: pd.Series, decimal_comma: bool) -> Reading:
    """Read a column of texts, object dtype, by its distinct entries."""
    codes, distinct = pd.factorize(texts)
    entries = pd.Series([str(text).strip() for text in distinct], dtype=object)
    counts = np.bincount(codes[codes >= 0], minlength=len(entries))
    lower = entries.str.lower()
    empty, unknown = lower.isin(_EMPTY).to_numpy(), lower.isin(_UNKNOWN).to_numpy()

    def rows(per_entry: pd.Series, missing: Any) -> pd.Series:
        taken = np.append(per_entry.to_numpy(), np.array([missing], per_entry.dtype))[codes]
        return pd.Series(taken, texts.index, name=texts.name)

    said = counts[~unknown].sum()
    if not said:
        everything = counts[~empty].sum()
        if not everything:
            return Reading(pd.Series(np.nan, texts.index, name=texts.name))
    if said and lower[~unknown].isin(_SWITCH).all():
        switches = lower.map(_SWITCH).astype(np.float64)
        values = rows(switches, np.nan)
        return Reading(values if values.isna().any() else values.astype(bool))
    kept = entries.where(~empty, None)
    words = rows(kept, None)
    for what, read in (("numbers", _numbers), ("dates", _dates)):
        if not said:
            break
        found, note = read(entries, decimal_comma)
        unread = found.isna().to_numpy() & ~unknown
        share = 1 - counts[unread].sum() / said
        if share >= MOST:
            values = rows(found, np.nan if what == "numbers" else pd.NaT)
            others = (words.notna() & values.isna()).to_numpy()
            if count := int(others.sum()):
                note = (
                    f"{count} of {len(texts)} entries {'is' if count == 1 else 'are'} no {what} "
                    f"and count{'s' * (count == 1)} as missing: {_shown(words, others)}"
                )
            return Reading(values, note)
        if share >= HALF:
            others = np.append(unread, False)[codes]
            doubt = (
                f"column {texts.name!r} mixes {what} ({100 * share:.0f} %) with other entries "
                f"({_shown(words, others)}); leave those cells empty, or put words into a column "
                "of their own"
            )
            return Reading(words, doubt=doubt)
    return Reading(words)


def _numbers(entries: pd.Series, decimal_comma: bool) -> tuple[pd.Series, str]:
    """Return the number that each entry is, NaN for none."""
    tidy = entries.str.replace("−", "-")
    if decimal_comma:
        point = tidy.str.replace(".", "").str.replace(",", ".")
        tidy = tidy.mask(tidy.str.fullmatch(_COMMA).astype(bool), point)
    return pd.Series(pd.to_numeric(tidy, errors="coerce"), dtype=np.float64), ""


def _dates(entries: pd.Series, decimal_comma: bool) -> tuple[pd.Series, str]:
    """Return the moment that each entry is, NaT for none; days come first if a month cannot."""
    like = entries.str.fullmatch(_DATE).to_numpy(bool)
    found = pd.Series(np.full(len(entries), np.datetime64("NaT", "us")))
    if not like.any():
        return found, ""
    parts = entries[like].str.extract(_SLASHED).astype(np.float64)
    dotted = entries[like].str.match(r"\d{1,2}\.\d{1,2}\.").any()
    ordered = parts.notna().any(axis=None)
    day_first = bool(dotted or (parts[0] > 12).any())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some entries contradict the order of day and month
        read = pd.DatetimeIndex(
            pd.to_datetime(
                entries[like], errors="coerce", format="mixed", dayfirst=day_first, utc=True
            )
        )
    found[like] = read.tz_localize(None).to_numpy()
    unclear = ordered and not dotted and not (parts > 12).any(axis=None)
    note = "its dates are read as month/day/year; write them as 2026-01-31" if unclear else ""
    return found, note
