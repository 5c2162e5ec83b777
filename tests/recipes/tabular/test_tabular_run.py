import json
import os
import shutil
import signal

import numpy as np
import pandas as pd
import pytest

import pearlite as pl
from pearlite.data.split import Split
from pearlite.recipes.tabular import trials, work
from pearlite.run import Stopped


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _no_learning_curve(monkeypatch):
    monkeypatch.setattr("pearlite.recipes.tabular.explain.more_data", lambda *_: None)


quick = pytest.mark.usefixtures("_no_learning_curve")


def alloys(count=60, seed=0):
    """Make alloys that were each measured at four temperatures: copper hardens, heat softens."""
    random = np.random.default_rng(seed)
    melt = np.repeat(np.arange(count), 4)
    copper, tin = random.uniform(0, 1, (2, count))[:, melt]
    heat = np.tile([20.0, 200.0, 400.0, 600.0], count)
    batch = random.normal(0, 1, count)[melt]
    table = {"melt": [f"M{n:03d}" for n in melt], "copper": copper, "tin": tin, "heat": heat}
    hardness = 100 + 100 * copper - 0.05 * heat + 3 * batch + random.normal(0, 1, len(melt))
    return pd.DataFrame(table | {"hardness": hardness.round(3)})


def fitted(out, table=None, **options):
    given = {"target": "hardness", "quality": "fast", "workers": 1, "out": out} | options
    return pl.fit("tabular", alloys() if table is None else table, **given)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    alloys().to_csv(folder / "alloys.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "LEAST_EXPLAINING", 120.0)  # for machines that are busy
        fitted(folder / "run", folder / "alloys.csv", group="melt")
    return folder


@pytest.fixture
def run(made, tmp_path):
    shutil.copytree(made / "run", tmp_path / "copy")
    return pl.load(tmp_path / "copy")


def test_a_run_predicts_its_test_part_better_than_the_dummy(run):
    test = run.test
    mae = test["metrics"]["mae"]
    assert mae["low"] < mae["value"] < mae["high"]
    assert mae["value"] < 0.6 * test["baselines"]["dummy"]["mae"]["value"]
    assert test["compared"]["dummy"]["verdict"] == "better"
    assert len(run.result) == test["rows"]["test"]
    error = np.abs(run.result["truth"] - run.result["prediction"])
    assert error.mean() == pytest.approx(mae["value"])
    held = run.result["truth"].between(run.result["low"], run.result["high"]).mean()
    assert held == pytest.approx(test["coverage"]["value"])


def test_no_group_is_in_two_parts(run):
    melts = alloys()["melt"]
    parts = [set(melts[part]) for part in Split.load(run.path / "split.json").parts.values()]
    assert all(parts)
    assert sum(map(len, parts)) == melts.nunique()
    assert set(run.result["group"]) == parts[2]


def test_the_label_of_a_group_is_no_input(run):
    assert run.test["columns"] == 3
    assert any("'melt' only says which rows belong together" in n for n in run.test["notes"])


def test_the_truth_in_the_predictions_is_that_of_the_table(run):
    rows = alloys().loc[run.result["row"]]
    np.testing.assert_array_equal(rows["hardness"], run.result["truth"])
    np.testing.assert_array_equal(rows["melt"], run.result["group"])


def test_a_saved_model_says_of_the_same_rows_the_same(run):
    rows = alloys().loc[run.result["row"]].drop(columns=["melt", "hardness"])
    again = run.apply(rows)
    for name in ("prediction", "low", "high"):
        np.testing.assert_allclose(again[name], run.result[name], rtol=1e-9)


def test_new_files_get_their_predictions_beside_their_own_columns(run, tmp_path):
    alloys(5, seed=1).drop(columns="hardness").to_csv("new.csv", index=False)
    (path,) = run.apply("new.csv")
    assert path == run.path / "applied" / "new.csv"
    table = pd.read_csv(path)
    assert list(table)[:4] == ["melt", "copper", "tin", "heat"]
    assert list(table)[4:] == ["prediction", "low", "high", "outside_domain"]
    hardness = alloys(5, seed=1)["hardness"].to_numpy()
    assert np.abs(table["prediction"].to_numpy() - hardness).mean() < 0.6 * hardness.std()
    with pytest.raises(pl.InputError, match="exists already"):
        run.apply("new.csv")


def test_a_file_larger_than_memory_is_predicted_in_parts(run, tmp_path, monkeypatch):
    alloys().to_parquet("new.parquet", row_group_size=50)
    monkeypatch.setattr("pearlite.recipes.tabular.reuse.is_big", lambda _: True)
    (path,) = run.apply("new.parquet", tmp_path / "there")
    pd.testing.assert_frame_equal(pd.read_csv(path), run.apply(alloys()), check_dtype=False)


def test_what_was_never_seen_is_marked(run):
    new = alloys(5, seed=1)
    new.loc[3, "heat"] = 1e5
    outside = run.apply(new)["outside_domain"]
    assert outside[3]
    assert outside.mean() < 0.5


def test_a_new_table_without_a_column_is_told(run):
    with pytest.raises(pl.InputError, match="'copper'"):
        run.apply(alloys().drop(columns="copper"))


def test_the_folder_holds_all_that_is_needed(run):
    names = {path.name for path in run.path.iterdir()}
    assert names >= {
        "run.json",
        "model",
        "predictions.csv",
        "split.json",
        "test.json",
        "history.csv",
        "report.html",
        "card.md",
        "audit.json",
    }
    assert run.options["group"] == "melt"
    assert "looked at once" in (run.path / "card.md").read_text()


def test_the_page_says_what_was_measured(run):
    page = run.report().read_text()
    assert "hardness, predicted" in page
    assert page.count("data:image/png") >= 4
    assert "looked at once" in page
    for heading in ("In numbers", "What it leans on", "Would more rows help?", "To keep in mind"):
        assert heading in page


def test_what_matters_is_found_to_matter(run):
    found = run.read_json("explained.json")["importance"]
    loss = dict(zip(found["names"], found["loss"], strict=True))
    assert found["names"][0] == "copper"
    assert loss["copper"][1] > 0
    assert loss["tin"][0] < 0.2 * loss["copper"][0]


def test_a_finished_run_has_nothing_left_to_do(run):
    before = {p: p.stat().st_mtime_ns for p in (run.path / "model").iterdir()}
    result = run.result
    run.resume()
    assert {p: p.stat().st_mtime_ns for p in (run.path / "model").iterdir()} == before
    pd.testing.assert_frame_equal(run.result, result)
    assert run.test["looks"] == 1


@quick
def test_every_run_that_looks_at_the_same_test_part_is_counted(made, tmp_path):
    shutil.copytree(made, tmp_path / "all")
    second = fitted(tmp_path / "all" / "second", made / "alloys.csv", group="melt")
    assert second.test["looks"] == 2
    assert "looked at 2 times" in second.page.read_text()


@quick
def test_a_hidden_group_is_refused_with_what_it_costs_and_can_be_forced(tmp_path):
    table = alloys().drop(columns="melt")
    with pytest.raises(pl.Refused, match=r'--group "all but heat".*--force'):
        fitted("refused", table)
    assert not (tmp_path / "refused").exists()
    forced = fitted("forced", table, force=True)
    assert "--force was given although" in forced.page.read_text()


@quick
def test_all_but_declares_the_hidden_group(tmp_path):
    run = fitted("r", alloys().drop(columns="melt"), group="all but heat")
    assert run.test["groups"] == 60
    assert run.test["columns"] == 3


@pytest.mark.parametrize(
    ("options", "most"), [({}, 10 / 60), ({"minutes": 0.05}, 0.05)], ids=["fast", "with minutes"]
)
def test_explaining_takes_a_few_seconds_or_what_is_left(made, monkeypatch, options, most):
    given, explain = [], work.explain

    def noted(table, model, minutes, *rest):
        given.append(minutes)
        return explain(table, model, minutes, *rest)

    monkeypatch.setattr(work, "explain", noted)
    run = fitted("r", made / "alloys.csv", group="melt", **options)
    assert 0 <= given[0] <= most
    assert "importance" in run.read_json("explained.json")


def test_without_time_there_is_no_learning_curve(made, monkeypatch):
    monkeypatch.setattr(work, "LEAST_EXPLAINING", 0.0)
    run = fitted("r", made / "alloys.csv", group="melt")
    assert run.read_json("explained.json")["more_data"] is None


@quick
def test_ctrl_c_while_explaining_keeps_the_result_and_the_model(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(work, "explain", stop)
        with pytest.raises(Stopped, match="pearlite tabular --resume r"):
            fitted("r", group="melt")
    stopped = pl.load("r")
    assert stopped.status == "stopped"
    result, model = stopped.result, (stopped.path / "model/model.json").read_bytes()
    done = stopped.resume()
    assert done.status == "done"
    assert (done.path / "model/model.json").read_bytes() == model
    pd.testing.assert_frame_equal(done.result, result)
    assert "What it leans on" in done.page.read_text()


@quick
def test_ctrl_c_while_searching_keeps_the_finished_trials(made, run, monkeypatch):
    def interrupted_later(steps, *_, **__):
        for step in steps:
            if step == 4:  # of three folds a member
                os.kill(os.getpid(), signal.SIGINT)
            yield step

    with monkeypatch.context() as patch:
        patch.setattr(trials, "track", interrupted_later)
        with pytest.raises(Stopped, match="pearlite tabular --resume apart/r"):
            fitted("apart/r", made / "alloys.csv", group="melt")
    stopped = pl.load("apart/r")
    assert len(list((stopped.path / "state").iterdir())) == 1
    assert not (stopped.path / "test.json").exists()
    with pytest.raises(pl.InputError, match="no model yet: it is stopped"):
        stopped.apply(alloys(3))
    fitted_in_folds, fit = [], trials.Table.fit

    def counted(table, candidate, *args, **options):
        if options["number"] is not None:
            fitted_in_folds.append(candidate.name)
        return fit(table, candidate, *args, **options)

    monkeypatch.setattr(trials.Table, "fit", counted)
    done = stopped.resume()
    assert "LightGBM" not in fitted_in_folds
    assert "linear" in fitted_in_folds
    assert not (done.path / "state").exists()
    assert done.test["looks"] == 1
    pd.testing.assert_frame_equal(done.result, run.result)


def test_a_table_that_changed_cannot_be_resumed(run, made, monkeypatch):
    run.record["inputs"][0]["sha256"] = "0" * 64
    with pytest.raises(pl.InputError, match="has changed"):
        run.resume()


@quick
def test_classes_come_with_probabilities_and_their_reliability(tmp_path):
    table = alloys(60).drop(columns="melt").drop_duplicates("copper")
    table["phase"] = np.where(table["copper"] + table["tin"] > 1, "delta", "alpha")
    table = table.drop(columns="hardness")
    run = fitted("r", pd.concat([table] * 1), target="phase")
    shares = run.result[["p alpha", "p delta"]]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert set(run.result["prediction"]) <= {"alpha", "delta"}
    assert run.test["metrics"]["balanced_accuracy"]["value"] > 0.6
    assert run.test["baselines"].keys() == {"dummy", "logistic"}
    assert run.test["reliability"]["bins"]
    assert "Confusion matrix" in run.page.read_text()


def test_few_groups_make_a_run_without_what_they_cannot_tell(tmp_path):
    run = fitted("r", alloys(10), group="melt")
    assert "not known" in dict((row[0], row[2]) for row in run.summary())["mean absolute error"]
    assert run.read_json("explained.json")["more_data"] is None
    assert "Would more rows help?" not in run.page.read_text()


@quick
def test_quantiles_are_predicted_in_order(tmp_path):
    run = fitted("r", group="melt", quantiles=(0.9, 0.1, 0.5))
    names = ["quantile 0.1", "quantile 0.5", "quantile 0.9"]
    assert (np.diff(run.result[names]) >= 0).all()
    assert run.test["metrics"]["pinball"]["value"] > 0
    inside = run.result["truth"].between(run.result["low"], run.result["high"])
    assert run.test["coverage"]["value"] == pytest.approx(inside.mean())
    assert list(run.apply(alloys(3))[names].shape) == [12, 3]


@quick
def test_the_latest_rows_are_the_test_part(tmp_path):
    table = alloys(50).drop(columns="melt")[::4].reset_index(drop=True)
    table["day"] = pd.date_range("2026-01-01", periods=len(table))
    run = fitted("r", table.sample(frac=1, random_state=0), time="day", drop=["heat"])
    days = np.sort(table["day"])
    latest = table.set_index("day").loc[days[-len(run.result) :], "hardness"]
    np.testing.assert_array_equal(np.sort(run.result["truth"]), np.sort(latest))


@quick
def test_a_weight_of_zero_leaves_a_row_without_a_say(tmp_path):
    table = alloys(50).drop(columns="melt")[::4].reset_index(drop=True)
    table["trust"] = 1.0
    table.loc[::7, ["hardness", "trust"]] = [1e4, 0.0]
    run = fitted("r", table, weight="trust", drop=["heat"], force=True)
    assert run.result["prediction"].max() < 1000
    assert run.test["metrics"]["mae"]["value"] < 100
    assert run.test["columns"] == 2


def _part(facts):
    return facts["portfolio"]["blend"]["parts"][0]


TAMPERED = {
    "a file elsewhere": lambda facts: _part(facts).update(file="../../secret"),
    "an absolute file": lambda facts: _part(facts).update(file="/etc/passwd"),
    "another member": lambda facts: _part(facts)["candidate"].update(kind="os.system"),
    "another estimator": lambda facts: facts.update(estimator="Popen"),
    "other parameters": lambda facts: facts.update(parameters={"args": "ls"}),
    "no parameters": lambda facts: facts.update(parameters=None),
    "no parts": lambda facts: facts["portfolio"]["blend"].update(parts=7),
    "features of another kind": lambda facts: facts["portfolio"].update(features=[1, "x"]),
    "another format": lambda facts: facts.update(format=99),
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_model_is_refused(run, change):
    path = run.path / "model/model.json"
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))
    with pytest.raises(pl.InputError):
        run.apply(alloys(3))


def test_a_run_that_moved_still_predicts(run, tmp_path):
    before = run.apply(alloys(3))
    shutil.move(run.path, tmp_path / "elsewhere")
    pd.testing.assert_frame_equal(pl.load(tmp_path / "elsewhere").apply(alloys(3)), before)
