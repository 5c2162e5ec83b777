import numpy as np
import pandas as pd
import pytest

from pearlite.errors import InputError
from pearlite.judge.dependence import dependence


@pytest.fixture
def frame():
    random = np.random.default_rng(0)
    a = random.uniform(-1, 1, 400)
    return pd.DataFrame(
        {
            "a": a,
            "twin": a + random.normal(0, 0.05, 400),
            "sign": random.choice([-1.0, 1.0], 400),
            "kind": random.choice(["x", "y"], 400, p=[0.7, 0.3]),
            "count": random.integers(0, 5, 400),
        }
    )


def slope(values, answers):
    return np.polyfit(values, answers, 1)[0]


def test_a_line_is_found(frame):
    got = dependence(lambda f: 3 * f["a"] + 1, frame, "a")
    assert np.allclose(got.mean, 3 * np.array(got.values) + 1)
    assert slope(got.values, got.local) == pytest.approx(3)
    assert np.allclose(got.low, got.mean)
    assert np.allclose(got.high, got.mean)
    assert len(got.values) == 20


def test_what_differs_from_sample_to_sample_shows_in_the_spread(frame):
    got = dependence(lambda f: f["a"] * f["sign"], frame, "a")
    assert abs(slope(got.values, got.mean)) < 0.2
    assert got.high[-1] - got.low[-1] > 1.5


def test_local_effects_do_not_ask_for_samples_that_cannot_be(frame):
    def wild(f):
        return f["a"] + 100 * (abs(f["a"] - f["twin"]) > 0.5)

    got = dependence(wild, frame, "a")
    assert slope(got.values, got.local) == pytest.approx(1)
    assert np.ptp(got.mean) > 10


def test_levels_come_by_frequency(frame):
    got = dependence(lambda f: (f["kind"] == "y") * 2.0, frame, "kind")
    assert got.values == ["x", "y"]
    assert got.mean.tolist() == [0, 2]
    assert got.local.size == 0


def test_few_whole_numbers_are_all_values(frame):
    got = dependence(lambda f: f["count"] ** 2.0, frame, "count")
    assert got.values == [0, 1, 2, 3, 4]
    assert got.mean.tolist() == [0, 1, 4, 9, 16]
    assert np.ptp(got.local) == pytest.approx(16)


def test_dates_are_followed_in_time(frame):
    frame["when"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(400), "D")
    got = dependence(lambda f: f["when"].dt.day_of_year * 1.0, frame.iloc[:300], "when")
    assert got.values == sorted(got.values)
    assert len(got.values) == 20
    assert (np.diff(got.mean) > 5).all()


def test_types_are_kept(frame):
    frame["kind"] = frame["kind"].astype("category")
    frame["when"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["count"], "D")
    frame["flag"] = frame["sign"] > 0
    kinds = frame.dtypes

    def predict(f):
        assert (f.dtypes == kinds).all()
        return f["a"]

    for column in ("kind", "when", "flag", "a"):
        dependence(predict, frame, column)


def test_missing_values_and_constants_are_borne(frame):
    frame.loc[:300, "a"] = np.nan
    got = dependence(lambda f: f["a"], frame, "a")
    assert np.isfinite(got.mean).all()
    frame["a"] = 1.0
    got = dependence(lambda f: f["a"], frame, "a")
    assert (got.values, got.mean.tolist(), got.local.size) == ([1.0], [1.0], 0)


def test_equal_seeds_give_equal_curves(frame):
    first, second = (
        dependence(lambda f: f["a"] * f["sign"], frame, "a", rows=50, seed=4) for _ in range(2)
    )
    assert np.array_equal(first.mean, second.mean)
    assert np.array_equal(first.local, second.local)


def test_wrong_columns_are_named(frame):
    with pytest.raises(InputError, match="no column 'b'"):
        dependence(lambda f: f["a"], frame, "b")
    frame["a"] = np.nan
    with pytest.raises(InputError, match="is empty"):
        dependence(lambda f: f["a"], frame, "a")
