"""A training's budget in CPU seconds, kept across interruptions, and the learning rate over it."""

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer


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

    Attributes
    ----------
    spent : float
        CPU seconds so far.
    """

    def __init__(self, seconds: float, steps: int | None = None, warm_up: float = 0.03) -> None:
        self.seconds, self.steps, self.warm_up = seconds, steps, warm_up
        self.spent = 0.0
        self._seen = time.process_time()

    def share(self, step: int) -> float:
        """Return the share of the budget that is spent, from 0 to 1."""
        self.count()
        share = self.spent / self.seconds if self.steps is None else step / self.steps
        return min(share, 1.0)

    def count(self) -> None:
        """Add the CPU seconds since the last time."""
        now = time.process_time()
        self.spent += now - self._seen
        self._seen = now

    def follow(self, trainer: "Trainer") -> None:
        """Set the rate, stop at the end: an event of ``"start"`` and ``"step"``."""
        share = self.share(trainer.step)
        if share >= 1:
            trainer.stopped = "budget"
        elif trainer.stopped == "budget":  # of a smaller one, before it was taken up again
            trainer.stopped = ""
        rising = min(1.0, (share + 1e-3) / self.warm_up)
        factor = rising * (1 + math.cos(math.pi * share)) / 2
        for optimiser in trainer.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor

    def state_dict(self) -> dict[str, float]:
        """Return what was spent, for a `State` to keep."""
        self.count()
        return {"spent": self.spent}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Go on from what was spent."""
        self.spent = state["spent"]
        self._seen = time.process_time()
