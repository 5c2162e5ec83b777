"""Measure the diagnosis of overfitting on planted cases, and whether what it advises helps.

    python -m benchmarks.engine.diagnosis [--seeds N]

First, trainings that are over-fitted, under-fitted, healthy or too short by construction, and how
often the verdict says so. Then, for over-fitted ones, each cure: the best validation loss of a
training with twice the data, with dropout, with decay, and with a quarter of the width.
"""

import argparse
from collections import Counter
from collections.abc import Callable

from benchmarks.engine.real_problems import (  # first: sets one thread
    Fit,
    Pair,
    diabetes,
    digits,
    friedman,
    generator,
    square,
)

# isort: split
import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from pearlite.data.stream import Stream, in_order
from pearlite.judge.overfit import diagnose
from pearlite.nets.classifier import CNNClassifier
from pearlite.nets.mlp import MLP
from pearlite.train.losses import cross_entropy, mse
from pearlite.train.optimisers import adamw
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss

LN10 = math.log(10)


@dataclass(frozen=True)
class Plant:
    """A training of an MLP, or a CNN where there are no hidden widths, on part of the data."""

    verdict: str
    parts: tuple[Pair, Pair]
    widths: tuple[int, ...]
    baseline: float
    steps: int
    rate: float
    count: int | None = None
    wrong: float = 0.0  # share of labels that are drawn anew
    dropout: float = 0.0
    decay: float = 1e-4
    grow: int = 1

    def run(self, seed: int) -> Trainer:
        """Train and validate thirty times."""
        (x, y), withheld = self.parts
        count = (self.count or len(x)) * self.grow
        kept = torch.randperm(len(x), generator=generator(seed))[:count]
        x, y = x[kept], y[kept]
        if self.wrong:
            drawn = torch.randint(0, 10, y.shape, generator=generator(seed + 1))
            y = torch.where(torch.rand(y.shape, generator=generator(seed)) < self.wrong, drawn, y)
        options = {"dropout": self.dropout, "generator": generator(seed)}
        net = (
            MLP(self.widths, **options)
            if self.widths
            else CNNClassifier(widths=(8, 16, 32), **options)
        )
        flat = (lambda a: a.flatten(1)) if self.widths else (lambda a: a)
        loss = mse if y.is_floating_point() else cross_entropy
        trainer = Trainer(
            Fit(net, loss),
            optimiser=adamw(self.rate, self.decay),
            validate=mean_loss(in_order((flat(withheld[0]), withheld[1]), 512)),
            every=self.steps // 30,
            seed=seed,
        )
        trainer.fit(Stream((flat(x), y), 32, seed=seed), steps=self.steps)
        return trainer


def planted() -> dict[str, Plant]:
    d, t, f, s = digits(), diabetes(), friedman(), square()
    images, table, noisy, curve = ((p.train, p.withheld) for p in (d, t, f, s))
    variance = float(s.withheld[1].var())
    return {
        "digits, 100 images": Plant(
            "over-fitted", images, (64, 256, 256, 10), LN10, 600, 3e-3, 100
        ),
        "digits, 40 % wrong": Plant(
            "over-fitted", images, (64, 256, 256, 10), LN10, 600, 3e-3, 400, wrong=0.4
        ),
        "diabetes": Plant("over-fitted", table, (10, 128, 128, 1), 1.0, 600, 3e-3, 150),
        "friedman, 150": Plant("over-fitted", noisy, (10, 128, 128, 1), 1.0, 900, 3e-3, 150),
        "square by a line": Plant("under-fitted", curve, (1, 1), variance, 600, 3e-2),
        "digits by 1 feature": Plant("under-fitted", images, (64, 1, 10), LN10, 1500, 3e-3),
        "digits by a CNN": Plant("healthy", images, (), LN10, 450, 1e-2),
        "square by an MLP": Plant("healthy", curve, (1, 32, 32, 1), variance, 900, 3e-3),
        "digits, linear": Plant("healthy", images, (64, 10), LN10, 1500, 1e-2, decay=0.1),
        "CNN, 30 steps": Plant("too short", images, (), LN10, 30, 1e-3),
        "square, 60 steps": Plant("too short", curve, (1, 32, 32, 1), variance, 60, 1e-3),
        "digits, 150 steps": Plant("too short", images, (64, 64, 10), LN10, 150, 3e-4),
    }


def cures(plant: Plant) -> dict[str, Callable[[int], Trainer]]:
    first, *hidden, last = plant.widths
    thin = (first, *(w // 4 for w in hidden), last)
    return {
        "as it is": plant.run,
        "twice the data": replace(plant, grow=2).run,
        "dropout 0.5": replace(plant, dropout=0.5).run,
        "decay 1": replace(plant, decay=1.0).run,
        "quarter width": replace(plant, widths=thin).run,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine.diagnosis", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seeds", type=int, default=5, help="%(default)s")
    seeds = range(parser.parse_args().seeds)
    right = total = 0
    for name, plant in planted().items():
        found = [diagnose(plant.run(seed).history, baseline=plant.baseline) for seed in seeds]
        verdicts = Counter(diagnosis.verdict for diagnosis in found)
        right, total = right + verdicts[plant.verdict], total + len(found)
        turned = [diagnosis.turned for diagnosis in found if diagnosis.turned is not None]
        print(f"{name:20s} {plant.verdict:13s} {dict(verdicts)} {turned or ''}", flush=True)
    print(f"{right} of {total} right\n\nbest validation loss, mean of the seeds")
    for name, plant in planted().items():
        if plant.verdict == "over-fitted":
            best = {
                cure: np.mean([run(s).best for s in seeds]) for cure, run in cures(plant).items()
            }
            print(f"{name:20s} " + "  ".join(f"{c}: {b:.3f}" for c, b in best.items()), flush=True)


if __name__ == "__main__":
    main()
