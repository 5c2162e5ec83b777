"""How the learning rate goes through a training: events of the trainer.

Every event belongs to both ``"start"`` and ``"step"``. It is a function of what was spent of the
budget, so a resumed training goes on where it was. Where the budget is a time, the rate depends on
the machine's pace, and two trainings with the same seeds differ.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from pearlite.errors import InputError

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer

Schedule = Callable[["Trainer"], None]


def cosine(
    *, steps: int | None = None, minutes: float | None = None, warm_up: int = 100
) -> Schedule:
    """Make an event that lets every optimiser's rate rise, then fall to 0 along a cosine.

    Loshchilov & Hutter, arXiv 1608.03983, without restarts. `steps` and `minutes` are the budget,
    as it is given to `fit`: of two, the one that is nearer its end counts; `InputError` if there
    is none. Over `warm_up` steps the rate rises linearly to the one of the optimiser's maker.
    """
    return _schedule(lambda spent: (1 + math.cos(math.pi * spent)) / 2, steps, minutes, warm_up)


def linear(
    *, steps: int | None = None, minutes: float | None = None, warm_up: int = 100
) -> Schedule:
    """Make an event that lets the rate rise, then fall to 0 along a line; all else as `cosine`."""
    return _schedule(lambda spent: 1 - spent, steps, minutes, warm_up)


def constant(*, warm_up: int = 100) -> Schedule:
    """Make an event that lets the rate rise over `warm_up` steps and stay; it needs no budget."""
    return _schedule(lambda spent: 1.0, math.inf, None, warm_up)


def _schedule(
    shape: Callable[[float], float], steps: float | None, minutes: float | None, warm_up: int
) -> Schedule:
    if steps is minutes is None:
        raise InputError("a schedule needs an end: give steps or minutes")

    def set_rates(trainer: "Trainer") -> None:
        time_spent = trainer.seconds / (60 * (minutes or math.inf))
        spent = min(max(trainer.step / (steps or math.inf), time_spent), 1)
        factor = shape(spent) * min(1, (trainer.step + 1) / max(warm_up, 1))
        for optimiser in trainer.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor

    return set_rates
