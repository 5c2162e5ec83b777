import time

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.bootstrap import bootstrap
from pearlite.judge.scores import METRICS

MAE = METRICS["mae"]


def grouped(random, groups, rows):
    """Errors that are alike within a group: each group has its own size of error."""
    group = np.repeat(np.arange(groups), rows)
    error = np.abs(random.normal(1, 0.5, groups))[group] * random.normal(1, 0.1, len(group))
    return np.zeros(len(group)), error, group


def test_equal_seeds_give_equal_intervals():
    random = np.random.default_rng(0)
    truth, answer = random.normal(size=(2, 60))
    assert bootstrap(MAE, truth, answer, seed=3) == bootstrap(MAE, truth, answer, seed=3)
    assert bootstrap(MAE, truth, answer, seed=3) != bootstrap(MAE, truth, answer, seed=4)


def test_at_least_one_sample_is_drawn():
    with pytest.raises(InputError, match="draws is 0"):
        bootstrap(MAE, np.zeros(3), np.ones(3), draws=0)


def test_the_interval_of_a_mean_is_the_textbooks():
    random = np.random.default_rng(0)
    errors = random.uniform(0, 1, 400)
    got = bootstrap(MAE, np.zeros(400), errors)
    half = 1.966 * errors.std(ddof=1) / 20
    assert got.value == pytest.approx(errors.mean())
    assert (got.low, got.high) == pytest.approx(
        (errors.mean() - half, errors.mean() + half), abs=half / 10
    )
    assert got.units == 400
    assert not got.note


def test_groups_not_rows_are_resampled():
    truth, answer, group = grouped(np.random.default_rng(0), 30, 20)
    rows, groups = bootstrap(MAE, truth, answer), bootstrap(MAE, truth, answer, group=group)
    assert rows.value == groups.value
    assert groups.high - groups.low > 3 * (rows.high - rows.low)
    assert groups.units == 30


@pytest.mark.parametrize("groups", [5, 12, 40])
def test_the_interval_holds_the_true_value_in_about_95_percent(groups):
    random, hits, runs = np.random.default_rng(1), 0, 300
    for run in range(runs):
        truth, answer, group = grouped(random, groups, 4)
        got = bootstrap(MAE, truth, answer, group=group, draws=500, seed=run)
        hits += got.low <= 1.0085 <= got.high  # mean of |normal(1, 0.5)|
    assert 0.90 <= hits / runs <= 0.99


def test_few_groups_are_said_to_be_few():
    truth, answer, group = grouped(np.random.default_rng(0), 4, 10)
    got = bootstrap(MAE, truth, answer, group=group)
    assert "Only 4 groups" in got.note
    assert got.low > 0
    two = bootstrap(MAE, np.zeros(4), [1e-300, 1e-300, 1e300, 1e300], group=[0, 0, 1, 1])
    assert two.low <= two.value <= two.high


def test_one_group_tells_nothing():
    got = bootstrap(METRICS["accuracy"], [0, 1], [0, 0], group=["a", "a"])
    assert (got.value, got.low, got.high) == (0.5, 0, 1)
    assert "One group" in got.note


def test_all_right_is_no_proof_of_perfection():
    got = bootstrap(METRICS["accuracy"], [0, 1] * 15, [0, 1] * 15)
    assert got.value == got.high == 1
    assert got.low == pytest.approx(0.025 ** (1 / 30))  # Clopper & Pearson's, 30 of 30


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "median_ae", "max_error"])
def test_metrics_of_ranks_get_an_interval_too(name):
    random = np.random.default_rng(0)
    truth = random.integers(2, size=80)
    answer = np.clip(truth * 0.4 + random.uniform(0, 0.6, 80), 0, 1)
    metric = METRICS[name]
    got = bootstrap(metric, truth, answer, draws=300)
    assert got.value == metric(truth, answer)
    assert got.low < got.value <= got.high
    assert metric.lowest <= got.low
    assert got.high <= metric.highest


def test_groups_have_the_same_interval_as_weights_that_repeat_them():
    random = np.random.default_rng(0)
    truth, answer = random.normal(size=(2, 40))
    twice = bootstrap(MAE, np.repeat(truth, 2), np.repeat(answer, 2), group=np.arange(80) // 2)
    once = bootstrap(MAE, truth, answer, weight=np.full(40, 2.0))
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high))


@pytest.mark.parametrize("name", ["mae", "roc_auc"])
def test_large_tables_are_resampled_in_seconds(name):
    random = np.random.default_rng(0)
    truth = random.integers(2, size=20_000)
    answer = random.random(20_000)
    start = time.process_time()
    got = bootstrap(METRICS[name], truth, answer)
    assert time.process_time() - start < 20
    half = (got.high - got.low) / 2
    exact = {"mae": answer.std() / 20_000**0.5, "roc_auc": (1 / 12 * 4 / 20_000) ** 0.5}[name]
    assert half == pytest.approx(1.96 * exact, rel=0.15)


@pytest.mark.parametrize(
    ("group", "words"), [(["a"], "one label for each of 2"), (["a", None], "sample 1 is missing")]
)
def test_wrong_groups_are_named(group, words):
    with pytest.raises(InputError, match=words):
        bootstrap(MAE, [0.0, 1.0], [0.0, 1.0], group=group)
