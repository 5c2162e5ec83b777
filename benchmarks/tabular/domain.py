"""Whether samples that are called outside the training domain are predicted worse.

    python -m benchmarks.tabular.domain --data FOLDER [--splits 20]

The tables, the splits by group and the quick model are those of `benchmarks.tabular.coverage`.
Beside groups at random, an extrapolation: the groups that reach into the largest tenth of the first
principal component test, the others train.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from benchmarks.tabular.coverage import TABLES, Table, predict, withheld
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from pearlite.judge.domain import Domain

NAMES = ("steels", "diabetes", "mixes", "conductivity", "superconductors")


def judged(table: Table, test: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which test samples are outside, and their absolute errors."""
    x, y, group = table
    outside = Domain.learn(x[~test], group=group[~test], seed=seed).outside(x[test])
    return outside, np.abs(predict(x[~test], y[~test], x[test], seed) - y[test])


def line(title: str, case: str, outside: np.ndarray, error: np.ndarray) -> str:
    mean = [f"{error[part].mean():.3g}" if part.any() else "–" for part in (~outside, outside)]
    return f"| {title} | {case} | {outside.mean():.1%} | {mean[0]} | {mean[1]} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tabular.domain")
    parser.add_argument("--data", type=Path, required=True, help="folder of the CSV files")
    parser.add_argument("--splits", type=int, default=20)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # LightGBM's remarks about feature names
    print("| table | test part | outside | MAE inside | MAE outside |")
    print("|---|---|--:|--:|--:|")
    for name in NAMES:
        title, load = TABLES[name]
        x, y, label = load(options.data)
        known = np.where(np.isfinite(x), x, np.nanmedian(x, axis=0))
        table = known, y, np.unique(label, return_inverse=True)[1]
        found = [
            judged(table, withheld(table[2], np.random.default_rng(seed)), seed)
            for seed in range(options.splits)
        ]
        outside, error = (np.concatenate(parts) for parts in zip(*found, strict=True))
        print(line(title, "new groups", outside, error), flush=True)
        first = PCA(1).fit_transform(StandardScaler().fit_transform(known))[:, 0]
        far = np.isin(table[2], table[2][first > np.quantile(first, 0.9)])
        print(line(title, "extreme groups", *judged(table, far, 0)), flush=True)


if __name__ == "__main__":
    main()
