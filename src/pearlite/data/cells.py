"""What the cells of one column hold: numbers, dates, switches or words, told by all of them."""

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
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
    rf"{_TIME}|(?:19|20)\d\d[-/]\d\d?|[A-Za-z]{{3,9}}[- ](?:19|20)\d\d"
)
_ORDERED = re.compile(r"^(\d{1,2})([-/.])(\d{1,2})[-/.]\d{2,4}")
_SHORT_YEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?!\d)")
_COMMA = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:\.\d{3})+)?,\d+(?:[eE][-+]?\d+)?")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_WITH_UNIT = re.compile(r"([-+]?[\d.,]+(?:[eE][-+]?\d+)?)(\s*%|\s+[^\d\s]\S*)")
_CLOCK = re.compile(r"\d{1,2}:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?")
_CODE = re.compile(r"[A-Za-z]*\d+[A-Za-z]*")
_SHOWN = 3
_TRIED = 5000
"""Different entries from which it is told whether a long column may hold numbers or dates."""


@dataclass(frozen=True)
class Reading:
    """A column as it is understood.

    Parameters
    ----------
    values
        float64, int64, bool or datetime64; otherwise text without spaces at its ends, or None/NaN.
    note
        How it was read, if not as it stands; else empty.
    lost
        Which entries count as missing although they say something; empty if none.
    doubt
        A sentence that says why the column cannot be used as it is; empty if it can.
    """

    values: pd.Series
    note: str = ""
    lost: str = ""
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
    first: pd.Series = rows.loc[~rows.index.duplicated()].head(_SHOWN + 1)
    said = ", ".join(f"{value!r} in row {row + 1}" for value, row in first.head(_SHOWN).items())
    return said + ", …" * (len(first) > _SHOWN)


def _uncoded(values: pd.Series) -> pd.Series:
    """Return categories as the values that they stand for."""
    distinct = pd.Series(values.cat.categories)
    taken = distinct.reindex(np.asarray(values.cat.codes))  # code -1, missing, is in no index
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
    if found == "string":
        return _read_texts(values, decimal_comma)
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
    """Read a column of texts by its distinct entries."""
    codes, distinct = pd.factorize(texts)
    entries = pd.Series([str(text).strip() for text in distinct], dtype=object)
    counts = np.bincount(codes[codes >= 0], minlength=len(entries))
    lower = entries.str.lower()
    empty, unknown = lower.isin(_EMPTY).to_numpy(), lower.isin(_UNKNOWN).to_numpy()

    def rows(per_entry: pd.Series) -> pd.Series:
        return per_entry.reindex(codes).set_axis(texts.index).rename(texts.name)

    if empty.all():
        return Reading(pd.Series(np.nan, texts.index, name=texts.name))
    words = rows(entries.mask(empty, None))
    said = counts[~unknown].sum()
    if not said:
        return Reading(words)
    if lower[~unknown].isin(_SWITCH).all():
        switches = rows(lower.map(_SWITCH).astype(np.float64))
        return Reading(switches if switches.isna().any() else switches.astype(bool))
    readers = {"numbers": partial(_numbers, decimal_comma=decimal_comma), "dates": _dates}
    for what, reader in readers.items():
        if not _likely(reader, pd.Series(entries[~unknown])):
            continue
        found, note = reader(entries)
        unread = found.isna().to_numpy() & ~unknown
        share = 1 - counts[unread].sum() / said
        others = np.append(unread, False)[codes]
        if what == "numbers" and others.sum() > 1 and _are_codes(entries[unread], found):
            return Reading(words)
        if share >= MOST:
            lost = ""
            if count := int(others.sum()):
                verbs = (f"is no {what[:-1]} and counts", f"are no {what} and count")[count > 1]
                lost = (
                    f"{count} of {len(texts)} entries {verbs} as missing: {_shown(words, others)}"
                )
            return Reading(rows(found), note, lost)
        if share >= HALF:
            doubt = (
                f"column {texts.name!r} mixes {what} ({100 * share:.0f} %) with other entries "
                f"({_shown(words, others)}); leave those cells empty, or put words into a column "
                "of their own"
            )
            return Reading(words, doubt=doubt)
    return Reading(words)


def _are_codes(words: Iterable[str], numbers: pd.Series) -> bool:
    """Tell whether whole numbers and entries such as ``207a`` together are names."""
    known = numbers.dropna().to_numpy()
    return all(map(_CODE.fullmatch, words)) and bool((known == np.round(known)).all())


def _likely(reader: Callable[[pd.Series], tuple[pd.Series, str]], entries: pd.Series) -> bool:
    """Tell from a part of many entries whether it is worth while to read all."""
    step = len(entries) // _TRIED
    if step < 2:
        return True
    found, _ = reader(entries.iloc[::step].reset_index(drop=True))
    return bool(found.notna().mean() > HALF / 2)


def _numbers(entries: pd.Series, decimal_comma: bool) -> tuple[pd.Series, str]:
    """Return the number that each entry is, NaN for none, and a note on what was left out of it.

    A unit is left out if all that are no plain numbers have the same; clock times become seconds.
    """
    tidy = pd.Series([text.replace("−", "-") for text in entries], dtype=object)
    found = _plain_numbers(tidy, decimal_comma)
    others = pd.Series(tidy[found.isna()])
    if not len(others):
        return found, ""
    if others.str.fullmatch(_CLOCK).all():
        clock = others.where(others.str.count(":") == 2, others + ":00")
        seconds = pd.TimedeltaIndex(pd.to_timedelta(clock, errors="coerce")).total_seconds()
        found[others.index] = seconds.to_numpy()
        return found, "its times are given in seconds"
    parts = others.str.extract(rf"^{_WITH_UNIT.pattern}$")
    units = parts[1].str.strip().dropna().unique()
    if len(units) != 1:
        return found, ""
    found[others.index] = _plain_numbers(pd.Series(parts[0].fillna("")), decimal_comma)
    return found, f"the unit {units[0]!r} was left out"


def _plain_numbers(entries: pd.Series, decimal_comma: bool) -> pd.Series:
    """Return numbers that have a decimal point, or a comma, or commas between thousands."""
    tidy = [_without_commas(text, decimal_comma) if "," in text else text for text in entries]
    found = pd.to_numeric(pd.Series(tidy, entries.index, dtype=object), errors="coerce")
    return pd.Series(found, dtype=np.float64)


def _without_commas(text: str, decimal_comma: bool) -> str:
    if decimal_comma:
        return text.replace(".", "").replace(",", ".") if _COMMA.fullmatch(text) else text
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def _dates(entries: pd.Series) -> tuple[pd.Series, str]:
    """Return the moment that each entry is, NaT for none, and a note where days could be months.

    The day comes first where dots divide the date, or where a first number is no month.
    """
    like = entries.str.fullmatch(_DATE).to_numpy(bool)
    found = np.full(len(entries), np.datetime64("NaT", "us"))
    if not like.any():
        return pd.Series(found), ""
    dates = pd.Series(entries[like])
    parts = dates.str.extract(_ORDERED)
    numbers = parts[[0, 2]].astype(np.float64)
    dotted = bool((parts[1] == ".").any())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some entries contradict the order of day and month
        read = pd.to_datetime(
            dates,
            errors="coerce",
            format="mixed",
            dayfirst=dotted or bool((numbers[0] > 12).any()),
            utc=True,
        )
    found[like] = pd.DatetimeIndex(read).tz_localize(None).to_numpy()
    notes = []
    if dates.str.match(_SHORT_YEAR).any():
        notes.append("its years of two digits are read as 1969 to 2068")
    unclear = numbers[0].notna().any() and not dotted and not (numbers > 12).to_numpy().any()
    if unclear:
        notes.append("its dates are read as month/day/year; write them as 2026-01-31")
    return pd.Series(found), "; ".join(notes)
