"""What is typed: bad input is one sentence and the right exit code, whatever is wrong with it."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from pearlite import cli


@pytest.fixture
def pearlite(monkeypatch, capsys, tmp_path):
    """Run the command line in an empty folder; return its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pearlite", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    return call


def table(count=40):
    random = np.random.default_rng(0)
    words = [
        "alloy",
        "glass",
        "steel",
        "oxide",
        "grain",
        "phase",
        "heat",
        "melt",
        "cold",
        "rolled",
        "slow",
        "fast",
    ]
    said = [" ".join(random.choice(words, 9)) for _ in range(count)]
    return pd.DataFrame({"said": said, "n": random.normal(size=count), "kind": ["a", "b"] * 20})


def text(frame=None):
    return (table() if frame is None else frame).to_csv(index=False)


BAD = {
    "empty file": (b"", "is empty"),
    "no such column": (text(table().rename(columns={"said": "sayd"})), "did you mean 'sayd'"),
    "no such target": (text(table().rename(columns={"kind": "kin"})), "did you mean 'kin'"),
    "empty texts": (text(table().assign(said="")), "is empty in all 40 rows"),
    "one class": (text(table().assign(kind="a")), "nothing to learn"),
    "a class a row": (text(table().assign(kind=[f"k{n}" for n in range(40)])), "different classes"),
    "numbers as texts": (text(table().assign(said=np.arange(40))), "holds numbers such as 0"),
    "few rows": (text(table()[:8]), "at least 20"),
    "undecodable": (text().replace("alloy", "€λ").encode("utf-8")[:-3] + b"\x81\xff\n", "UTF-8"),
    "binary": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, ""),
}


@pytest.mark.parametrize("wrong", BAD)
def test_bad_input_is_one_sentence(wrong, pearlite, tmp_path):
    content, said = BAD[wrong]
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "table.csv").write_bytes(data)
    code, out, error = pearlite("text", "table.csv", "--text", "said", "--target", "kind")
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ([], "--text COLUMN"),
        (["--text", "said"], "--target COLUMN"),
        (["--text", "kind", "--target", "kind"], "cannot be its own text"),
        (["--text", "said", "--target", "kind", "--metric", "mea"], "mea"),
        (["--text", "said", "--target", "kind", "--unlabelled", "no.txt"], "does not exist"),
        (["--text", "said", "--target", "kind", "--from", "runs"], "no encoder"),
    ],
)
def test_wrong_options_are_one_sentence(typed, said, pearlite, tmp_path):
    (tmp_path / "table.csv").write_text(text())
    code, out, error = pearlite("text", "table.csv", *typed, "--quality", "fast")
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("target", ["kind", "n"])
def test_a_target_that_is_written_in_the_texts_is_refused(target, pearlite, tmp_path):
    told = table().round(3)
    told["said"] = told["said"] + " (label: " + told[target].astype(str) + "lab)"
    if target == "n":
        told["said"] = told["said"].str.replace("lab)", " MPa)")
    told.to_csv(tmp_path / "table.csv", index=False)
    typed = ("text", "table.csv", "--text", "said", "--target", target, "--quality", "fast")
    code, _, error = pearlite(*typed)
    assert code == 3
    assert "--force" in error
    code, out, error = pearlite(*typed, "--force", "--json", "--out", "forced")
    assert (code, error) == (0, "")
    assert json.loads(out)["test"]["chosen"] in ("words", "characters")
    assert "--force was given" in (tmp_path / "forced" / "report.html").read_text()


def test_every_model_is_printed(pearlite, tmp_path):
    (tmp_path / "table.csv").write_text(text())
    code, out, _ = pearlite(
        "text", "table.csv", "--text", "said", "--target", "kind", "--quality", "fast"
    )
    assert code == 0
    for title in ("always the majority", "TF-IDF of words", "TF-IDF of characters", "95 %"):
        assert title in out
    assert "report.html" in out
