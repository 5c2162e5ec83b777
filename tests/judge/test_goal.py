import numpy as np
import pandas as pd
import pytest

from pearlite.errors import InputError
from pearlite.judge.goal import read_truth


def target(values):
    return pd.Series(values, name="y")


@pytest.mark.parametrize(
    ("values", "goal"),
    [
        ([1.5, 2.5, 3.5] * 10, "regression"),
        (range(30), "regression"),
        ([0, 1, 2] * 10, "multiclass"),
        ([0, 1] * 10, "binary"),
        ([0, 1, 2] * 3, "regression"),
        ([True, False] * 10, "binary"),
        (["steel", "glass", "oxide"] * 10, "multiclass"),
    ],
)
def test_the_goal_follows_from_the_values(values, goal):
    assert read_truth(target(values)).goal == goal


def test_a_metric_decides_what_whole_numbers_are():
    counts = target([3, 4, 5] * 10)
    assert read_truth(counts, "mae").goal == "regression"
    assert read_truth(target(range(10)).repeat(2), "accuracy").goal == "multiclass"
    assert read_truth(counts, quantiles=(0.1, 0.9)).goal == "quantiles"
    assert "taken as classes" in read_truth(counts).note
    assert read_truth(counts, "accuracy").note == ""


def test_codes_stand_for_the_classes_in_their_order():
    truth = read_truth(target(["b", "a", "b", "c", "a", "c"]))
    assert truth.classes == ("a", "b", "c")
    np.testing.assert_array_equal(truth.values, [1, 0, 1, 2, 0, 2])
    np.testing.assert_array_equal(truth.labels, ["b", "a", "b", "c", "a", "c"])


@pytest.mark.parametrize(
    ("values", "options", "says"),
    [
        (["a", "b"] * 10, {"metric": "rmse"}, "rmse is for numbers"),
        (["a", "b"] * 10, {"quantiles": (0.5,)}, "quantiles are for numbers"),
        ([f"sample {n}" for n in range(50)], {}, "50 different classes in 50 rows"),
    ],
)
def test_a_target_that_cannot_be_is_told_in_a_sentence(values, options, says):
    with pytest.raises(InputError, match=says):
        read_truth(target(values), **options)
