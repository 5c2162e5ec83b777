"""Calls and CPU time of a training step, without what only the start of a training costs."""

import cProfile
import gc
import pstats
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.engines import Engine
from benchmarks.engine.problems import STEPS_AN_EPOCH, Problem

Train = Callable[[int], float]


@dataclass(frozen=True)
class Measured:
    """An engine on a problem: calls a step, µs of CPU a step by round, last withheld loss."""

    calls: float
    microseconds: list[float]
    loss: float

    @property
    def median(self) -> float:
        """µs of CPU a step, in the middle of all rounds."""
        return statistics.median(self.microseconds)

    def ratios(self, other: "Measured") -> list[float]:
        """Return this engine's time in units of the other's, round by round."""
        pairs = zip(self.microseconds, other.microseconds, strict=True)
        return [own / its for own, its in pairs]


def measure(
    engines: dict[str, Engine], problem: Problem, epochs: tuple[int, int], rounds: int, seed: int
) -> dict[str, Measured]:
    """Count calls once, then time all engines in every round, each round in another order."""
    trains = {name: _in_new_folder(engine, problem) for name, engine in engines.items()}
    few, many = epochs
    losses = {name: train(many) for name, train in trains.items()}
    calls = {name: _slope(_calls, train, few, many) for name, train in trains.items()}
    times: dict[str, list[float]] = {name: [] for name in trains}
    draw = random.Random(seed)
    for _ in range(rounds):
        for name in draw.sample(list(trains), len(trains)):
            times[name].append(1e6 * _slope(_cpu_seconds, trains[name], few, many))
    return {name: Measured(calls[name], times[name], losses[name]) for name in trains}


def _slope(cost: Callable[[Train, int], float], train: Train, few: int, many: int) -> float:
    return (cost(train, many) - cost(train, few)) / ((many - few) * STEPS_AN_EPOCH)


def _calls(train: Train, epochs: int) -> float:
    profile = cProfile.Profile()
    profile.runcall(train, epochs)
    return pstats.Stats(profile).total_calls  # pyright: ignore[reportAttributeAccessIssue]


def _cpu_seconds(train: Train, epochs: int) -> float:
    gc.collect()
    began = time.process_time()
    train(epochs)
    return time.process_time() - began


def _in_new_folder(engine: Engine, problem: Problem) -> Train:
    def train(epochs: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            return engine(problem, epochs, Path(folder))

    return train
