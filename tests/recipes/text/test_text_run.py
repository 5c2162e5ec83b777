import json
import os
import shutil
import signal

import numpy as np
import pandas as pd
import pytest

import pearlite as pl
from pearlite.data.split import Split
from pearlite.recipes.text import candidates, network
from pearlite.recipes.text.settings import EFFORTS, Effort
from pearlite.run import Stopped

pytestmark = pytest.mark.usefixtures("one_thread")
TINY = Effort(context=32, vocabulary=300, width=16, depth=1, pretraining=1, passes=2)
GLASS = ["silica melt", "glassy network", "boron oxide", "quenched liquid"]
STEEL = ["pearlite lamellae", "carbon content", "rolled sheet", "ferrite grains"]
FILLER = [
    "the",
    "of",
    "a",
    "sample",
    "was",
    "measured",
    "and",
    "found",
    "in",
    "our",
    "work",
    "with",
    "new",
    "method",
    "at",
    "room",
]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def abstracts(count=60, seed=0):
    """Make texts of two subjects, of which every tenth tells nothing of its own."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        subject = number % 2
        said = [*random.choice(FILLER, 8), str(number), *random.choice(FILLER, 3)]
        if number % 10:
            said.insert(4, str(random.choice([GLASS, STEEL][subject])))
        rows.append({"title": f"No {number}", "abstract": " ".join(said), "subject": subject})
    table = pd.DataFrame(rows)
    table["subject"] = table["subject"].map({0: "glass", 1: "steel"})
    table["age"] = random.normal(50 + 20 * (table["subject"] == "steel"), 3).round(2)
    return table


def fitted(out, table=None, **options):
    given = {"text": "abstract", "target": "subject", "quality": "fast", "out": out} | options
    return pl.fit("text", abstracts() if table is None else table, **given)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    abstracts().to_csv(folder / "abstracts.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EFFORTS, "balanced", TINY)
        patch.setattr(network, "FEWEST", 4)
        fitted(folder / "run", folder / "abstracts.csv", quality="balanced")
    return folder


@pytest.fixture
def run(made, tmp_path):
    shutil.copytree(made / "run", tmp_path / "copy")
    return pl.load(tmp_path / "copy")


def test_every_model_is_tested_beside_the_others(run):
    models = run.test["models"]
    assert list(models) == ["dummy", "words", "characters", "lstm", "encoder"]
    for model in models.values():
        score = model["metrics"]["balanced_accuracy"]
        assert score["low"] <= score["value"] <= score["high"]
    chosen = run.test["chosen"]
    scores = {name: model["validation"] for name, model in models.items() if name != "dummy"}
    assert scores[chosen] == max(scores.values())
    assert all(("compared" in model) == (name != chosen) for name, model in models.items())


def test_the_report_says_first_who_won(run):
    page = run.page.read_text()
    sentence = run.test["sentence"]
    assert sentence.startswith(("The baseline won", "The LSTM won", "The encoder", "Nothing was"))
    assert page.index(sentence.split(":")[0]) < page.index("<img")
    assert "The words that decided" in page
    assert 'style="background:rgba(' in page


def test_the_predictions_are_of_the_rows_that_were_withheld(run):
    split = Split.load(run.path / "split.json")
    assert run.result["row"].tolist() == split.test.tolist()
    truth = abstracts().loc[run.result["row"], "subject"]
    assert run.result["truth"].tolist() == truth.tolist()
    np.testing.assert_allclose(run.result["p glass"] + run.result["p steel"], 1)
    right = (run.result["truth"] == run.result["prediction"]).mean()
    accuracy = run.test["models"][run.test["chosen"]]["metrics"]["accuracy"]["value"]
    assert right == pytest.approx(accuracy)


def test_a_saved_model_says_of_the_same_texts_the_same(run):
    texts = abstracts().loc[run.result["row"], "abstract"].tolist()
    again = run.apply(texts)
    np.testing.assert_allclose(again["p steel"], run.result["p steel"], rtol=1e-6)
    table = run.apply(abstracts().drop(columns="subject"))
    assert list(table)[:2] == ["title", "abstract"]
    np.testing.assert_allclose(table.loc[run.result["row"], "p steel"], run.result["p steel"])


def test_files_get_their_predictions_beside_their_own_columns(run):
    abstracts(6, seed=1).drop(columns="subject").to_csv("new.csv", index=False)
    (path,) = run.apply("new.csv")
    assert path == run.path / "applied" / "new.csv"
    assert list(pd.read_csv(path))[-3:] == ["prediction", "p glass", "p steel"]
    with pytest.raises(pl.InputError, match="exists already"):
        run.apply("new.csv")
    with pytest.raises(pl.InputError, match="did you mean 'abstrct'"):
        run.apply(pd.DataFrame({"abstrct": ["a", "b"], "x": [1.0, 2.0]}))


def test_no_file_of_a_run_is_a_pickle(run):
    endings = {path.suffix for path in run.path.rglob("*") if path.is_file()}
    assert endings <= {".json", ".safetensors", ".csv", ".html", ".md"}


def test_a_pretrained_encoder_is_taken_from_another_run(run, monkeypatch):
    monkeypatch.setitem(EFFORTS, "balanced", TINY)
    monkeypatch.setattr(network, "FEWEST", 4)
    monkeypatch.setattr(candidates, "pretrain", None)  # would fail if it was called
    other = fitted("other", abstracts(40, seed=2), quality="balanced", start=run.path)
    assert "encoder" in other.test["models"]
    with pytest.raises(pl.InputError, match="no encoder"):
        fitted("third", start="other")


def test_a_run_that_was_stopped_goes_on_and_ends_the_same(made, tmp_path, monkeypatch):
    monkeypatch.setitem(EFFORTS, "balanced", TINY)
    monkeypatch.setattr(network, "FEWEST", 4)
    teach = candidates.teach

    def stopped(network, *given, **options):
        if network.kind == "encoder":
            os.kill(os.getpid(), signal.SIGINT)
        return teach(network, *given, **options)

    monkeypatch.setattr(candidates, "teach", stopped)
    with pytest.raises(Stopped, match="pearlite text --resume run"):
        fitted("run", made / "abstracts.csv", quality="balanced")
    run = pl.load("run")
    assert run.status == "stopped"
    assert {path.name for path in (run.path / "models").iterdir()} >= {"words", "lstm"}
    monkeypatch.setattr(candidates, "fit_linear", None)  # would fail if it was called
    monkeypatch.setattr(candidates, "teach", teach)
    run.resume()
    assert run.status == "done"
    assert not (run.path / "state").exists()
    whole = json.loads((made / "run" / "test.json").read_text())
    for name, model in run.test["models"].items():
        assert model["metrics"] == whole["models"][name]["metrics"]


def test_numbers_come_with_intervals_that_hold(tmp_path):
    run = fitted("run", abstracts(200), target="age")
    test = run.test
    best = test["models"][test["chosen"]]["metrics"]["mae"]["value"]
    assert best < 0.7 * test["models"]["dummy"]["metrics"]["mae"]["value"]
    held = run.result["truth"].between(run.result["low"], run.result["high"]).mean()
    assert held == pytest.approx(test["coverage"]["value"])
    assert held > 0.7
    assert (run.apply(["silica melt", "ferrite grains"])["prediction"].diff()[1:] > 5).all()


@pytest.mark.slow
def test_copies_stay_together_whatever_their_punctuation():
    table = abstracts()
    again = table.assign(abstract=table["abstract"].str.upper().str.replace(" ", ", "))
    both = pd.concat([table, again], ignore_index=True)
    run = fitted("run", both)
    split = Split.load(run.path / "split.json")
    part = {row: name for name, rows in split.parts.items() for row in rows.tolist()}
    assert all(part[row] == part[row + len(table)] for row in range(len(table)))
    assert any(f["kind"] == "copies" for f in run.read_json("audit.json")["findings"])


@pytest.mark.slow
def test_a_group_is_in_one_part_and_the_latest_are_withheld():
    table = abstracts().assign(lab=np.arange(60) // 4, year=1960 + np.arange(60))
    run = fitted("grouped", table, group="lab")
    labs = [set(table["lab"][p]) for p in Split.load(run.path / "split.json").parts.values()]
    assert sum(map(len, labs)) == table["lab"].nunique()
    run = fitted("timed", table, time="year")
    assert run.result["row"].min() == 60 - len(run.result)


def test_the_words_that_decide_are_those_that_were_put_there(run):
    explained = run.read_json("explained.json")
    if run.test["chosen"] in ("words", "characters"):
        strongest = {
            side: {w["word"] for w in words} for side, words in explained["strongest"].items()
        }
        assert strongest["steel"] & set(" ".join(STEEL).split())
        assert strongest["glass"] & set(" ".join(GLASS).split())
    for shown in explained["texts"]:
        assert all(shown["text"][begin:end].split() for begin, end, _ in shown["words"])


def test_texts_without_labels_are_read_but_for_copies_of_labelled_ones(tmp_path):
    from pearlite.recipes.text.unlabelled import read_unlabelled

    (tmp_path / "more.txt").write_text("A first text.\n\nA second\none.\n\na first TEXT\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.txt").write_text("Third text here.\n\nStill the third.")
    abstracts(4).to_csv(tmp_path / "table.csv", index=False)
    known = abstracts(4)["abstract"].tolist()[:1]
    sources = [str(tmp_path / name) for name in ("more.txt", "folder", "table.csv")]
    texts = read_unlabelled(sources, ("abstract",), known)
    assert texts[:2] == ("A first text.", "A second\none.")
    assert texts[2] == "Third text here.\n\nStill the third."
    assert list(texts[3:]) == abstracts(4)["abstract"].tolist()[1:]
