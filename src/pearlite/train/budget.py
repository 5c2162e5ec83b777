"""A training's budget in CPU seconds, kept across interruptions, and the learning rate over it."""

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer

LAST = 0.1
"""Share of the budget in which a hurried training goes through the rest of its schedule."""


class Budget:
    """Counts the CPU seconds of the process, ends the training, and sets the learning rate.

    Parameters
    ----------
    seconds
        CPU seconds, of all threads together; on a GPU those of the process that drives it.
    steps
        Most updates, where their number and not the time shall decide.
    warm_up
        Share of the budget over which the rate rises.
    linear
        The rate falls to 0 along a line, not along a cosine.

    Attributes
    ----------
    spent : float
        CPU seconds so far.
    hurried : float or None
        Share of the budget at which `hurry` was called.
    """

    def __init__(
        self,
        seconds: float,
        steps: int | None = None,
        warm_up: float = 0.03,
        *,
        linear: bool = False,
    ) -> None:
        self.seconds, self.steps, self.warm_up, self.linear = seconds, steps, warm_up, linear
        self.spent = 0.0
        self.hurried: float | None = None
        self._seen = time.process_time()

    def share(self, step: int) -> float:
        """Return how far the schedule is, from 0 to 1: the share spent; faster after `hurry`."""
        self.count()
        share = self.spent / self.seconds if self.steps is None else step / self.steps
        if self.hurried is not None:
            left = 1 - self.hurried
            faster = (share - self.hurried) * max(1.0, left / LAST)
            share = round(self.hurried + faster, 9)
        return min(share, 1.0)

    def hurry(self, step: int) -> None:
        """Go through the rest of the schedule within another tenth of the budget, then end."""
        if self.hurried is None:
            self.hurried = self.share(step)

    def count(self) -> None:
        """Add the CPU seconds since the last time."""
        now = time.process_time()
        self.spent += now - self._seen
        self._seen = now

    def follow(self, trainer: "Trainer") -> None:
        """Set the rate; stop at the end, after a step at least: for ``"start"`` and ``"step"``."""
        share = self.share(trainer.step)
        if share >= 1 and trainer.step:
            trainer.stopped = "budget"
        elif trainer.stopped == "budget":  # of a smaller one, before it was taken up again
            trainer.stopped = ""
        rising = min(1.0, (share + 1e-3) / self.warm_up)
        falling = 1 - share if self.linear else (1 + math.cos(math.pi * share)) / 2
        for optimiser in trainer.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group.setdefault("initial_lr", group["lr"]) * rising * falling

    def state_dict(self) -> dict[str, float | None]:
        """Return what was spent, for a `State` to keep."""
        self.count()
        return {"spent": self.spent, "hurried": self.hurried, "whole": self._whole}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Go on from what was spent; a larger budget than before is not hurried through."""
        self.spent = state["spent"]
        self.hurried = state["hurried"] if state.get("whole") == self._whole else None
        self._seen = time.process_time()

    @property
    def _whole(self) -> float:
        return self.seconds if self.steps is None else self.steps
