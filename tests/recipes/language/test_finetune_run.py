"""Runs that go on from a network: of pearlite, or of a Hugging Face folder."""

import json
import sys

import numpy as np
import pytest
import torch

import pearlite as pl
from pearlite import cli
from pearlite.data.tokens import byte_pairs
from pearlite.nets.huggingface import read, write
from pearlite.nets.transformer import TransformerDecoder
from pearlite.recipes import export
from pearlite.recipes.language import samples
from pearlite.recipes.language.write import Manner

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = {"context": 32, "width": 32, "depth": 1, "batch": 8, "steps": 40, "device": "cpu"}
QUICK = {"steps": 12, "batch": 8, "device": "cpu", "rate": 1e-2}
WORDS = ["iron", "carbon", "steel", "cools", "slowly", "quickly", "to", "pearlite", "bainite"]


def text(lines, seed=0, words=WORDS):
    random = np.random.default_rng(seed)
    return "".join(" ".join(random.choice(words, 5)) + ".\n" for _ in range(lines))


@pytest.fixture(scope="module", autouse=True)
def _quickened():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "MANNER", Manner(tokens=8, seed=1))
        patch.setattr(samples, "LAST", Manner(tokens=8, count=1))
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("before")
    (folder / "steel.txt").write_text(text(120))
    return pl.fit("language", folder / "steel.txt", out=folder / "run", **SMALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A GPT-2 with random weights."""
    tokeniser = byte_pairs([text(50)], 280)
    network = TransformerDecoder(
        len(tokeniser),
        context=32,
        width=32,
        depth=1,
        positions="learned",
        mlp="gelu_tanh",
        tied=True,
        generator=torch.Generator().manual_seed(0),
    )
    return write(network, tmp_path_factory.mktemp("weights") / "gpt2", tokeniser)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "new.txt"
    path.write_text(text(120, 1, WORDS[:4]))
    return path


@pytest.fixture
def instructions(tmp_path):
    path = tmp_path / "asked.jsonl"
    random = np.random.default_rng(0)
    pairs = {(f"{a} {b}:", f" {b}") for a, b in random.choice(WORDS, (60, 2))}
    lines = [json.dumps({"prompt": p, "response": r}) for p, r in sorted(pairs)]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def pearlite(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pearlite", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    return call


def test_a_run_goes_on_from_another_and_is_compared_with_it(run, corpus):
    tuned = pl.fit("language", corpus, start=run.path, out=corpus.parent / "tuned", **QUICK)
    test = tuned.test
    assert (
        test["metrics"]["perplexity"]["value"]
        < (test["baselines"]["network before"]["perplexity"]["value"])
    )
    assert test["compared"]["network before"]["verdict"] == "better"
    assert test["loss_after"] < test["loss_before"]
    assert test["learning"] == test["weights"] == test["parameters"]
    assert (tuned.path / "tokenizer.json").read_bytes() == (
        run.path / "tokenizer.json"
    ).read_bytes()
    assert "network before" in tuned.page.read_text()
    assert tuned.apply("iron", tokens=5).startswith("iron")


def test_a_folder_of_weights_learns_answers_by_adaptors_and_goes_back(folder, instructions):
    transformers = pytest.importorskip("transformers")
    tuned = pl.fit(
        "language", instructions, start=folder, lora=2, out=instructions.parent / "tuned", **QUICK
    )
    test = tuned.test
    assert list(test["baselines"]) == ["network before"]
    assert (
        test["metrics"]["perplexity"]["value"]
        < (test["baselines"]["network before"]["perplexity"]["value"])
    )
    assert test["learning"] < test["weights"] == test["parameters"]
    assert any("% of the" in note or "weights learned" in note for note in test["notes"])
    assert "answers" in tuned.page.read_text()
    written = export(tuned.path, instructions.parent / "written")
    tokens_BT = torch.arange(20)[None]
    theirs = transformers.AutoModelForCausalLM.from_pretrained(written)(tokens_BT).logits
    torch.testing.assert_close(theirs, tuned.model(tokens_BT), atol=1e-4, rtol=0)
    assert "chat_template" in (written / "tokenizer_config.json").read_text()
    assert pl.load(written).tokens.encode("iron").tolist() == (
        pl.load(folder).tokens.encode("iron").tolist()
    )


@torch.no_grad()
def test_load_opens_a_folder_of_weights(folder):
    opened = pl.load(folder)
    tokens_BT = torch.from_numpy(opened.tokens.encode("iron cools"))[None]
    torch.testing.assert_close(opened.model(tokens_BT), read(folder)(tokens_BT))
    assert opened.apply("iron", tokens=4, temperature=0).startswith("iron")
    assert opened.apply("iron cools", score=True)["perplexity"] > 1


def test_the_command_line_goes_on_writes_for_others_and_opens_it(
    pearlite, run, instructions, folder
):
    out = instructions.parent / "tuned"
    options = ["--steps", 4, "--batch", 4, "--device", "cpu", "--json"]
    code, said, _ = pearlite(
        "language", instructions, "--from", folder, "--lora", 1, "--out", out, *options
    )
    assert code == 0
    assert json.loads(said)["test"]["learning"] > 0
    code, said, _ = pearlite("export", out, "--out", out.parent / "gpt2")
    assert (code, said.strip()) == (0, str(out.parent / "gpt2"))
    code, said, _ = pearlite("apply", out.parent / "gpt2", "--prompt", "iron", "--tokens", 3)
    assert code == 0
    assert said.startswith("iron")
    code, _, said = pearlite("export", run.path, "--out", out.parent / "other")
    assert code == 2
    assert "layer norms" in said
    code, _, said = pearlite("report", folder)
    assert code == 2
    assert "is not a run" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lora": 4}, "give --from"),
        ({}, "give --from"),
        ({"start": "nothing"}, "is not a folder"),
        ({"start": "run", "lora": 0}, "lora is 0"),
        ({"start": "run", "width": 64}, "leave out --width"),
        ({"start": "run", "context": 64}, "sees 32"),
        ({"start": "run", "context": 8}, "none of the .* instructions"),
    ],
)
def test_wrong_options_are_said_before_anything_is_learned(options, said, run, instructions):
    named = {"run": run.path}.get(options.get("start"), options.get("start"))
    options = options | ({"start": named} if named else {})
    with pytest.raises(pl.InputError, match=said):
        pl.fit("language", instructions, out=instructions.parent / "new", **options)
    assert not (instructions.parent / "new").exists()


def test_a_wrong_line_is_named(run, instructions):
    with instructions.open("a") as file:
        file.write('\n{"prompt": "iron"}\n')
    with pytest.raises(pl.InputError, match=r"line \d+ of .*has no 'response'"):
        pl.fit("language", instructions, start=run.path, out=instructions.parent / "new")
