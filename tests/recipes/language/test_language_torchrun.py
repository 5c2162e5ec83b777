"""Several processes that learn one language model."""

import os
import subprocess
import sys

import pytest
import torch
from pandas import read_csv

import pearlite as pl

CALL = ["language", "a.txt", "--context", "16", "--width", "32", "--depth", "1", "--batch", "4"]
CALL += ["--steps", "6", "--device", "cpu"]


@pytest.mark.dist
@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path):
    lines = (f"iron {n % 7} and carbon {n % 5} give steel {n % 3}\n" for n in range(120))
    (tmp_path / "a.txt").write_text("".join(lines))
    code = "from pearlite.cli import main; main()"
    (tmp_path / "go.py").write_text(code)
    launch = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    for name, words in (("one", []), ("two", launch)):
        done = subprocess.run(
            [sys.executable, *words, "go.py", *CALL, "--out", name],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("report.html") == 1
    one, two = (read_csv(tmp_path / name / "history.csv").iloc[-1] for name in ("one", "two"))
    assert one["step"] == two["step"] == 6
    assert two["val_loss"] == pytest.approx(one["val_loss"], abs=0.02)  # but for rounding
    assert pl.load(tmp_path / "two").status == "done"
    assert torch.isfinite(pl.load(tmp_path / "two").model(torch.tensor([[3, 4, 5]]))).all()
