import json

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.conformal import Conformal, ConformalClasses, Thresholds


def relatives(random, groups):
    """Truth and prediction whose error is shared within groups of 1 to 9 samples."""
    group = np.repeat(np.arange(groups), random.integers(1, 10, groups))
    shared = random.normal(0, 1, groups)[group]
    prediction = random.normal(size=len(group))
    return prediction + shared + random.normal(0, 0.3, len(group)), prediction, group


def coverage(conformal, truth, prediction, share, **scale):
    low, high = conformal.interval(prediction, share, **scale).T
    return ((truth >= low) & (truth <= high)).mean()


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_intervals_cover_unseen_groups_as_promised(share):
    random = np.random.default_rng(0)
    found = []
    for _ in range(100):
        seen, unseen = relatives(random, 40), relatives(random, 40)
        conformal = Conformal.calibrate(*seen[:2], group=seen[2])
        found.append(coverage(conformal, *unseen[:2], share))
    assert np.mean(found) == pytest.approx(share, abs=0.025)


def test_a_large_group_counts_as_one():
    truth = np.r_[np.full(900, 5.0), np.arange(100) / 100]
    group = np.r_[np.zeros(900, int), np.arange(1, 101)]
    by_group = Conformal.calibrate(truth, np.zeros(1000), group=group).interval([0.0], 0.9)
    by_row = Conformal.calibrate(truth, np.zeros(1000)).interval([0.0], 0.9)
    assert by_group.tolist() == [[-0.9, 0.9]]  # 91 of 101 groups
    assert by_row.tolist() == [[-5, 5]]


def test_the_quantile_allows_for_the_new_sample():
    conformal = Conformal.calibrate(np.arange(1.0, 20), np.zeros(19))
    assert conformal.interval([0.0], 0.9).tolist() == [[-18, 18]]  # 18 of 19 + 1
    assert conformal.interval([0.0], 0.95).tolist() == [[-19, 19]]


def test_too_few_groups_for_the_promise_are_said():
    conformal = Conformal.calibrate([1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    assert "75% at most, not 90%" in conformal.thresholds.sentence(0.9)
    assert conformal.interval([0.0], 0.9).tolist() == [[-3, 3]]
    assert not conformal.thresholds.sentence(0.7)


def test_difficult_samples_get_wide_intervals():
    random = np.random.default_rng(0)
    scale = random.uniform(0.1, 3, 4000)
    truth = random.normal(size=4000) * scale
    zero = np.zeros(2000)
    scaled = Conformal.calibrate(truth[:2000], zero, scale=scale[:2000])
    hard = scale[2000:] > 2
    for part in (hard, ~hard):
        new, size = truth[2000:][part], scale[2000:][part]
        assert coverage(scaled, new, zero[: len(new)], 0.9, scale=size) == pytest.approx(
            0.9, abs=0.03
        )
    plain = Conformal.calibrate(truth[:2000], zero)
    assert coverage(plain, truth[2000:][hard], zero[: hard.sum()], 0.9) < 0.8


@pytest.mark.parametrize("width", [0.1, 10])
def test_a_band_too_narrow_or_too_wide_is_mended(width):
    random = np.random.default_rng(0)
    truth = random.normal(size=4000)
    band = np.tile([-width, width], (2000, 1))
    conformal = Conformal.calibrate(truth[:2000], band)
    assert coverage(conformal, truth[2000:], band, 0.9) == pytest.approx(0.9, abs=0.02)
    low, high = conformal.interval([[0.5, 0.6]], 0.9)[0]
    assert low <= high


def test_sets_hold_the_true_class_as_often_as_promised():
    random = np.random.default_rng(0)
    shares = random.dirichlet([1, 1, 1, 1], 4000)
    sharp = shares**3 / (shares**3).sum(1, keepdims=True)  # too sure of itself
    truth = np.array([random.choice(4, p=row) for row in shares])
    conformal = ConformalClasses.calibrate(truth[:2000], sharp[:2000])
    sets = conformal.sets(sharp[2000:], 0.9)
    assert sets[np.arange(2000), truth[2000:]].mean() == pytest.approx(0.9, abs=0.02)
    assert sets.any(1).all()
    assert sets.sum(1).mean() < 4
    assert (conformal.sets(sharp[2000:], 0.3).sum(1) == 1).all()


def test_a_stored_calibration_gives_the_same_intervals():
    random = np.random.default_rng(0)
    truth, prediction, group = relatives(random, 1500)
    made = Conformal.calibrate(truth, prediction, group=group)
    text = json.dumps(made.thresholds.to_dict())
    again = Conformal(Thresholds.from_dict(json.loads(text)))
    for share in (0.5, 0.9, 0.99):
        assert np.array_equal(made.interval(prediction, share), again.interval(prediction, share))
    assert len(text) < 100_000


def test_thinning_promises_no_less():
    scores = np.random.default_rng(0).random(50_000)
    reach = Conformal.calibrate(scores, np.zeros(50_000)).thresholds.at(0.9)
    exact = np.sort(scores)[int(np.ceil(0.9 * 50_001)) - 1]
    assert exact <= reach < exact + 0.001


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Conformal.calibrate([1.0], [1.0]).interval([1.0], 90), "as 0.9"),
        (lambda: Conformal.calibrate([1.0, 2.0], [1.0]), "one length"),
        (lambda: Conformal.calibrate([1.0], [[0.0, 1.0, 2.0]]), "expected low and high"),
        (lambda: Conformal.calibrate([1.0], [1.0], scale=[0.0]), "1 positive numbers"),
        (lambda: Conformal.calibrate([1.0], [1.0], group=[None]), "is missing"),
        (lambda: Thresholds.from_dict({"scores": []}), "no stored calibration"),
        (lambda: Thresholds.from_dict({"scores": [], "shares": [], "units": 1}), "calibrate again"),
    ],
)
def test_wrong_input_to_calibration_is_named(call, words):
    with pytest.raises(InputError, match=words):
        call()
