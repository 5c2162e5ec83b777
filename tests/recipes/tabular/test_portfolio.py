"""The portfolio: what it promises about folds, blends, spikes, budgets, decisions and files."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pearlite.errors import InputError
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.blend import shares
from pearlite.recipes.tabular.decision import factors
from pearlite.recipes.tabular.folds import withheld_in_turn
from pearlite.recipes.tabular.portfolio import Portfolio
from pearlite.recipes.tabular.spike import Errors, Spike, together

MAE, RMSE = Aim("regression", "mae"), Aim("regression", "rmse")
BALANCED = Aim("binary", "balanced_accuracy", 2)


def mixes(count: int = 120, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.uniform(0.1, 1, (count, 3)), columns=["cement", "water", "sand"])
    ratio = (frame.water / frame.cement).to_numpy()
    return frame, 50 * np.exp(-ratio) + random.normal(size=count)


def fast(frame: pd.DataFrame, y: np.ndarray, aim: Aim, **options) -> Portfolio:
    return Portfolio.fit(frame, y, aim, quality="fast", **options)


def test_the_blend_is_better_than_a_constant_and_its_shares_are_one() -> None:
    frame, y = mixes()
    portfolio = fast(frame.iloc[:90], y[:90], MAE)
    answer = portfolio.predict(frame.iloc[90:])
    assert answer.shape == (30, 1)
    assert np.abs(answer[:, 0] - y[90:]).mean() < 0.4 * np.abs(y[90:] - np.median(y[:90])).mean()
    assert sum(portfolio.weights.values()) == pytest.approx(1)
    assert list(portfolio.weights.values()) == sorted(portfolio.weights.values(), reverse=True)
    assert {row["member"] for row in portfolio.history} >= set(portfolio.weights)
    assert portfolio.stopped == ""


def test_answers_out_of_fold_are_worse_than_answers_for_known_rows() -> None:
    frame, y = mixes()
    portfolio = fast(frame, y, MAE)
    assert set(portfolio.folds) == {0, 1, 2}
    unseen = np.abs(portfolio.out_of_fold[:, 0] - y).mean()
    assert unseen > np.abs(portfolio.predict(frame)[:, 0] - y).mean()


@pytest.mark.parametrize(
    "aim",
    [MAE, RMSE, Aim("quantiles", "pinball", levels=(0.1, 0.5, 0.9)), BALANCED,
     Aim("multiclass", "log_loss", 3)],
    ids=lambda aim: aim.goal + aim.metric,
)  # fmt: skip
def test_a_saved_portfolio_answers_the_same(aim: Aim, tmp_path: Path) -> None:
    frame, y = mixes(90)
    if aim.of_classes:
        y = np.digitize(y, np.quantile(y, np.arange(1, aim.classes) / aim.classes))
    portfolio = fast(frame, y, aim)
    facts = json.loads(json.dumps(portfolio.save(tmp_path)))
    again = Portfolio.load(tmp_path, facts)
    answer = portfolio.predict(frame)
    assert answer.shape == (90, aim.outputs)
    np.testing.assert_array_equal(again.predict(frame), answer)
    if aim.of_classes:
        np.testing.assert_allclose(answer.sum(axis=1), 1)
        np.testing.assert_array_equal(again.decide(answer), portfolio.decide(answer))
    next(tmp_path.iterdir()).unlink()
    with pytest.raises(InputError):
        Portfolio.load(tmp_path, facts)


def gaps(count: int = 300) -> tuple[pd.DataFrame, np.ndarray]:
    """Zero for half of the rows, as band gaps are, and spread out for the others."""
    random = np.random.default_rng(2)
    frame = pd.DataFrame(random.normal(size=(count, 3)), columns=list("abc"))
    amount = np.exp(0.8 * frame.b.to_numpy() + 0.2 * random.normal(size=count))
    return frame, np.where(frame.a + 0.3 * random.normal(size=count) > 0, amount, 0.0)


def test_a_target_that_is_often_zero_is_asked_two_questions(tmp_path: Path) -> None:
    frame, y = gaps()
    portfolio = fast(frame.iloc[:200], y[:200], MAE)
    scores = {row["member"]: row["score"] for row in portfolio.history}
    assert min(scores, key=lambda name: scores[name]) == "whether, then how much"
    answer = portfolio.predict(frame.iloc[200:])
    again = Portfolio.load(tmp_path, json.loads(json.dumps(portfolio.save(tmp_path))))
    np.testing.assert_array_equal(again.predict(frame.iloc[200:]), answer)


def test_the_median_of_a_mixture_is_that_of_its_draws() -> None:
    random = np.random.default_rng(0)
    draws = np.exp(random.normal(size=200_000))
    errors = Errors.learn(draws, np.ones_like(draws), ratio=True)
    for spike in (Spike(0.0, True, True), Spike(9.0, False, True)):
        for presence in (0.3, 0.6, 0.8, 1.0):
            mixed = np.where(random.random(len(draws)) < presence, draws.clip(max=9), spike.value)
            found = together(spike, errors, np.array([presence]), np.ones(1), MAE)
            assert found[0, 0] == pytest.approx(np.median(mixed), abs=0.05)


@pytest.mark.parametrize("kind", ["spread", "few values", "in the middle"])
def test_other_targets_have_no_spike(kind: str) -> None:
    random = np.random.default_rng(0)
    y = {
        "spread": random.normal(size=300),
        "few values": random.integers(0, 4, 300).astype(float),
        "in the middle": np.where(random.random(300) < 0.5, 0.0, random.normal(size=300)),
    }[kind]
    assert Spike.find(y, MAE) is None


def test_a_group_is_never_learned_from_and_withheld() -> None:
    group = np.repeat(np.arange(12), 5)
    for aim, y in ((MAE, np.arange(60.0)), (BALANCED, np.arange(60) % 2)):
        folds = withheld_in_turn(y, aim, 5, group=group)
        assert len(folds) == 5
        for learn, withheld in folds:
            assert not set(group[learn]) & set(group[withheld])
        assert sorted(np.concatenate([withheld for _, withheld in folds])) == list(range(60))


def test_with_a_time_what_is_withheld_comes_later() -> None:
    random = np.random.default_rng(0)
    time_N, group = random.permutation(60) // 2, random.integers(0, 20, 60)
    for given in (None, group):
        folds = withheld_in_turn(np.zeros(60), MAE, 4, time=time_N, group=given)
        assert len(folds) == 4
        for learn, withheld in folds:
            assert time_N[learn].max() < time_N[withheld].min()
            assert given is None or not set(group[learn]) & set(group[withheld])
    portfolio = fast(*mixes(60), MAE, time=np.arange(60))
    early = portfolio.folds < 0
    assert early[:10].all()
    assert not early[-10:].any()
    assert np.isnan(portfolio.out_of_fold[early]).all()
    assert np.isfinite(portfolio.out_of_fold[~early]).all()


@pytest.mark.parametrize("options", [{"group": np.zeros(9, int)}, {"time": np.zeros(9)}])
def test_one_group_or_one_time_cannot_be_divided(options: dict) -> None:
    with pytest.raises(InputError):
        withheld_in_turn(np.arange(9.0), MAE, 3, **options)


def test_shares_find_the_mixture_that_the_truth_is() -> None:
    random = np.random.default_rng(0)
    members = [random.normal(size=(200, 1)) for _ in range(4)]
    truth = 0.7 * members[0] + 0.3 * members[2]
    for aim in (MAE, RMSE):
        np.testing.assert_allclose(shares(members, truth, None, aim), [0.7, 0, 0.3, 0], atol=1e-3)


def test_absolute_errors_are_not_led_astray_by_outliers() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=(300, 1))
    good, wild = truth + 0.1 * random.normal(size=(300, 1)), truth.copy()
    wild[:150] += random.normal(size=(150, 1))
    good[:5] += 30
    absolute = shares([good, wild], truth, None, MAE)
    squares = shares([good, wild], truth, None, RMSE)
    assert absolute[0] > squares[0]


def test_rare_classes_are_decided_for_where_the_metric_counts_classes_alike() -> None:
    random = np.random.default_rng(0)
    probability = random.beta(0.5, 4, 4000)
    truth = (random.random(4000) < probability).astype(np.int64)
    both = np.column_stack([1 - probability, probability])
    found = factors(both, truth, None, BALANCED)
    threshold = found[0] / found.sum()
    assert truth.mean() * 0.6 < threshold < truth.mean() * 1.6
    np.testing.assert_array_equal(factors(both, truth, None, Aim("binary", "accuracy", 2)), 1)


def test_a_class_too_rare_for_some_folds_is_no_problem() -> None:
    frame, y = mixes(60)
    codes = np.digitize(y, [np.median(y)])
    codes[0] = 2
    answer = fast(frame, codes, Aim("multiclass", "log_loss", 3)).predict(frame)
    np.testing.assert_allclose(answer.sum(axis=1), 1)


def test_one_member_is_finished_however_short_the_time() -> None:
    frame, y = mixes()
    portfolio = Portfolio.fit(frame, y, MAE, minutes=1e-6)
    assert portfolio.stopped == "minutes"
    assert len(portfolio.weights) == 1
    assert np.isfinite(portfolio.predict(frame)).all()


def test_what_is_fitted_to_all_rows_is_no_larger_than_what_was_judged() -> None:
    frame, y = mixes()
    portfolio = Portfolio.fit(frame, y, MAE, minutes=1e-6)
    assert list(portfolio.weights) == ["LightGBM"]
    assert portfolio.blend.parts[0][1].member.boosters[0].num_trees() == 1


def test_trials_are_kept_for_the_same_data_only(tmp_path: Path) -> None:
    frame, y = mixes(80)
    first = fast(frame, y, MAE, state=tmp_path / "state")
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "state").iterdir()}
    again = fast(frame, y, MAE, state=tmp_path / "state")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "state").iterdir()} == files
    np.testing.assert_array_equal(again.out_of_fold, first.out_of_fold)
    np.testing.assert_array_equal(again.predict(frame), first.predict(frame))
    for changed in ((frame, y + 1), (frame + 0.1, y)):
        kept = fast(*changed, MAE, state=tmp_path / "state")
        np.testing.assert_array_equal(kept.out_of_fold, fast(*changed, MAE).out_of_fold)
        assert not np.array_equal(kept.out_of_fold, first.out_of_fold)


def test_a_damaged_kept_trial_is_tried_again(tmp_path: Path) -> None:
    frame, y = mixes(80)
    first = fast(frame, y, MAE, state=tmp_path / "state")
    for path in (tmp_path / "state").iterdir():
        path.write_bytes(path.read_bytes()[:50])
    again = fast(frame, y, MAE, state=tmp_path / "state")
    np.testing.assert_array_equal(again.out_of_fold, first.out_of_fold)


def test_after_control_c_the_finished_members_are_blended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted_later(steps: range, *_: object, **__: object) -> Iterator[int]:
        for step in steps:
            if step == 4:  # of three folds a member
                os.kill(os.getpid(), signal.SIGINT)
            yield step

    monkeypatch.setattr("pearlite.recipes.tabular.trials.track", interrupted_later)
    frame, y = mixes()
    portfolio = fast(frame, y, MAE)
    assert portfolio.stopped == "interrupt"
    assert len(portfolio.weights) == 1
    assert np.isfinite(portfolio.predict(frame)).all()


def test_the_same_seed_gives_the_same_answers() -> None:
    frame, y = mixes(80)
    one, two = (fast(frame, y, MAE, seed=4).predict(frame) for _ in range(2))
    np.testing.assert_array_equal(one, two)
