"""Alignments as runs: what the folder, the page and the command line promise."""

import json
import sys

import numpy as np
import pytest

import pearlite as pl
from pearlite import cli
from pearlite.errors import InputError
from pearlite.recipes.language import align_runs
from pearlite.recipes.language.align_functions import function

pytestmark = pytest.mark.usefixtures("one_thread")
QUICK = {"answers": 32, "quality": "fast", "device": "cpu"}
JUDGE = """
def much(prompt, answer):
    return answer.count("a") / 8

def nonsense(prompt, answer):
    return "much"
"""


@pytest.fixture(scope="module", autouse=True)
def _quickened():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(align_runs.QUALITIES, "fast", 0.16)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run that writes the letters a, b and c, pairs that prefer a, and a judge."""
    folder = tmp_path_factory.mktemp("align")
    random = np.random.default_rng(0)
    texts = {"".join(random.choice(list("abc"), random.integers(3, 8))) for _ in range(150)}
    (folder / "abc.txt").write_text("\n".join(sorted(texts)) + "\n")
    pl.fit(
        "language",
        folder / "abc.txt",
        out=folder / "writer",
        cut="line",
        context=16,
        width=32,
        depth=1,
        batch=8,
        steps=30,
        device="cpu",
    )
    ordered = sorted(texts, key=lambda text: (text.count("a") / len(text), text))
    half = len(ordered) // 2
    pairs = [
        {"prompt": "", "chosen": chosen, "rejected": rejected}
        for rejected, chosen in zip(ordered[:half], ordered[half:], strict=False)
    ]
    (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)))
    (folder / "judge.py").write_text(JUDGE)
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return align_runs.fit(
        folder / "pairs.jsonl",
        start=folder / "writer",
        out=folder / "aligned",
        truth=f"{folder / 'judge.py'}:much",
        valid=lambda prompt, answer: len(answer) > 0,
        force=True,
        **QUICK,
    )


@pytest.fixture
def pearlite(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pearlite", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    return call


def test_a_run_holds_the_model_the_judge_and_all_that_was_measured(run):
    made = {path.name for path in run.path.iterdir()}
    assert made >= {
        *("run.json", "model.safetensors", "model.json", "tokenizer.json", "split.json"),
        *("reward.safetensors", "test.json", "report.html"),
    }
    test = run.test
    assert set(test["after"]["means"]) == {"reward", "truth", "valid", "kl"}
    assert 0 < test["accuracy"]["low"] < test["accuracy"]["high"] <= 1
    assert test["history"][0]["kl"] == pytest.approx(0, abs=1e-5)
    assert run.summary()[0][0] == "of what it writes"


def test_the_page_shows_samples_numbers_and_what_the_reward_cost(run):
    page = run.page.read_text()
    for said in ("What it writes", "true measure", "What the reward cost", "before"):
        assert said in page


def test_an_aligned_run_opens_writes_and_reports_again(run):
    again = pl.load(run.path)
    again.page.unlink()
    assert again.report().is_file()
    assert again.apply("a", tokens=4).startswith("a")
    assert again.model is not None


def test_a_run_with_a_function_of_its_own_cannot_be_resumed(run):
    with pytest.raises(InputError, match="valid was a function"):
        run.resume()


def test_a_function_on_the_command_line_takes_the_place_of_pairs(folder, pearlite):
    judge = f"{folder / 'judge.py'}:much"
    out = folder / "judged"
    code, said, _ = pearlite(
        *("language", "--reward", judge, "--from", folder / "writer", "--out", out),
        *("--answers", 32, "--quality", "fast", "--json"),
    )
    facts = json.loads(said)
    assert code == 0
    assert facts["test"]["learned_from"] == judge
    assert facts["test"]["pairs"] == 0
    assert facts["test"]["after"]["means"]["kl"]["value"] > 0
    assert pl.load(out).resume().status == "done"


def test_pairs_teach_directly_on_the_command_line(folder, pearlite):
    code, said, _ = pearlite(
        *("language", "--prefer", folder / "pairs.jsonl", "--from", folder / "writer"),
        *("--method", "direct", "--out", folder / "direct", "--answers", 32, "--quality", "fast"),
    )
    assert code == 0
    assert "divergence" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--prefer", "pairs.jsonl"), "--from RUN"),
        (("--from", "writer", "--force"), "nothing to learn from"),
        (("abc.txt", "--prefer", "pairs.jsonl", "--from", "writer"), "leave out DATA"),
        (("--prefer", "pairs.jsonl", "--from", "writer", "--width", "8"), "takes no --width"),
        (("--reward", "judge.py:none", "--from", "writer"), "no function 'none'"),
        (("--reward", "judge.py", "--from", "writer"), "names no function"),
        (("--reward", "judge.py:nonsense", "--from", "writer"), "finite number"),
        (("--prefer", "abc.txt", "--from", "writer"), "line 1 of"),
        (("--prefer", "pairs.jsonl", "--from", "none"), "not a folder"),
    ],
)
def test_what_cannot_be_aligned_is_refused_in_a_sentence(
    folder, pearlite, monkeypatch, options, said
):
    monkeypatch.chdir(folder)
    code, _, error = pearlite("language", *options)
    assert code == 2
    assert said in " ".join(error.split())
    assert not (folder / "runs").exists()


def test_a_function_is_found_by_file_and_by_module(folder):
    assert function("math:sqrt")(4) == 2
    assert function(f"{folder / 'judge.py'}:much")("", "aa") == 0.25
    for wrong in ("none_such_module:x", "math:none", f"{folder / 'none.py'}:x", ":x"):
        with pytest.raises(InputError):
            function(wrong)
