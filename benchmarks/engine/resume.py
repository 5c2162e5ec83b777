"""Kill trainings by SIGKILL at random steps, resume them, and compare the final weights bitwise.

    python -m benchmarks.engine.resume [--kills 20] [--only dropout,workers]

The training is examples/train.py: a CNN on handwritten digits. Every case has dropout, and what its
name says besides. Prints how many of the resumed trainings ended with the very weights of one that
was never interrupted.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EPOCHS, STEPS = 5, 100  # 20 steps of 64 digits an epoch
CASES = {
    "dropout": ["--no-shift"],
    "augmentation": [],
    "workers": ["--workers", "2"],
    "processes": [],
}
REPOSITORY = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="of every case")
    parser.add_argument("--only", default=",".join(CASES), help="cases, separated by commas")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen.only.split(","):
            exact = survived(case, chosen.kills, chosen.seed, Path(folder))
            print(f"{case:13} {exact} of {chosen.kills} bitwise equal", flush=True)


def survived(case: str, kills: int, seed: int, folder: Path) -> int:
    """Count the killed and resumed trainings of a case that end as the uninterrupted one."""
    draw = random.Random(seed)
    whole = train(case, folder / "whole")
    assert whole is not None
    exact = 0
    for _ in range(kills):
        out = folder / "killed"
        shutil.rmtree(out, ignore_errors=True)
        at = draw.randrange(1, STEPS)
        killed = train(case, out, [at, draw.randrange(20), draw.randrange(processes(case))])
        assert killed is None, "the training was to be killed"
        exact += train(case, out, resume=True) == whole
    return exact


def processes(case: str) -> int:
    return 2 if case == "processes" else 1


def train(
    case: str, out: Path, kill: list[int] | None = None, resume: bool = False
) -> bytes | None:
    """Train in new processes; return the weights' file, None where there is none."""
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    options = ["--out", out, "--epochs", EPOCHS, "--save-seconds", 0.02, *CASES[case]]
    words = [sys.executable, *(torchrun if processes(case) > 1 else [])]
    words += ["-m", "benchmarks.engine.killed"]
    words += [*(kill or [0, 0, 0]), *options, *(["--resume"] if resume else [])]
    done = subprocess.run(
        [str(word) for word in words],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    weights = out / "model.safetensors"
    if kill is None and done.returncode:
        raise RuntimeError(done.stderr)
    return weights.read_bytes() if weights.is_file() else None


if __name__ == "__main__":
    main()
