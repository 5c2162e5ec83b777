"""Compare SGD, AdamW and Muon on digits, each at its own best rate.

    python -m benchmarks.engine.optimisers [--seeds N] [--steps N ...]

scikit-learn's 1,797 digits (two thirds to train, half of the rest to choose the rate, half to
report), a small CNN classifier, batches of 64, a rate that decays to 0. The rates are powers of
√10; for each optimiser the one with the smallest mean loss over the seeds is kept, so all are tuned
alike. Times are CPU times of the process.
"""

import argparse
import time
from dataclasses import replace

from benchmarks.engine.real_problems import Problem, digits  # first: sets one thread

# isort: split
import numpy as np
import torch

from pearlite.train.optimisers import adamw, muon, sgd

MAKERS = {
    "sgd": sgd,
    "sgd, momentum 0.9": lambda rate: sgd(rate, 0.9),
    "sgd, Nesterov 0.9": lambda rate: sgd(rate, 0.9, True),
    "adamw": adamw,
    "muon": muon,
}
RATES = 10.0 ** np.arange(-3, 1.1, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine.optimisers", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seeds", type=int, default=3, help="%(default)s")
    parser.add_argument("--steps", type=int, nargs="+", default=[50, 150], help="%(default)s")
    options = parser.parse_args()
    for steps in options.steps:
        problem = digits(widths=(16, 32, 64), steps=steps)
        x, y = problem.withheld
        half = len(x) // 2
        choose = replace(problem, withheld=(x[:half], y[:half]))
        report = replace(problem, withheld=(x[half:], y[half:]))
        print(
            f"\n{steps} steps, {options.seeds} seeds; loss and accuracy on {len(x) - half} digits"
        )
        for name, maker in MAKERS.items():
            scores = {}
            for rate in RATES:
                runs = [measure(choose, report, maker(rate), seed) for seed in range(options.seeds)]
                scores[rate] = np.array(runs)
            rate = min(scores, key=lambda r: scores[r][:, 0].mean())
            _, loss, accuracy, train, seconds = scores[rate].T
            print(
                f"{name:18s} rate {rate:<7.2g} loss {loss.mean():.3f} ({loss.min():.3f} to "
                f"{loss.max():.3f})  accuracy {accuracy.mean():.3f}  training {train.mean():.4f}  "
                f"{1000 * seconds.mean() / steps:.1f} ms a step",
                flush=True,
            )


def measure(choose: Problem, report: Problem, make, seed: int) -> list[float]:
    began = time.process_time()
    task, _ = choose.fit(make, seed)
    seconds = time.process_time() - began
    x, y = report.withheld
    with torch.no_grad():
        accuracy = float((task(x).argmax(1) == y).float().mean())
    train, chosen = choose.errors(task)
    return [chosen, report.errors(task)[1], accuracy, train, seconds]


if __name__ == "__main__":
    main()
