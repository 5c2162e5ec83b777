import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from pearlite.errors import InputError
from pearlite.judge.importance import importance
from pearlite.judge.related import related_columns
from pearlite.judge.scores import METRICS


@pytest.fixture
def frame():
    random = np.random.default_rng(0)
    a, b, c = random.normal(size=(3, 300))
    return pd.DataFrame({"a": a, "twin": a + random.normal(0, 0.1, 300), "b": b, "noise": c})


def both(frame):
    """A model that draws on a and its twin alike, and a little on b."""
    return (frame["a"] + frame["twin"]) / 2 + 0.3 * frame["b"]


def test_twins_are_shuffled_together_and_come_first(frame):
    truth = both(frame)
    got = importance(both, frame, truth, METRICS["mae"], draws=200)
    assert [each.columns for each in got] == [("a", "twin"), ("b",), ("noise",)]
    assert got[0].loss.low > got[1].loss.high > got[1].loss.low > 0
    noise = got[2].loss
    assert noise.low <= 0 <= noise.high
    assert noise.value == 0
    assert got[0].name == "a, twin"


def test_a_twin_alone_would_seem_less_important(frame):
    together, alone = (
        importance(both, frame, both(frame), METRICS["rmse"], columns=[names], draws=50)[0]
        for names in (["a", "twin"], ["a"])
    )
    assert alone.loss.value < 0.6 * together.loss.value


def test_a_loss_is_positive_also_where_higher_is_better(frame):
    got = importance(both, frame, both(frame), METRICS["r2"], draws=50)
    assert got[0].columns == ("a", "twin")
    assert got[0].loss.value > 1


def test_probabilities_and_texts_work_as_well():
    frame = pd.DataFrame({"kind": ["x", "y"] * 50, "other": np.arange(100.0) % 7})

    def predict(frame):
        share = (frame["kind"] == "y").to_numpy(float) * 0.8 + 0.1
        return np.column_stack([1 - share, share])

    got = importance(predict, frame, [0, 1] * 50, METRICS["log_loss"], draws=50)
    assert got[0].columns == ("kind",)
    assert got[0].loss.low > 0


def test_related_samples_widen_the_interval(frame):
    frame = frame.iloc[np.repeat(np.arange(30), 10)]
    options = {"columns": [["a", "twin"]], "draws": 200}
    alone = importance(both, frame, both(frame), METRICS["mae"], **options)[0].loss
    group = np.repeat(np.arange(30), 10)
    grouped = importance(both, frame, both(frame), METRICS["mae"], group=group, **options)[0].loss
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_equal_seeds_give_equal_importance(frame):
    first, second = (
        importance(both, frame, both(frame), METRICS["mae"], draws=50, seed=1) for _ in range(2)
    )
    assert first == second


def test_columns_are_related_at_the_threshold(frame):
    correlation = abs(spearmanr(frame["a"], frame["twin"]).statistic)
    assert ("a", "twin") in related_columns(frame, correlation - 0.001)
    assert ("a",) in related_columns(frame, correlation + 0.001)


def test_categories_are_related_to_categories_and_numbers():
    random = np.random.default_rng(0)
    code = random.integers(4, size=400)
    frame = pd.DataFrame(
        {
            "letter": pd.Categorical(np.array(list("abcd"))[code]),
            "word": np.array(["one", "two", "three", "four"])[code],
            "number": code + random.normal(0, 0.1, 400),
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.permutation(400), "D"),
            "flag": random.random(400) < 0.5,
            "other": random.choice(list("abcdefghijklmnop"), 400),
            "many": [f"sample {n}" for n in range(400)],
            "constant": 1.0,
            "empty": np.nan,
        }
    )
    frame.loc[:5, "number"] = np.nan
    got = related_columns(frame)
    assert ("letter", "word", "number") in got
    assert [name for names in got for name in names if len(names) == 1] == [
        "day",
        "flag",
        "other",
        "many",
        "constant",
        "empty",
    ]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_tiny_tables_have_every_column_for_itself(rows):
    assert related_columns(pd.DataFrame({"a": range(rows), "b": range(rows)})) == [("a",), ("b",)]


def test_wrong_input_to_importance_is_named(frame):
    with pytest.raises(InputError, match="at least 2"):
        importance(both, frame[:1], [1.0], METRICS["mae"])
    with pytest.raises(InputError, match="no better end"):
        importance(both, frame, both(frame), METRICS["width"])
