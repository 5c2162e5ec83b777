"""What a trainer may watch: functions of the task that return named numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from pearlite.data.batch import samples_in
from pearlite.task import Task


def mean_loss(batches: Sequence[Any]) -> Callable[[Task], dict[str, float]]:
    """Make a function that averages the task's loss over withheld samples, as ``val_loss``.

    Every batch counts by its number of samples; `pearlite.data.stream.in_order` makes batches.
    """
    counts = [samples_in(batch) for batch in batches]

    def validate(task: Task) -> dict[str, float]:
        losses = [float(task.loss(batch)) for batch in batches]
        total = sum(loss * count for loss, count in zip(losses, counts, strict=True))
        return {"val_loss": total / sum(counts)}

    return validate
