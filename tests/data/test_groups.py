"""Which rows a declared group puts together."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.data.groups import group_columns, group_labels
from pearlite.data.names import known_column, known_columns
from pearlite.errors import InputError

TABLE = pd.DataFrame(
    {
        "Cement": [540.0, 540.0, 332.5, 332.5],
        "Water": [162, 162, 228, 162],
        "Age": [28, 90, 28, 90],
        "strength": [80.0, 86.0, 40.0, 44.0],
    }
)
INPUTS = TABLE.drop(columns="strength")


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("Cement", [0, 0, 1, 1]),
        ("Cement,Water", [0, 0, 1, 2]),
        (" Cement , Water ", [0, 0, 1, 2]),
        (["Cement", "Water"], [0, 0, 1, 2]),
        ("all but Age", [0, 0, 1, 2]),
        ("All but Age", [0, 0, 1, 2]),
        ("all but Age,Water", [0, 0, 1, 1]),
    ],
)
def test_rows_that_agree_in_the_named_columns_are_one_group(
    group: str | list[str], expected: list[int]
) -> None:
    for frame in (TABLE, INPUTS):
        labels = group_labels(frame, group, "strength")
        assert labels.dtype == np.int64
        assert labels.tolist() == expected


def test_a_name_with_a_comma_or_with_all_but_is_a_name_first() -> None:
    frame = pd.DataFrame({"site, east": [1, 1, 2], "all but a": [1, 2, 2], "a": [1, 2, 3]})
    assert group_labels(frame, "site, east", "a").tolist() == [0, 0, 1]
    assert group_columns(frame, "all but a", "y") == ["all but a"]


def test_missing_values_agree_and_so_do_texts_but_for_spaces() -> None:
    frame = pd.DataFrame({"batch": ["a", None, "a ", np.nan, "b"], "y": range(5)})
    assert group_labels(frame, "batch", "y").tolist() == [0, 1, 0, 1, 2]
    frame = pd.DataFrame({"batch": [1.0, np.nan, 1.0, np.nan], "y": range(4)})
    assert group_labels(frame, "batch", "y").tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("group", "why"),
    [
        ("cement", "did you mean 'Cement'"),
        ("mix", "it has 'Cement', 'Water', 'Age'"),
        ("strength", "target 'strength' cannot be a group"),
        ("Cement,strength", "target 'strength' cannot be a group"),
        ("all but age", "did you mean 'Age'"),
        ("all but Cement,Water,Age", "leaves no column"),
        ("all but Water", "no two rows agree"),
        ("", "no column is named"),
        ([], "no column is named"),
    ],
)
def test_a_group_that_cannot_be_is_refused_in_a_sentence(group: str | list[str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        group_labels(TABLE, group, "strength")


def test_rows_of_one_group_cannot_be_divided() -> None:
    with pytest.raises(InputError, match="all 3 rows are one group"):
        group_labels(pd.DataFrame({"a": [1, 1, 1], "y": [1, 2, 3]}), "a", "y")


def test_columns_are_found_by_name_and_named_once() -> None:
    assert known_column(TABLE, "Age") == "Age"
    assert known_columns(TABLE, "Age,Water,Age") == ["Age", "Water"]
    with pytest.raises(InputError, match="the target 'Agee' is no column of the table"):
        known_column(TABLE, "Agee", "target")


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 2), st.booleans()), min_size=1
    )
)
def test_labels_are_equal_exactly_where_all_columns_are(rows: list[tuple]) -> None:
    frame = pd.DataFrame(rows, columns=["p", "q", "r"])
    frame["y"] = np.arange(len(frame))
    if len(set(rows)) < 2:
        return
    labels = group_labels(frame, "p,q,r", "y")
    for one, first in zip(rows, labels, strict=True):
        for other, second in zip(rows, labels, strict=True):
            assert (one == other) == (first == second)
    assert list(dict.fromkeys(labels.tolist())) == list(range(len(set(rows))))


def test_thirty_columns_of_a_thousand_values_do_not_overflow() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{k}": rng.integers(0, 1000, 200_000) for k in range(30)})
    assert len(np.unique(group_labels(frame, [f"x{k}" for k in range(30)], "y"))) == 200_000
