"""Predict digits' error at larger training sizes from smaller ones, and compare with the measured.

    python -m benchmarks.engine.more_data [--repeats N]

A power law is fitted to validation losses of a small CNN at 50 to 400 images (several subsets and
seeds each) and asked for those at 800 and 1,198, which it has not seen. "inside": how many of the
measured losses lie in the 95 % interval.
"""

import argparse
from dataclasses import replace

from benchmarks.engine.real_problems import digits, generator  # first: sets one thread

# isort: split
import numpy as np
import torch

from pearlite.judge.learning_curve import learning_curve
from pearlite.train.optimisers import adam

SEEN, HELD_OUT = [50, 71, 100, 141, 200, 283, 400], [800, 1198]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine.more_data", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--repeats", type=int, default=3, help="trainings a size (%(default)s)")
    options = parser.parse_args()
    problem = digits(steps=300)
    x, y = problem.train

    def errors_at(size: int, repeats: int = options.repeats) -> list[float]:
        errors = []
        for seed in range(repeats):
            kept = torch.randperm(len(x), generator=generator(seed))[:size]
            part = replace(problem, train=(x[kept], y[kept]))
            errors.append(part.errors_at(adam(1e-2), seed)[1])
        print(f"{size:5d} images: {np.mean(errors):.4f} {np.round(errors, 4)}", flush=True)
        return errors

    curve = learning_curve(errors_at, SEEN)
    print(f"loss = {curve.a:.3g} n^-{curve.b:.2f} + {curve.c:.3g}; {curve.worth(2)}")
    for size in HELD_OUT:
        measured, told = np.array(errors_at(size, 5)), curve.at(size)
        inside = int(((measured >= told.low) & (measured <= told.high)).sum())
        print(
            f"{size} images: predicted {told.value:.4f} ({told.low:.4f} to {told.high:.4f}), "
            f"measured {measured.mean():.4f}, inside {inside} of {len(measured)}"
        )


if __name__ == "__main__":
    main()
