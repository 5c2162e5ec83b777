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


def table(count=60):
    random = np.random.default_rng(0)
    a, b, noise = random.normal(size=(3, count)).round(3)
    return pd.DataFrame({"a": a, "b": b, "y": (2 * a - b + 0.4 * noise).round(3)})


def text(frame=None):
    return (table() if frame is None else frame).to_csv(index=False)


def lines(change):
    rows = text().splitlines()
    change(rows)
    return "\n".join(rows) + "\n"


BAD = {
    "empty file": (b"", "is empty"),
    "header only": ("a,b,y\n", "row"),
    "ragged rows": (lines(lambda rows: rows.insert(5, "1,2,3,4,5")), "line 6"),
    "target missing": (text(table().rename(columns={"y": "Y2"})), "'y' is no column"),
    "target constant": (text(table().assign(y=1.5)), "1.5 in all 60 rows"),
    "target all missing": (text(table().assign(y=np.nan)), "missing in all 60 rows"),
    "one row": (text(table(1)), "one row"),
    "duplicate names": (text().replace("a,b,y", "a,a,y"), "'a'"),
    "wrong delimiter": ("a|b|y\n" + "1|2|3\n" * 30, ""),
    "one column": ("y\n" + "1\n2\n" * 30, "no column but the target"),
    "wrong encoding": (text().encode("utf-16-le")[1:], ""),
    "not a table": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, ""),
    "a PDF": (b"%PDF-1.7 ...", "a PDF"),
    "infinite input": (text(table().assign(a=[*table()["a"][:-1], np.inf])), "'a'"),
    "infinite target": (text(table().assign(y=[*table()["y"][:-1], np.inf])), "'y' is infinite"),
    "mixed target": (text(table().assign(y=["high", "low", *table()["y"][2:]])), "'y'"),
}


@pytest.mark.parametrize(("content", "says"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence_and_exit_code_2(pearlite, tmp_path, content, says):
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "bad.csv").write_bytes(data)
    code, out, said = pearlite("tabular", "bad.csv", "--target", "y", "--quality", "fast")
    assert (code, out) == (2, "")
    assert says in said
    assert said.count("\n") == 1
    assert len(said) < 500
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--target"),
        (["--target", "Y"], "did you mean 'y'"),
        (["--target", "y", "--group", "mix"], "group 'mix' is no column"),
        (["--target", "y", "--group", "y"], "cannot be a group"),
        (["--target", "y", "--time", "a b"], "'a b' is no column"),
        (["--target", "y", "--weight", "w"], "weight column 'w' is no column"),
        (["--target", "y", "--weight", "b"], "'b' cannot be weights"),
        (["--target", "y", "--drop", "c"], "dropped column 'c' is no column"),
        (["--target", "y", "--drop", "y"], "cannot be dropped"),
        (["--target", "y", "--metric", "meen"], "'meen'"),
        (["--target", "y", "--metric", "accuracy"], "different classes in 60 rows"),
        (["--target", "y", "--metric", "coverage"], "no better end"),
        (["--target", "y", "--sheet", "one"], "no Excel file"),
        (["--target", "y", "--dask", "tcp://127.0.0.1:1"], "Parquet"),
        (["--target", "y", "--drop", "a", "--drop", "b"], "no"),
        (["--target", "y", "--quantile", "0"], "quantile"),
    ],
)
def test_options_that_do_not_fit_are_told_in_a_sentence(pearlite, tmp_path, options, says):
    (tmp_path / "t.csv").write_text(text())
    code, out, said = pearlite("tabular", "t.csv", *options)
    assert (code, out) == (2, "")
    assert says in said
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_dates_that_do_not_parse_are_told(pearlite, tmp_path):
    days = pd.date_range("2026-01-01", periods=60).astype(str).to_numpy(object)
    days[7] = "soon"
    (tmp_path / "t.csv").write_text(text(table().assign(day=days)))
    code, _, said = pearlite("tabular", "t.csv", "--target", "y", "--time", "day")
    assert code == 2
    assert "'day'" in said
    assert said.count("\n") == 1


def test_a_column_that_leaks_is_refused_with_exit_code_3(pearlite, tmp_path):
    leaky = table(200)
    leaky["psi"] = leaky["y"] * 145.04 + np.random.default_rng(1).normal(0, 1, 200)
    (tmp_path / "t.csv").write_text(text(leaky))
    code, out, said = pearlite("tabular", "t.csv", "--target", "y")
    assert (code, out) == (3, "")
    assert "psi" in said
    assert "--drop psi" in said
    assert said.count("\n") == 1


@pytest.fixture
def _no_learning_curve(monkeypatch):
    monkeypatch.setattr("pearlite.recipes.tabular.explain.more_data", lambda *_: None)


@pytest.mark.usefixtures("_no_learning_curve")
def test_many_categories_are_no_trouble(pearlite, tmp_path):
    random = np.random.default_rng(0)
    many = table(2000).assign(name=[f"sample {n}" for n in random.integers(0, 10**6, 2000)])
    (tmp_path / "t.csv").write_text(text(many))
    options = ["--target", "y", "--quality", "fast", "--minutes", "0.1", "--workers", "1"]
    code, out, _ = pearlite("tabular", "t.csv", *options, "--json")
    assert code == 0
    assert json.loads(out)["test"]["metrics"]["mae"]["value"] < 0.8


@pytest.mark.usefixtures("_no_learning_curve")
def test_the_whole_chain_by_hand(pearlite, tmp_path):
    (tmp_path / "t.csv").write_text(text(table(150)))
    (tmp_path / "new.csv").write_text(text(table(5).drop(columns="y")))
    options = ["--target", "y", "--quality", "fast", "--workers", "1", "--out", "run"]
    code, out, _ = pearlite("tabular", "t.csv", *options)
    assert code == 0
    assert "mean absolute error" in out
    assert out.rstrip().endswith("run/report.html")
    code, out, _ = pearlite("apply", "run", "new.csv", "--out", "there")
    assert (code, out) == (0, "there/new.csv\n")
    error = np.abs(pd.read_csv("there/new.csv")["prediction"] - table(5)["y"])
    assert error.max() < 2
    code, _, said = pearlite("apply", "run", "t.csv", "--device", "cpu")
    assert code == 2
    assert "takes no 'device'" in said
