import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.baselines import dummy, simple
from pearlite.judge.scores import METRICS


def test_the_dummy_of_numbers_is_what_the_metric_likes_best():
    truth = [0.0, 1.0, 20.0]
    assert dummy("regression", truth, 2, metric="mae").tolist() == [1, 1]
    assert dummy("regression", truth, 2, metric="rmse").tolist() == [7, 7]
    assert dummy("regression", truth, 1, metric="mae", weight=[1, 1, 5]).tolist() == [20]


def test_the_dummy_of_classes_answers_their_shares():
    got = dummy("multiclass", [2, 2, 0, 2], 3, classes=4)
    assert got.tolist() == [[0.25, 0, 0.75, 0]] * 3


def test_the_dummy_of_quantiles_covers_the_training_part():
    truth = np.random.default_rng(0).normal(size=1000)
    got = dummy("quantiles", truth, 1000, quantiles=[0.05, 0.95])
    assert METRICS["coverage"](truth, got) == pytest.approx(0.9, abs=0.002)


def test_ridge_finds_the_line():
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 4))
    truth = x @ [1, 2, 0, -1] + random.normal(0, 0.1, 300)
    answer = simple("regression", x[:200], truth[:200], x[200:])
    assert METRICS["r2"](truth[200:], answer) > 0.99
    quantiles = simple("quantiles", x[:200], truth[:200], x[200:], quantiles=[0.05, 0.5, 0.95])
    assert METRICS["coverage"](truth[200:], quantiles) == pytest.approx(0.9, abs=0.08)


def test_ridge_stands_more_features_than_samples():
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 200))
    assert np.isfinite(simple("regression", x[:40], x[:40, 0], x[40:])).all()


@pytest.mark.parametrize("goal", ["binary", "multiclass"])
def test_logistic_finds_the_border(goal):
    random = np.random.default_rng(0)
    classes = 2 if goal == "binary" else 3
    x = random.normal(size=(400, 3))
    truth = x[:, :classes].argmax(1)
    answer = simple(goal, x[:300], truth[:300], x[300:], classes=classes)
    assert METRICS["accuracy"](truth[300:], answer) > 0.9


def test_classes_that_the_training_part_lacks_get_no_probability():
    x = np.random.default_rng(0).normal(size=(30, 2))
    answer = simple("multiclass", x, np.repeat([0, 2], 15), x, classes=4)
    assert answer.shape == (30, 4)
    assert not answer[:, [1, 3]].any()
    assert simple("binary", x, np.ones(30, int), x[:2], classes=2).tolist() == [[0, 1]] * 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: simple("regression", x * np.nan, np.ones(9), x), "x_train must be"),
        (lambda x: simple("regression", x, np.ones(8), x), r"expected \(N, F\)"),
        (lambda x: simple("regression", x, np.ones(9), x[:, :1]), r"expected \(N, F\)"),
    ],
)
def test_wrong_features_are_named(call, words):
    with pytest.raises(InputError, match=words):
        call(np.ones((9, 2)))
