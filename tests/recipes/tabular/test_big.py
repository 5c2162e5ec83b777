"""Tables larger than memory: trained in bounded memory from Parquet, honestly divided."""

import shutil

import numpy as np
import pandas as pd
import pytest

from pearlite.data.disk import clear_unfinished
from pearlite.data.parquet import Parquet
from pearlite.data.part_rule import PartRule
from pearlite.errors import InputError
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.big import Limits, fit_big, is_big
from pearlite.recipes.tabular.big_table import BigTable
from pearlite.recipes.tabular.classifier import TabularClassifier
from pearlite.recipes.tabular.files import load
from pearlite.recipes.tabular.prepare import Settings
from pearlite.recipes.tabular.question import Question
from pearlite.recipes.tabular.regressor import TabularRegressor

ROWS, NOISE = 12_000, 0.5
INPUTS = ("a", "b", "c", "phase")
NUMBER = Question("y", INPUTS, Aim("regression", "mae"))
LIMITS = Limits(most=60)


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(ROWS, 3)).round(3), columns=list("abc"))
    frame["phase"] = random.choice(["fcc", "bcc", "hcp"], ROWS)
    signal = 3 * frame["a"] + frame["b"] ** 2 + 2 * (frame["phase"] == "fcc")
    frame["y"] = signal + NOISE * random.normal(size=ROWS)
    frame["warm"] = np.where(frame["y"] > 1, "yes", "no")
    frame["mix"] = np.arange(ROWS) // 40
    frame.loc[::50, "c"] = np.nan
    return frame


@pytest.fixture(scope="module")
def table(frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("big") / "t.parquet"
    frame.to_parquet(path, row_group_size=2500)
    return Parquet.open(path)


def fitted(table, question, model, folder, limits=LIMITS, rule=None):
    rule = rule or PartRule.learn(table, seed=0)
    rows = table.sample(6000, 0)
    notes = fit_big(table, rule, question, rows[rule.parts(rows) == 0], model, folder, limits)
    whole = pd.concat(table.batches())
    return model, whole[rule.parts(whole) == 2], notes


def test_it_predicts_rows_that_it_has_not_seen_and_says_how_surely(table, tmp_path):
    model, test, notes = fitted(table, NUMBER, TabularRegressor(), tmp_path)
    assert np.abs(model.predict(test[list(INPUTS)]) - test["y"]).mean() < 1.2 * NOISE * 0.8
    low, high = model.predict_interval(test[list(INPUTS)], 0.9).T
    assert 0.86 < ((low <= test["y"]) & (test["y"] <= high)).mean() < 0.94
    assert list(tmp_path.iterdir()) == []
    trained = (PartRule.learn(table, seed=0).parts(pd.concat(table.batches())) == 0).sum()
    assert f"{trained:,} of 12,000 rows trained" in notes[0]


def test_the_same_seed_gives_the_same_model_and_a_folder_gives_it_back(table, tmp_path):
    first, test, _ = fitted(table, NUMBER, TabularRegressor(seed=3), tmp_path)
    again, _, _ = fitted(table, NUMBER, TabularRegressor(seed=3), tmp_path)
    said = first.predict(test)
    assert np.array_equal(said, again.predict(test))
    loaded = load(first.save(tmp_path / "model"))
    assert np.array_equal(said, loaded.predict(test))
    assert np.array_equal(first.predict_interval(test), loaded.predict_interval(test))
    assert all(file.suffix in (".json", ".txt") for file in (tmp_path / "model").rglob("*.*"))


def test_the_test_part_is_never_read_into_a_bucket(frame, tmp_path):
    changed = frame.copy()
    table = Parquet.open(write(frame, tmp_path / "a.parquet"))
    rule = PartRule.learn(table)
    withheld = rule.parts(changed) == 2
    changed.loc[withheld, "y"] = np.inf
    changed.loc[withheld, "a"] = 1e9
    other = Parquet.open(write(changed, tmp_path / "b.parquet"))
    said = [
        fitted(one, NUMBER, TabularRegressor(), tmp_path, Limits(most=9))[0].predict(frame)
        for one in (table, other)
    ]
    assert np.array_equal(*said)


def write(frame, path):
    frame.to_parquet(path, row_group_size=2500)
    return path


def test_classes_get_probabilities_and_numbers_quantiles(table, tmp_path):
    aim = Aim("binary", "log_loss", 2)
    question = Question("warm", INPUTS, aim, ("no", "yes"))
    model, test, _ = fitted(table, question, TabularClassifier(metric="log_loss"), tmp_path)
    assert (model.predict(test) == test["warm"]).mean() > 0.85
    assert model.predict_proba(test).sum(axis=1) == pytest.approx(1)

    levels = (0.1, 0.5, 0.9)
    question = Question("y", INPUTS, Aim("quantiles", "pinball", levels=levels))
    model, test, _ = fitted(table, question, TabularRegressor(quantiles=levels), tmp_path)
    below = (test[["y"]].to_numpy() < model.predict_quantiles(test)).mean(axis=0)
    assert below == pytest.approx(levels, abs=0.06)


def test_more_than_two_classes(table, tmp_path):
    question = Question(
        "phase", ("a", "b", "y"), Aim("multiclass", "log_loss", 3), ("bcc", "fcc", "hcp")
    )
    model, test, _ = fitted(
        table, question, TabularClassifier(metric="log_loss"), tmp_path, Limits(most=30)
    )
    assert (model.predict(test) == test["phase"]).mean() > 0.55
    assert model.predict_proba(test).shape == (len(test), 3)


def test_rows_of_weight_zero_say_nothing(frame, tmp_path):
    spoilt = frame.assign(weight=1.0)
    spoilt.loc[::2, ["y", "weight"]] = [50.0, 0.0]
    table = Parquet.open(write(spoilt, tmp_path / "t.parquet"))
    question = Question("y", INPUTS, NUMBER.aim, weight="weight")
    model, test, _ = fitted(table, question, TabularRegressor(), tmp_path)
    test = test[test["weight"] > 0]
    assert np.abs(model.predict(test) - test["y"]).mean() < 1.3 * NOISE * 0.8


def test_rows_without_a_target_are_left_out_and_told(frame, tmp_path):
    gaps = frame.copy()
    gaps.loc[::10, "y"] = np.nan
    table = Parquet.open(write(gaps, tmp_path / "t.parquet"))
    _, _, notes = fitted(table, NUMBER, TabularRegressor(), tmp_path, Limits(most=6))
    assert "rows were left out: without y" in notes[1]


def test_where_memory_is_short_there_are_more_and_smaller_buckets(table, tmp_path):
    model, test, notes = fitted(
        table, NUMBER, TabularRegressor(), tmp_path, Limits(most=60, memory_gib=0.751)
    )
    assert "in 2 random parts" in notes[0]
    assert {visit["bucket"] for visit in model.portfolio_.history} == {0, 1}
    assert np.abs(model.predict(test) - test["y"]).mean() < 1.4 * NOISE * 0.8


def test_time_ends_it_with_the_trees_there_are(table, tmp_path):
    model, _, notes = fitted(table, NUMBER, TabularRegressor(), tmp_path, Limits(seconds=1e-3))
    assert "Stopped early (minutes)" in notes[1]
    assert model.portfolio_.stopped == "minutes"
    assert model.portfolio_.history[-1]["trees"] == 1


def test_what_is_not_like_the_sample_is_refused_with_its_row(frame, tmp_path):
    sample = frame[:3000]
    rule = PartRule()
    row = int(np.flatnonzero(rule.parts(frame) == 0)[-1])
    for column, value, said in (("y", np.inf, "target 'y' is infinite"), ("w", -1.0, "weight 'w'")):
        question = Question("y", INPUTS, NUMBER.aim, weight="w")
        changed = frame.assign(w=1.0)
        changed.loc[row, column] = value
        table = Parquet.open(write(changed, tmp_path / "t.parquet"))
        with pytest.raises(InputError, match=f"{said}.* in row {row + 1}"):
            fit_big(
                table, rule, question, sample.assign(w=1.0), TabularRegressor(), tmp_path, LIMITS
            )
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_too_little_memory_or_disk_is_said_before_the_work(table, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="too little for"):
        fitted(table, NUMBER, TabularRegressor(), tmp_path, Limits(memory_gib=0.5))
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(InputError, match="choose an --out on a larger disk"):
        fitted(table, NUMBER, TabularRegressor(), tmp_path)


@pytest.mark.slow
def test_a_run_audits_a_sample_and_withholds_whole_groups(table, frame, tmp_path):
    settings = Settings("y", group="mix", drop=("warm",))
    big = BigTable.open(table.source, settings)
    prepared = big.prepare(settings, "t.parquet")
    parts = [
        set(frame["mix"][prepared.inputs.index[part]]) for part in prepared.split.parts.values()
    ]
    assert sum(map(len, parts)) == frame["mix"].nunique()
    model, notes = big.fit(prepared, settings, tmp_path, minutes=None)
    test = prepared.split.test
    errors = model.predict(prepared.inputs.iloc[test]) - prepared.truth.values[test]
    assert np.abs(errors).mean() < 1.2 * NOISE * 0.8
    assert "trained" in notes[0]
    assert any("were audited" in note for note in prepared.notes)


def test_only_parquet_with_many_rows_goes_this_way(table, frame, monkeypatch):
    assert not is_big(frame)
    assert not is_big("t.csv")
    assert not is_big(table.source)
    monkeypatch.setattr("pearlite.recipes.tabular.big.MANY_ROWS", ROWS - 1)
    assert is_big(table.source)


def test_what_a_killed_fit_left_on_disk_can_be_cleared(table, tmp_path, monkeypatch):
    def killed(*_, **__):
        shutil.copytree(tmp_path, tmp_path.with_name("killed"))
        raise KeyboardInterrupt

    monkeypatch.setattr("pearlite.recipes.tabular.big.Growing", killed)
    with pytest.raises(KeyboardInterrupt):
        fitted(table, NUMBER, TabularRegressor(), tmp_path)
    left = tmp_path.with_name("killed")
    assert len(list(left.iterdir())) == 1
    clear_unfinished(left)
    assert list(left.iterdir()) == []
