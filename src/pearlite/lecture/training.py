"""The training that several pages share: a rate that rises, then falls to 0 along a cosine."""

from typing import Any

from torch import nn

from pearlite.task import Task
from pearlite.train.optimisers import MakeOptimiser
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Stream, Trainer


def trained(
    task: Task,
    stream: Stream,
    steps: int,
    optimiser: MakeOptimiser,
    *,
    warm_up: int = 0,
    decay: bool = True,
    **options: Any,
) -> Trainer:
    """Train a task; return its trainer, with the history.

    Parameters
    ----------
    task, stream, steps
        What learns, from what, in how many updates.
    optimiser
        With the rate to which it rises in `warm_up` updates.
    decay
        False leaves the rate as it is from the first update to the last.
    **options
        What else `Trainer` takes. Without a validation the last weights are kept, and the history
        is one row.
    """
    schedule = [cosine(steps=steps, warm_up=warm_up)] if decay else []
    trainer = Trainer(
        task,
        optimiser=optimiser,
        events={"start": schedule, "step": schedule},
        **{"every": steps, "keep": "best" if "validate" in options else "last"} | options,
    )
    trainer.fit(stream, steps=steps)
    return trainer


def parameters(network: nn.Module) -> int:
    """Count the weights of a network."""
    return sum(parameter.numel() for parameter in network.parameters())
