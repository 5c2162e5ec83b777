"""A calmer copy of what is trained: the moving average of its weights."""

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pearlite.task import Task

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer


class MovingWeights:
    """Exponential moving average of a task's weights over the steps of its training.

    Early on it forgets faster, so that the first weights, which were drawn at random, do not stay
    in it.

    Parameters
    ----------
    task
        What is trained.
    memory
        Number of recent steps that count most.
    part
        Name of the only network of the task to average, such as one player's; all of them where
        empty.

    Attributes
    ----------
    task : Task
        A copy with the averaged weights, in evaluation mode; of that network where `part` is given.
    """

    def __init__(self, task: Task, memory: int = 1000, part: str = "") -> None:
        self.task: Any = copy.deepcopy(task.get_submodule(part)).requires_grad_(False).eval()
        self.memory, self.part = memory, part

    @torch.no_grad()
    def follow(self, trainer: "Trainer") -> None:
        """Take the present weights in: a ``"step"`` event."""
        share = max(1 / self.memory, 10 / (trainer.step + 10))
        averages = self.task.state_dict()
        weights = trainer.task.get_submodule(self.part).state_dict()
        for name, average in averages.items():
            if average.is_floating_point():
                average.lerp_(weights[name], share)
            else:
                average.copy_(weights[name])

    def settle(self, trainer: "Trainer") -> None:
        """Give the averages to the trained task: an ``"end"`` event."""
        trainer.task.get_submodule(self.part).load_state_dict(self.task.state_dict())

    def state_dict(self) -> dict[str, Tensor]:
        """Return the averages, for a `State` to keep."""
        return self.task.state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take averages back."""
        self.task.load_state_dict(state)
