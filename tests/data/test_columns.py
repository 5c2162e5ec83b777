"""What each column of a table is taken for, and what is said of it."""

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.data.columns import KINDS, clean, describe, moments
from pearlite.data.table import read_table
from pearlite.errors import InputError

RNG = np.random.default_rng(0)


def kind(values: Any, name: str = "x") -> str:
    (column,) = describe(pd.DataFrame({name: values}))
    assert column.name == name
    return column.kind


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (RNG.normal(size=50), "number"),
        (RNG.integers(0, 9, 50), "number"),
        ([1, 2, None, 3], "number"),
        (["1", "2.5", "−3", "1e4", None], "number"),
        ([decimal.Decimal("1.5"), decimal.Decimal(2), 3], "number"),
        (pd.Series(RNG.normal(size=9)).astype("category"), "number"),
        (pd.to_timedelta([1, 2, 3], unit="s"), "number"),
        ([True, False, True], "flag"),
        ([True, None, False], "flag"),
        (["yes", "no", "yes"], "flag"),
        ([0, 1, 1, 0], "flag"),
        ([5.0, None, 5.0], "flag"),
        (["red", "green", "blue", "red"], "category"),
        (["red", "green", "blue"] * 40, "category"),
        (["1a", "2b", "3c"] * 40, "category"),
        (["2026-01-31", "2026-02-01", "2026-02-03"], "date"),
        (["31.01.2026", "01.02.2026", "1.2.26"], "date"),
        (["2026-01-31T10:00:00Z", "2026-01-31 10:00", "2026-01-31"], "date"),
        (["3 Jan 2026", "January 5, 2026", "7-Feb-26"], "date"),
        (["2026-01", "2026-02", "2027-01"], "date"),
        (["Jan 2026", "Feb 2026", "March 2026"], "date"),
        ([datetime.date(2026, 1, 1), None, datetime.date(2026, 1, 5)], "date"),
        (pd.date_range("2026-01-01", periods=5, tz="Europe/Berlin"), "date"),
        (pd.period_range("2026-01", periods=5, freq="M"), "date"),
        (["Fe2O3", "NaCl", "Al2O3", None], "composition"),
        ([f"heated for {n} h in air, then cooled" for n in range(60)], "text"),
        ([f"S-{n:03}" for n in range(60)], "identifier"),
        (list(range(60)), "identifier"),
        (list(range(1960, 2020)), "number"),
        (range(58, 73), "number"),
        (RNG.permutation(60), "number"),
        ([7, 7, 7], "constant"),
        (["a", "a"], "constant"),
        ([None, None], "empty"),
        (["", " ", "NA", "n/a"], "empty"),
        ([np.nan, np.nan], "empty"),
    ],
)
def test_the_kind_is_told_from_the_values(values: Any, expected: str) -> None:
    assert kind(values) == expected
    assert expected in KINDS


def test_whole_numbers_that_all_differ_are_an_identifier_by_name_only() -> None:
    values = RNG.choice(10**6, 60, replace=False)
    assert kind(values, "sample_id") == "identifier"
    assert kind(values, "pressure") == "number"
    assert kind(values, "acid") == "number"


def test_shares_and_counts_are_of_the_rows() -> None:
    (column,) = describe(pd.DataFrame({"x": [1.5, None, 1.5, 2.0]}))
    assert (column.missing, column.distinct) == (0.25, 2)
    (column,) = describe(pd.DataFrame({"x": ["a", "", "b", "c", "NaN"]}))
    assert (column.missing, column.distinct) == (0.4, 3)


def test_few_words_among_numbers_count_as_missing_and_are_named() -> None:
    frame = read_table(pd.DataFrame({"x": [*range(40), "<0.1", "<0.1", "trace"]}))
    (column,) = describe(frame)
    assert column.kind == "number"
    assert column.missing == pytest.approx(3 / 43)
    assert column.note == (
        "3 of 43 entries are no numbers and count as missing: '<0.1' in row 41, 'trace' in row 43"
    )
    assert frame["x"].dtype == np.float64


def test_words_for_not_known_are_no_words() -> None:
    frame = read_table(pd.DataFrame({"x": ["1", "-", "?", "n.d.", "unknown", "2.5", "4"]}))
    (column,) = describe(frame)
    assert (column.kind, column.distinct, column.note) == ("number", 3, "")


@pytest.mark.parametrize(
    ("texts", "numbers", "note"),
    [
        (["12%", "13.5 %", "14"], [12, 13.5, 14], "the unit '%' was left out"),
        (["12 MPa", "1e3 MPa", "-4 MPa"], [12, 1000, -4], "the unit 'MPa' was left out"),
        (["1,234", "12,345.5", "7"], [1234, 12345.5, 7], ""),
        (["12:30", "0:00:01.5", "24:00"], [45000, 1.5, 86400], "its times are given in seconds"),
    ],
)
def test_units_and_thousands_do_not_hide_numbers(
    texts: list[str], numbers: list[float], note: str
) -> None:
    frame = clean(pd.DataFrame({"x": texts}))
    assert frame["x"].tolist() == numbers
    assert frame.attrs["note"].get("x", "") == note


@pytest.mark.parametrize(
    "texts", [["1 mg", "2 g", "3 mg"], ["1a", "2a", "3a"], ["1:5", "6:10", "3:20"]]
)
def test_different_units_and_codes_stay_text(texts: list[str]) -> None:
    assert clean(pd.DataFrame({"x": texts}))["x"].tolist() == texts


def test_dates_that_do_not_parse_are_told() -> None:
    days = [f"2026-01-{day:02}" for day in range(1, 31)]
    (column,) = describe(pd.DataFrame({"when": [*days, "2026-13-45"]}))
    assert column.kind == "date"
    assert "1 of 31 entries is no date and counts as missing: '2026-13-45'" in column.note
    with pytest.raises(InputError, match=r"'when' mixes dates \(65 %\).*'2026-13-\d\d' in row 31"):
        describe(pd.DataFrame({"when": [*days, *(f"2026-13-{k:02}" for k in range(1, 17))]}))


def test_days_and_months_are_told_apart_where_they_can_be() -> None:
    assert clean(pd.DataFrame({"d": ["13/05/2026", "01/02/2026"]}))["d"].tolist() == [
        pd.Timestamp("2026-05-13"),
        pd.Timestamp("2026-02-01"),
    ]
    frame = clean(pd.DataFrame({"d": ["25/11/63", "29/10/99"]}))
    assert frame["d"].tolist() == [pd.Timestamp("2063-11-25"), pd.Timestamp("1999-10-29")]
    assert frame.attrs["note"]["d"] == "its years of two digits are read as 1969 to 2068"
    frame = clean(pd.DataFrame({"d": ["03/05/2026", "01/02/2026"]}))
    assert frame["d"].tolist() == [pd.Timestamp("2026-03-05"), pd.Timestamp("2026-01-02")]
    assert "month/day/year" in frame.attrs["note"]["d"]


def test_a_column_of_numbers_and_many_words_is_refused_in_a_sentence() -> None:
    values = [*range(60), *(f"word {n}" for n in range(40))]
    with pytest.raises(InputError, match=r"'x' mixes numbers \(60 %\).*'word 0' in row 61"):
        describe(pd.DataFrame({"x": values}))


def test_a_few_codes_some_of_them_numbers_are_categories() -> None:
    assert kind(["1", "2", "blue"] * 20) == "category"


def test_whole_numbers_and_codes_are_names_together() -> None:
    assert kind(["1", "2", "3b", "4c"] * 20) == "category"
    assert kind([*range(40), *(f"A{n}" for n in range(20))]) == "identifier"
    frame = clean(pd.DataFrame({"family": [*range(1, 100), "136A", "136A"]}))
    assert frame["family"].iloc[-1] == "136A"
    assert not frame.attrs["lost"]
    assert kind([*range(100), "1O1"]) == "number"


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinities_are_refused_with_column_and_row(value: float) -> None:
    with pytest.raises(InputError, match=r"'x' holds an infinite number in row 3 \(1 in all\)"):
        describe(pd.DataFrame({"x": [1.0, 2.0, value, 4.0]}))
    with pytest.raises(InputError, match="infinite number in row 2"):
        describe(read_table(pd.DataFrame({"x": ["1", str(value), "4"]})))


def test_a_time_orders_rows_by_numbers_or_seconds() -> None:
    frame = pd.DataFrame({"t": ["2026-01-02", "2026-01-01"], "n": [3, 1], "w": ["a", "b"]})
    assert moments(frame, "n").tolist() == [3, 1]
    assert np.diff(moments(frame, "t")).tolist() == [-86400]
    with pytest.raises(InputError, match="'w' holds neither numbers nor dates"):
        moments(frame, "w")
    with pytest.raises(InputError, match="no column of the table"):
        moments(frame, "tt")
    with pytest.raises(InputError, match="no time in 1 of 2, first in row 2"):
        moments(pd.DataFrame({"t": ["2026-01-02", None]}), "t")


def test_cleaning_twice_changes_nothing_and_keeps_what_was_said() -> None:
    frame = read_table(
        pd.DataFrame({"x": [*range(30), "bad"], "d": ["2026-01-01"] * 31, "t": ["a"] * 31})
    )
    again = clean(frame)
    pd.testing.assert_frame_equal(frame, again)
    assert again.attrs == frame.attrs


def test_a_million_categories_are_described_in_seconds() -> None:
    codes = RNG.integers(0, 10**6, 10**5)
    frame = pd.DataFrame({"x": [f"c{code}" for code in codes]})
    (column,) = describe(frame)
    assert column.kind == "category"
    assert column.distinct == len(np.unique(codes))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.binary()
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_cells_are_described_or_refused(values: list) -> None:
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    try:
        (column,) = describe(read_table(frame))
    except InputError:
        return
    assert column.kind in KINDS
    assert 0 <= column.missing <= 1
    assert column.distinct <= len(values)
