"""A table larger than memory: ``python -m benchmarks.tabular.big FOLDER --rows 100000000``.

Makes the table, trains from it in bounded memory, and compares with the same trees in memory on a
sample of a hundredth, and on all rows as pandas and LightGBM would be used where that fits.
Every way runs in a process of its own, whose peak of resident memory is VmHWM.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.tabular.big_table import COLUMNS, NOISE, TARGET, write

TEST_ROWS = 1_000_000  # sampled from the whole table; the tenth that is withheld is scored
SHARE = 0.01  # of the rows that the sample in memory has
GIB = 2**30


def main() -> None:
    options = arguments()
    if options.only:
        print(json.dumps(WAYS[options.only](options)), flush=True)
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / f"rows-{options.rows}.parquet"
    if not path.exists():
        free = shutil.disk_usage(options.folder).free
        needed = options.rows * (60 + 150)  # the file, and the buckets of its training rows
        if needed > free:
            sys.exit(f"{needed / GIB:.0f} GiB needed in {options.folder}, {free / GIB:.0f} free")
        write(path, options.rows)
    ways = ["bounded", "sample"] + ["whole"] * (options.rows <= options.fits)
    print(f"{options.rows:,} rows x {COLUMNS} columns, {path.stat().st_size / GIB:.2f} GiB Parquet")
    print(f"{'':8} {'rows':>12} {'trees':>6} {'MAE':>8} {'seconds':>8} {'rows/s':>9} {'GiB':>6}")
    trees = options.trees
    for way in ways:
        said = own_process(way, path, trees, options)
        trees = said["trees"]  # the others grow as many
        print(
            f"{way:8} {said['rows']:12,} {trees:6} {said['mae']:8.4f} {said['seconds']:8.0f} "
            f"{said['rows'] / said['seconds']:9,.0f} {said['gib']:6.2f}   {said['note']}",
            flush=True,
        )
    print(f"An answer without error in the signal has MAE {NOISE * np.sqrt(2 / np.pi):.4f}.")
    if not options.keep:
        path.unlink()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tabular.big", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the table and the buckets lie meanwhile")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--memory", type=float, default=4.0, help="GiB (%(default)s)")
    parser.add_argument("--minutes", type=float, default=np.inf)
    parser.add_argument("--trees", type=int, default=0, help="stop there; 0: when it settles")
    parser.add_argument("--visit", type=int, default=3, help="trees a bucket (%(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fits", type=int, default=5_000_000, help="most rows read as a whole")
    parser.add_argument("--keep", action="store_true", help="leave the table where it is")
    parser.add_argument("--only", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def own_process(way: str, path: Path, trees: int, options: argparse.Namespace) -> dict[str, Any]:
    """Run one way in a fresh process and return what it says of itself."""
    known = {"memory": options.memory, "minutes": options.minutes, "threads": options.threads}
    known |= {
        "visit": options.visit,
        "seed": options.seed,
        "rows": options.rows,
        "trees": trees,
        "table": path,
    }
    words = [word for name, value in known.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", __spec__.name, str(options.folder), "--only", way, *words]
    threads = {"OMP_NUM_THREADS": str(options.threads)}
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **threads}
    )
    return json.loads(done.stdout.splitlines()[-1])


def bounded(options: argparse.Namespace) -> dict[str, Any]:
    """Pearlite: row groups dealt out to buckets on disk, a few trees on each."""
    from pearlite.data.parquet import Parquet
    from pearlite.data.part_rule import PartRule
    from pearlite.recipes.tabular.aim import Aim
    from pearlite.recipes.tabular.big import MOST_ROUNDS, Limits, grow
    from pearlite.recipes.tabular.dealing import CHOSEN_ROWS
    from pearlite.recipes.tabular.features import Features, kinds_of
    from pearlite.recipes.tabular.question import Question

    start = time.monotonic()
    table = Parquet.open(options.table)
    rule = PartRule.learn(table, seed=options.seed)
    rows = table.sample(CHOSEN_ROWS, options.seed)
    rows = rows.loc[rule.parts(rows) == 0]
    question = Question(
        TARGET, tuple(n for n in table.columns if n != TARGET), Aim("regression", "mae")
    )
    inputs = rows.loc[:, list(question.inputs)]
    features = Features.learn(inputs, options.seed, kinds_of(inputs))
    most = options.trees or MOST_ROUNDS
    limits = Limits(60 * options.minutes, options.memory, options.visit, most, options.threads)
    grown = grow(table, rule, question, features, rows, options.folder, limits, options.seed)
    seconds, peak = time.monotonic() - start, peak_gib()
    test = withheld(table, rule, options.seed)
    answer = grown.growing.member().predict(features.matrix(test))[:, 0]
    return {
        **scored(answer, test),
        "rows": table.rows,
        "trees": grown.growing.best_rounds,
        "seconds": seconds,
        "gib": peak,
        "note": f"{grown.trained:,} trained, read in {grown.dealt.seconds:.0f} s, "
        f"{len(grown.history)} visits of {grown.dealt.buckets.count - 1} buckets, "
        f"{grown.stopped or ('settled' if grown.settled else 'all trees')}",
    }


def sample(options: argparse.Namespace) -> dict[str, Any]:
    """Grow the same trees in memory on a hundredth of the training rows."""
    from pearlite.data.parquet import Parquet
    from pearlite.data.part_rule import PartRule

    start = time.monotonic()
    table = Parquet.open(options.table)
    rule = PartRule.learn(table, seed=options.seed)
    rows = table.sample(int(table.rows * SHARE), options.seed + 1)
    return in_memory(rows[rule.parts(rows) == 0], table, rule, start, options)


def whole(options: argparse.Namespace) -> dict[str, Any]:
    """Read all with pandas and train LightGBM on the training rows."""
    import pandas as pd

    from pearlite.data.parquet import Parquet
    from pearlite.data.part_rule import PartRule

    start = time.monotonic()
    table = Parquet.open(options.table)
    rule = PartRule.learn(table, seed=options.seed)
    rows = pd.read_parquet(options.table)
    return in_memory(rows[rule.parts(rows) == 0], table, rule, start, options)


def in_memory(
    rows: Any, table: Any, rule: Any, start: float, options: argparse.Namespace
) -> dict[str, Any]:
    import lightgbm

    from pearlite.recipes.tabular.growing import OPTIONS

    inputs = [name for name in table.columns if name != TARGET]
    params = {**OPTIONS, "num_threads": options.threads, "seed": options.seed}
    data = lightgbm.Dataset(rows[inputs], rows[TARGET])
    booster = lightgbm.train({**params, "objective": "regression"}, data, options.trees)
    seconds, peak = time.monotonic() - start, peak_gib()
    test = withheld(table, rule, options.seed)
    answer = np.asarray(booster.predict(test[inputs]))
    return {
        **scored(answer, test),
        "rows": len(rows),
        "trees": options.trees,
        "seconds": seconds,
        "gib": peak,
        "note": "LightGBM in memory",
    }


def withheld(table: Any, rule: Any, seed: int) -> Any:
    rows = table.sample(TEST_ROWS, seed + 2)
    return rows[rule.parts(rows) == 2]


def scored(answer: np.ndarray, test: Any) -> dict[str, float]:
    errors = np.abs(answer - test[TARGET].to_numpy())
    return {"mae": float(errors.mean()), "se": float(errors.std() / np.sqrt(len(errors)))}


def peak_gib() -> float:
    """Return the largest resident memory of this process so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


WAYS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "bounded": bounded,
    "sample": sample,
    "whole": whole,
}


if __name__ == "__main__":
    main()
