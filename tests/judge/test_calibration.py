import json

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.calibration import reliability
from pearlite.judge.calibrator import Calibrator
from pearlite.judge.scores import METRICS


def drawn(count, classes=2, seed=0):
    """Perfect probabilities, and classes drawn from them."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(classes, 0.7), count)
    return np.array([random.choice(classes, p=row) for row in shares]), shares


def sharpened(shares, power):
    return shares**power / (shares**power).sum(1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 4])
def test_perfect_probabilities_are_trusted_mostly(classes):
    trusted = [reliability(*drawn(300, classes, s), draws=2).trusted for s in range(60)]
    assert np.mean(trusted) > 0.85  # 95 % are expected


@pytest.mark.parametrize("classes", [2, 4])
def test_probabilities_too_sure_of_themselves_are_not_trusted(classes):
    truth, shares = drawn(2000, classes)
    got = reliability(truth, sharpened(shares, 3), draws=200)
    assert not got.trusted
    assert got.error.low > got.by_chance
    assert "calibrate them" in got.sentence
    top = got.bins[-1]
    assert top.found.high < top.said


def test_bins_say_what_is_in_them():
    truth, shares = drawn(1000)
    got = reliability(truth, shares[:, 1], draws=50)
    assert sum(each.count for each in got.bins) == 1000
    assert len(got.bins) == 10
    assert [each.said for each in got.bins] == sorted(each.said for each in got.bins)
    held = [each.found.low <= each.said <= each.found.high for each in got.bins]
    assert sum(held) >= 8
    value = sum(each.count * abs(each.said - each.found.value) for each in got.bins) / 1000
    assert got.error.value == pytest.approx(value)


def test_constant_probabilities_make_one_bin():
    got = reliability([0, 1, 1, 1], np.full(4, 0.75), draws=50)
    assert len(got.bins) == 1
    assert got.error.value == 0


def test_related_samples_widen_the_interval():
    truth, shares = drawn(60)
    many = np.repeat(truth, 20), np.repeat(shares, 20, axis=0)
    alone = reliability(*many, draws=300).error
    grouped = reliability(*many, group=np.repeat(np.arange(60), 20), draws=300).error
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize("method", ["isotonic", "platt", None])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("power", [0.4, 3])
def test_mending_lowers_the_log_loss_on_new_samples(method, classes, power):
    truth, shares = drawn(4000, classes)
    bent = sharpened(shares, power)
    made = Calibrator.learn(truth[:2000], bent[:2000], method=method)
    mended = made.apply(bent[2000:])
    loss = METRICS["log_loss"]
    gained = loss(truth[2000:], bent[2000:]) - loss(truth[2000:], mended)
    possible = loss(truth[2000:], bent[2000:]) - loss(truth[2000:], shares[2000:])
    assert gained > 0.7 * possible
    assert np.allclose(mended.sum(1), 1)


def test_few_samples_do_not_make_it_much_worse():
    truth, shares = drawn(1040)
    made = Calibrator.learn(truth[:40], shares[:40])
    loss = METRICS["log_loss"]
    assert loss(truth[40:], made.apply(shares[40:])) < loss(truth[40:], shares[40:]) + 0.1


def test_a_stored_calibrator_mends_the_same():
    truth, shares = drawn(2000, 3)
    made = Calibrator.learn(truth, shares)
    again = Calibrator.from_dict(json.loads(json.dumps(made.to_dict())))
    assert np.array_equal(made.apply(shares), again.apply(shares))


def test_weights_count_samples():
    truth, shares = drawn(300)
    weight = np.random.default_rng(0).integers(1, 4, 300)
    weighted = Calibrator.learn(truth, shares, method="isotonic", weight=weight).apply(shares)
    repeated = Calibrator.learn(
        np.repeat(truth, weight), np.repeat(shares, weight, axis=0), method="isotonic"
    ).apply(shares)
    assert np.allclose(weighted, repeated)


def test_wrong_input_to_a_calibrator_is_named():
    truth, shares = drawn(30)
    with pytest.raises(InputError, match="isotonic, platt"):
        Calibrator.learn(truth, shares, method="beta")
    with pytest.raises(InputError, match="for 2 classes"):
        Calibrator.learn(truth, shares).apply(shares[:, :1])
