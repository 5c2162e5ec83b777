import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.paired import compare
from pearlite.judge.scores import METRICS


@pytest.fixture
def noisy():
    random = np.random.default_rng(0)
    truth = random.normal(size=200)
    common = random.normal(size=200)
    return truth, truth + common, truth + common + random.normal(0.05, 0.05, 200) * common


def test_a_small_but_steady_gain_is_seen_in_pairs(noisy):
    truth, a, b = noisy
    got = compare(truth, a, b, METRICS["mae"], names=("forest", "ridge"))
    assert got.verdict == "better"
    assert got.difference.value < 0
    assert "forest is better" in got.sentence


def test_swapped_answers_swap_the_verdict(noisy):
    truth, a, b = noisy
    assert compare(truth, b, a, METRICS["mae"]).verdict == "worse"
    assert compare(truth, a, b, METRICS["r2"]).verdict == "better"


def test_a_tie_is_called_a_tie():
    random = np.random.default_rng(1)
    truth = random.normal(size=100)
    a, b = truth + random.normal(size=(2, 100))
    got = compare(truth, a, b, METRICS["mae"])
    assert got.verdict == "tie"
    assert got.difference.low < 0 < got.difference.high
    assert "a tie" in got.sentence


def test_a_gain_within_one_group_is_no_gain_elsewhere(noisy):
    truth, a, b = noisy
    got = compare(truth, a, b, METRICS["mae"], group=np.repeat(["x", "y"], 100))
    assert got.verdict == "tie"
    assert "Only 2 groups" in got.sentence


def test_equal_answers_are_a_tie(noisy):
    truth, a, _ = noisy
    assert compare(truth, a, a, METRICS["mae"]).verdict == "tie"


def test_equally_good_answers_are_seldom_told_apart():
    random, told = np.random.default_rng(2), 0
    for run in range(200):
        truth, a, b = random.normal(size=(3, 40))
        told += compare(truth, a, b, METRICS["mae"], draws=400, seed=run).verdict != "tie"
    assert told <= 20  # 5 % are expected


def test_coverage_has_no_better_end():
    with pytest.raises(InputError, match="none is better"):
        compare([1.0], [[0.0, 2.0]], [[0.0, 2.0]], METRICS["coverage"])
