"""Language runs: what `fit`, `resume`, `apply`, the page and the command line promise."""

import json
import re
import signal
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import pearlite as pl
from pearlite import cli
from pearlite.data.packed import Windows
from pearlite.recipes.language import samples
from pearlite.recipes.language.write import Manner
from pearlite.run import Stopped

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = {"context": 16, "width": 32, "depth": 1, "batch": 4, "steps": 8, "device": "cpu"}
WORDS = ["iron", "carbon", "steel", "cools", "slowly", "quickly", "to", "pearlite", "bainite"]


def text(lines, seed=0):
    random = np.random.default_rng(seed)
    return "".join(" ".join(random.choice(WORDS, 6)) + ".\n" for _ in range(lines))


@pytest.fixture(scope="module", autouse=True)
def _quickened():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "MANNER", Manner(tokens=12, seed=1))
        patch.setattr(samples, "LAST", Manner(tokens=20, count=2))
        yield


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "steel.txt"
    path.write_text(text(60))
    return path


@pytest.fixture(scope="module")
def run(corpus):
    return pl.fit("language", corpus, out=corpus.parent / "run", **{**SMALL, "steps": 40})


@pytest.fixture
def pearlite(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pearlite", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    return call


def test_a_run_holds_all_that_is_needed(run):
    made = {path.name for path in run.path.iterdir()}
    assert made >= {
        *("run.json", "model.safetensors", "model.json", "tokenizer.json", "split.json"),
        *("history.csv", "samples.txt", "test.json", "report.html", "attention.png"),
    }
    test = run.test
    own = test["metrics"]["bits_per_byte"]
    assert own["low"] < own["value"] < own["high"]
    assert set(test["baselines"]) >= {"unigram"}
    assert own["value"] < test["baselines"]["unigram"]["bits_per_byte"]["value"]
    assert test["measured"] == test["tokens"]["test"]
    assert test["looks"] == 1
    assert test["steps"] == 40
    assert "first seven tenths" in test["split"]
    assert "in the end, 2" in run.result


def test_the_page_shows_what_it_writes_and_what_surprises_it(run):
    page = run.page.read_text()
    for said in ("What it writes", "What surprises it", "Where it looks", "To keep in mind"):
        assert said in page
    assert len(re.findall(r'title="[\d.]+ bits; expected', page)) > 50
    assert "data:image/png" in page
    assert not re.search(r'(src|href)="http', page)
    before = run.page.read_text()
    assert pl.load(run.path).report().read_text() == before


def test_the_model_gives_logits(run):
    tokens_BT = torch.randint(5, 10, (2, 7), generator=torch.Generator().manual_seed(0))
    logits_BTV = pl.load(run.path).model(tokens_BT)
    assert logits_BTV.shape == (2, 7, run.test["vocabulary"])


def test_it_writes_on(run):
    said = run.apply("iron", tokens=30, seed=3)
    assert said.startswith("iron")
    assert len(said) == 34
    assert run.apply("iron", tokens=30, seed=3) == said
    assert run.apply("iron", tokens=30, seed=4) != said
    several = run.apply(["iron", "slowly to"], tokens=5, count=2)
    assert [[one[:4] for one in texts] for texts in several] == [["iron"] * 2, ["slow"] * 2]
    greedy = run.apply("iron", tokens=40, temperature=0)
    stopped = run.apply("iron", tokens=40, temperature=0, stop=greedy[10:12])
    assert stopped == greedy[: greedy.index(greedy[10:12], 4)]


def test_what_is_shown_is_what_is_returned(run):
    for stop in ((), ("\n",), (" cools", "e s")):
        shown = []
        said = run.apply("iron", tokens=60, stop=stop, show=shown.append)
        assert "".join(shown) == said
        assert not any(one in said for one in stop)


def test_texts_are_scored(run, corpus):
    likely = run.apply(text(3, seed=1), score=True)
    strange = run.apply("nrio nbrcoa lseet.\n" * 3, score=True)
    assert likely["bits_per_byte"] < strange["bits_per_byte"]
    assert likely["perplexity"] == pytest.approx(2 ** likely["bits_per_byte"])  # one byte a token
    table, page = run.apply([corpus], score=True, out=corpus.parent / "scored")
    head, line = table.read_text().splitlines()
    assert page.name == "steel.html"
    assert "bits; expected" in page.read_text()
    assert head == "file,bits_per_byte,perplexity,tokens,bytes"
    assert line.startswith("steel,")


def test_a_prompt_that_the_vocabulary_lacks_is_refused(run):
    with pytest.raises(pl.InputError, match="prompt has 'é', which the vocabulary lacks"):
        run.apply("iron é")
    with pytest.raises(pl.InputError, match="takes no 'temprature'"):
        run.apply("iron", temprature=1)


def test_an_interrupted_run_resumed_ends_where_a_whole_one_does(corpus, tmp_path, monkeypatch):
    whole = pl.fit("language", corpus, out=tmp_path / "whole", **SMALL)
    batch = Windows.__call__

    def interrupted(self, step):
        if step == 5:
            signal.raise_signal(signal.SIGINT)
        return batch(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(Windows, "__call__", interrupted)
        with pytest.raises(Stopped, match=r"pearlite language --resume .*broken"):
            pl.fit("language", corpus, out=tmp_path / "broken", **SMALL)
    run = pl.load(tmp_path / "broken")
    assert run.status == "stopped"
    run.resume()
    weights, again = (load_file(r.path / "model.safetensors") for r in (whole, run))
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert whole.result == run.result
    assert [r.test["metrics"] for r in (whole, run)] == [whole.test["metrics"]] * 2
    assert run.test["looks"] == 2  # the other run has looked at the same text


def test_hidden_tokens_are_filled_in(corpus, tmp_path):
    run = pl.fit("language", corpus, objective="masked", out=tmp_path / "r", **SMALL)
    assert set(run.test["metrics"]) == {"perplexity"}
    assert 0 <= run.test["right"] <= 1
    filled = run.apply("iro<|mask|> cools")
    assert re.fullmatch(r"iro.* cools", filled, flags=re.DOTALL)
    assert "filled in" in run.result
    with pytest.raises(pl.InputError, match=r"nothing is hidden in the text; write <\|mask\|>"):
        run.apply("iron cools")
    with pytest.raises(pl.InputError, match="the network sees 16"):
        run.apply("<|mask|>" + 20 * "iron ")


def test_documents_are_withheld_whole_and_copies_stay_together(tmp_path):
    said = [text(8, seed) for seed in range(12)]
    lines = [json.dumps({"body": one}) for one in [*said, said[3]]]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    run = pl.fit(
        *("language", tmp_path / "a.jsonl"),
        **{**SMALL, "field": "body", "model": "lstm", "tokeniser": "bpe", "vocabulary": 300},
        out=tmp_path / "run",
    )
    split = json.loads((run.path / "split.json").read_text())
    assert sum(len(split[part]) for part in ("train", "validation", "test")) == 13
    assert sum({3, 12} <= set(split[part]) for part in ("train", "validation", "test")) == 1
    assert any("1 documents have the words of an earlier one" in n for n in run.test["notes"])
    assert run.apply("iron cools", tokens=5).startswith("iron cools")
    assert not (run.path / "attention.png").exists()


def test_characters_that_only_the_withheld_text_has_are_counted(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(text(60) + "Größe über Maß\n")
    run = pl.fit("language", path, out=tmp_path / "run", **SMALL)
    assert any(re.match(r"\d+ of the .* unknown", note) for note in run.test["notes"])


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", {}, r"a\.txt is empty"),
        (b" \n\n ", {}, r"a\.txt is empty"),
        (b"only one line\n", {}, "holds one line of 14 characters"),
        (b"\x89PNG\0\0", {}, "is a binary file"),
        ("Stähle kühlen ab\n".encode("latin-1") * 99, {}, "no UTF-8 text: byte 3 is 0xe4"),
        (b"iron\ncarbon\n" * 20, {"context": 400}, "too few for a context of 400"),
        (b"iron\ncarbon\n" * 9, {"context": 8}, "test part of the text has 10 tokens, too few"),
        (b"iron\n" * 99, {"context": 2}, "context of 2 tokens is too short"),
        (b"iron\n" * 99, {"tokeniser": "words"}, "no tokeniser 'words'"),
        (b"iron\n" * 99, {"objective": "masked", "model": "rnn"}, "reads from left to right"),
        (b"iron\n" * 99, {"minutes": -1}, "minutes is -1"),
    ],
)
def test_what_cannot_be_learned_from_is_said_and_leaves_nothing(tmp_path, content, options, said):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(pl.InputError, match=said):
        pl.fit("language", tmp_path / "a.txt", out=tmp_path / "run", **{**SMALL, **options})
    assert not (tmp_path / "run").exists()


def test_the_command_line_writes_what_was_asked_for(pearlite, run, corpus, tmp_path):
    code, out, err = pearlite("apply", run.path, "--prompt", "iron", "--tokens", 5)
    assert (code, err) == (0, "")
    assert out.startswith("iron")
    code, out, _ = pearlite("apply", run.path, "--prompt", "iron", "--count", 2, "--json")
    assert len(json.loads(out)["result"]) == 2
    code, out, err = pearlite("apply", run.path)
    assert code == 2
    assert "--prompt" in err
    (tmp_path / "p.txt").write_text("slowly")
    code, out, _ = pearlite("apply", run.path, tmp_path / "p.txt", "--out", tmp_path / "said")
    assert code == 0
    assert (tmp_path / "said/p.txt").read_text().startswith("slowly")


def test_the_command_line_learns(pearlite, corpus, tmp_path):
    small = [part for name, value in SMALL.items() for part in (f"--{name}", value)]
    code, out, err = pearlite("language", corpus, *small, "--out", tmp_path / "r")
    assert (code, err) == (0, "")
    assert "bits per byte" in out
    assert str(tmp_path / "r" / "report.html") in out


def test_a_run_of_another_task_gives_no_model(tmp_path):
    run = pl.Run.create("denoise", {}, 0, [], tmp_path / "r")
    with pytest.raises(pl.InputError, match="gives no network"):
        _ = run.model
