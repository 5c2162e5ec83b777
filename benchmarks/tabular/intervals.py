"""How often the 95 % interval of a mean absolute error holds the true one, by number of groups.

    python -m benchmarks.tabular.intervals [--repeats 1000]

Groups of 1 to 7 samples, each group with a log-normal error of its own: skewed, as real errors are.
"""

import argparse

import numpy as np

from pearlite.judge.bootstrap import bootstrap
from pearlite.judge.scores import METRICS

MAE = METRICS["mae"]
GROUPS = (3, 5, 10, 20, 30, 50, 100)


def errors(groups: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    group = np.repeat(np.arange(groups), random.integers(1, 8, groups))
    return random.normal(size=len(group)) * random.lognormal(0, 0.7, groups)[group], group


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tabular.intervals")
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    true = (2 / np.pi) ** 0.5 * np.exp(0.7**2 / 2)
    print("| groups | holds it | rows resampled instead | mean width |")
    print("|---|---|---|---|")
    for groups in GROUPS:
        found = []
        for seed in range(repeats):
            error, group = errors(groups, np.random.default_rng([groups, seed]))
            zero = np.zeros(len(error))
            by_group = bootstrap(MAE, zero, error, group=group, draws=500, seed=seed)
            by_row = bootstrap(MAE, zero, error, draws=500, seed=seed)
            held = [each.low <= true <= each.high for each in (by_group, by_row)]
            found.append([*held, by_group.high - by_group.low])
        grouped, rows, width = np.mean(found, axis=0)
        print(f"| {groups} | {grouped:.1%} | {rows:.1%} | {width:.2f} |", flush=True)


if __name__ == "__main__":
    main()
