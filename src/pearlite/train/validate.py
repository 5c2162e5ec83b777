"""What a trainer may watch: functions of the task that return named numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from pearlite.task import Task


def mean_loss(batches: Sequence[Any]) -> Callable[[Task], dict[str, float]]:
    """Make a function that averages the task's loss over withheld batches, as ``val_loss``."""

    def validate(task: Task) -> dict[str, float]:
        return {"val_loss": sum(float(task.loss(batch)) for batch in batches) / len(batches)}

    return validate
