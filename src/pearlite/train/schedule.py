"""How the learning rate goes through a training: events of the trainer."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from pearlite.errors import InputError

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer


def cosine(
    *, steps: int | None = None, minutes: float | None = None, warm_up: int = 100
) -> "Callable[[Trainer], None]":
    """Make an event that lets every optimiser's rate rise, then fall to 0 along a cosine.

    It belongs to both ``"start"`` and ``"step"``. Where the budget is a time, the rate depends on
    the machine's pace, and two trainings with the same seeds differ.

    Parameters
    ----------
    steps, minutes
        The budget, as it is given to `fit`; of two, the one that is nearer its end counts.
    warm_up
        Steps over which the rate rises linearly to the one that the optimiser was made with.

    Raises
    ------
    InputError
        If there is no budget.
    """
    if steps is minutes is None:
        raise InputError("a schedule needs an end: give steps or minutes")

    def set_rates(trainer: "Trainer") -> None:
        spent = max(
            trainer.step / (steps or math.inf), trainer.seconds / (60 * (minutes or math.inf))
        )
        factor = (1 + math.cos(math.pi * min(spent, 1))) / 2
        factor *= min(1, (trainer.step + 1) / max(warm_up, 1))
        for optimiser in trainer.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor

    return set_rates
