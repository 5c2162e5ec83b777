"""The column that is predicted is parted from the others, or refused in one sentence."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pearlite.data.table import read_table, take_target
from pearlite.errors import InputError

PLAIN = pd.DataFrame(
    {"name": ["a", "b", "c"], "x": [1, 2, 3], "y": [0.5, np.nan, 2.5], "ok": [True, False, True]}
)


def test_the_target_is_parted_and_rows_without_it_are_counted() -> None:
    frame = read_table(PLAIN)
    inputs, target = take_target(frame, "y")
    assert inputs.to_dict("list") == {"name": ["a", "c"], "x": [1, 3], "ok": [True, True]}
    assert target.tolist() == [0.5, 2.5]
    assert inputs.attrs["notes"] == ["1 of 3 rows have no 'y' and were left out"]
    assert inputs.index.tolist() == target.index.tolist() == [0, 1]
    _, classes = take_target(frame, "name")
    assert classes.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([None] * 4, "missing in all 4 rows"),
        ([2.0, 2.0, None, 2.0], "is 2.0 in all 3 rows"),
        (["a"] * 4, "is a in all 4 rows"),
        ([1.0, np.inf, 2.0, -np.inf], "infinite in 2 rows, first in row 2"),
        ([1, 2, "x", "y"], "mixes numbers"),
        ([*range(30), "<0.1"], "count as missing|counts as missing: '<0.1' in row 31"),
        (pd.date_range("2026-01-01", periods=4), "holds dates"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused_in_a_sentence(values: Any, why: str) -> None:
    frame = read_table(pd.DataFrame({"x": range(len(values)), "y": values}))
    with pytest.raises(InputError, match=why):
        take_target(frame, "y")


def test_a_target_of_entries_that_say_unknown_loses_those_rows_only() -> None:
    frame = read_table(pd.DataFrame({"x": range(5), "y": ["1.5", "n.d.", "2", "?", "-"]}))
    inputs, target = take_target(frame, "y")
    assert target.tolist() == [1.5, 2.0]
    assert inputs.attrs["notes"] == ["3 of 5 rows have no 'y' and were left out"]


def test_a_target_that_is_not_there_is_refused_with_what_may_be_meant() -> None:
    frame = read_table(pd.DataFrame({"Yield strength": [1, 2], "x": [1, 2]}))
    with pytest.raises(InputError, match=r"'yield_strength' .* did you mean 'Yield strength'"):
        take_target(frame, "yield_strength")
    with pytest.raises(InputError, match="no column but the target"):
        take_target(frame.drop(columns="Yield strength"), "x")
    with pytest.raises(InputError, match="one row"):
        take_target(frame.head(1), "x")
