"""A learning rate from one short look: raise it step by step, and watch where the loss breaks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from pearlite.errors import InputError
from pearlite.task import Task
from pearlite.train.history import MeanLosses
from pearlite.train.optimisers import MakeOptimiser
from pearlite.train.trainer import Stream, Trainer

TOO_MUCH = 4  # the scan ends where the loss is so many times that of the first steps
BROKEN, NOISE, MARGIN = 0.2, 1.8, 5  # how they were chosen and measured: docs/training.md


@dataclass(frozen=True)
class RateScan:
    """The rate of every update, the loss before it, raw and smoothed, and the rate to train with.

    This suggestion is for a rate that decays to 0; one that stays should be a few times smaller.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smooth: NDArray[np.float64]
    suggestion: float


def find_rate(
    task: Task,
    stream: Stream,
    *,
    optimiser: MakeOptimiser | None = None,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 140,
    seed: int = 0,
) -> RateScan:
    """Train a task at ever higher rates, suggest one, and put the weights back.

    The range test of Smith (arXiv 1506.01186). The suggestion is a fifth of the rate at which the
    loss has climbed back a fifth of what it had fallen: one scan shows the border beyond which
    training breaks far more sharply than the rate at which it is fastest.

    The rate that the optimiser was made with has no effect; the scan ends early where the loss
    explodes. `InputError` if the task has several players or the loss never falls.
    """
    if not 0 < lowest < highest:
        raise InputError(f"rates from {lowest} to {highest}: expected 0 < lowest < highest")
    if len(task.players()) != 1:
        raise InputError("several players have no one loss to watch: set their rates by hand")
    rates = np.geomspace(lowest, highest, steps)
    losses: list[float] = []

    def climb(trainer: Trainer) -> None:
        if trainer.step:
            losses.append(float(next(iter(trainer.losses.sums.values()))[-1]))
            trainer.losses = MeanLosses()
            usual = np.median(losses[:10])
            if not losses[-1] < usual + (TOO_MUCH - 1) * abs(usual):
                trainer.stopped = "exploded"
        if trainer.step < steps:
            for group in trainer.optimisers[0].param_groups:
                group["lr"] = rates[trainer.step]

    weights = {name: tensor.clone() for name, tensor in task.state_dict().items()}
    was_training = task.training
    events = {"start": [climb], "step": [climb]}
    try:
        trainer = Trainer(task, optimiser=optimiser, seed=seed, every=steps + 1, events=events)
        trainer.fit(stream, steps=steps)
    finally:
        task.load_state_dict(weights)
        task.train(was_training).zero_grad()
    seen = np.array(losses)
    seen = seen[np.isfinite(seen)]
    smooth = gaussian_filter1d(seen, 4, mode="nearest")
    return RateScan(rates[: len(seen)], seen, smooth, _suggest(rates, seen, smooth))


def _suggest(rates: NDArray[Any], losses: NDArray[Any], smooth: NDArray[Any]) -> float:
    lowest = int(smooth.argmin()) if len(smooth) else 0
    if lowest == 0:
        raise InputError(f"the loss never fell at rates from {rates[0]:.1e} on: scan lower ones")
    noise = np.median(np.abs(losses - smooth))
    bar = max(BROKEN * (smooth[0] - smooth[lowest]), NOISE * noise)
    beyond = np.flatnonzero(smooth[lowest:] > smooth[lowest] + bar)
    broken = lowest + beyond[0] if len(beyond) else len(smooth) - 1
    return float(rates[broken] / MARGIN)
