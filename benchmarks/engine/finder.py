"""Measure the rate finder: its suggestion against the best of a sweep.

    python -m benchmarks.engine.finder [--chosen] [--seeds N]

Every power of √10 is tried by a whole training in which the rate decays to 0 along a cosine; the
best one is that with the smallest training loss. "lost" is what the suggestion leaves of the
progress that the best rate makes over the smallest rate of the sweep, 0 % being none. Steepest
descent and a tenth of the minimum are the usual rules, on the same scans. --chosen: the seven
problems on which the rule was chosen, instead of the three that were kept for measuring.
"""

import argparse
import math
import time

from benchmarks.engine.real_problems import (
    CHOSEN_ON,
    MEASURED_ON,
    Problem,
)  # first: sets one thread

# isort: split
import numpy as np
from numpy.typing import NDArray

from pearlite.train.finder import RateScan, find_rate
from pearlite.train.optimisers import adam, muon, sgd

MAKERS = {"adam": adam, "sgd 0.9": lambda rate: sgd(rate, 0.9), "muon": muon}
RATES = 10.0 ** np.arange(-5, 1.1, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine.finder", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--chosen", action="store_true")
    parser.add_argument("--seeds", type=int, default=3, help="scans of each problem (%(default)s)")
    options = parser.parse_args()
    print(
        "problem      optimiser  best rate  suggestion (× best)   lost by: finder  steepest  min/10"
    )
    lost, ratios = [], []
    for make_problem in CHOSEN_ON if options.chosen else MEASURED_ON:
        problem = make_problem()
        for name, maker in MAKERS.items():
            loss = sweep(problem, maker)
            best = RATES[loss.argmin()]
            began = time.process_time()
            scans = [
                find_rate(problem.task(seed), problem.stream(seed), optimiser=maker())
                for seed in range(options.seeds)
            ]
            seconds = (time.process_time() - began) / options.seeds
            rates = np.array([[s.suggestion, *usual_rules(s)] for s in scans])
            share = (np.interp(np.log(rates), np.log(RATES), loss) - loss.min()) / (
                loss[0] - loss.min()
            )
            lost += list(share)
            ratios += list(rates[:, 0] / best)
            suggested = " ".join(f"{rate:.2g}" for rate in rates[:, 0])
            print(
                f"{make_problem.__name__:12s} {name:9s} {best:9.2g}   "
                f"{suggested} (× {np.median(rates[:, 0]) / best:.2f})  "
                f"{'  '.join(f'{s:.0%}' for s in share.mean(0))}  scan {seconds:.1f} CPU-s",
                flush=True,
            )
    mean, worst = np.mean(lost, axis=0), np.max(lost, axis=0)
    print("\nmean lost: finder {:.1%}, steepest {:.1%}, min/10 {:.1%}".format(*mean))
    print("most lost: finder {:.0%}, steepest {:.0%}, min/10 {:.0%}".format(*worst))
    print(
        f"suggestion / best: median {np.median(ratios):.2f}, {min(ratios):.2g} to {max(ratios):.2g}"
    )


def sweep(problem: Problem, maker) -> NDArray:
    """Training loss at every rate; that at the smallest where it diverged."""
    losses = [problem.errors_at(maker(rate), seed=0)[0] for rate in RATES]
    return np.array([min(loss, losses[0]) if math.isfinite(loss) else losses[0] for loss in losses])


def usual_rules(scan: RateScan) -> tuple[float, float]:
    lowest = int(scan.smooth.argmin())
    steepest = int(np.gradient(scan.smooth[: lowest + 1]).argmin())
    return scan.rates[steepest], scan.rates[lowest] / 10


if __name__ == "__main__":
    main()
