"""A progress bar for a training that ends when its budget is spent, with the time that is left."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pearlite.train.budget import Budget
    from pearlite.train.trainer import Trainer


def budget_bar(
    budget: "Budget", description: str, show: bool = True
) -> "dict[str, list[Callable[[Trainer], None]]]":
    """Make the events of a trainer that draws how much of its budget is spent, on stderr.

    Parameters
    ----------
    budget
        Says how much is spent.
    description
        What is being done, in a few words; beside it stands the newest loss of the validation.
    show
        ``False`` draws nothing; neither does a stderr that is no terminal, nor, of several
        processes, any but the first.
    """
    bar = _Bar(budget, description, show)
    return {"start": [bar.open], "step": [bar.follow], "end": [bar.close]}


class _Bar:
    def __init__(self, budget: "Budget", description: str, show: bool) -> None:
        self.budget, self.description, self.show = budget, description, show
        self.progress: Any = None
        self.task: Any = None

    def open(self, trainer: "Trainer") -> None:
        if not (self.show and sys.stderr.isatty() and trainer.rank == 0):
            return
        from rich.console import Console
        from rich.progress import Progress, TimeRemainingColumn

        columns = (*Progress.get_default_columns()[:-1], TimeRemainingColumn(compact=True))
        self.progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.progress.add_task(self.description, total=1.0)
        self.progress.start()

    def follow(self, trainer: "Trainer") -> None:
        if self.progress is not None:
            last = trainer.history[-1] if trainer.history else {}
            said = f" ({last['val_loss']:.3f})" if "val_loss" in last else ""
            self.progress.update(
                self.task,
                completed=self.budget.share(trainer.step),
                description=self.description + said,
            )

    def close(self, _trainer: "Trainer") -> None:
        if self.progress is not None:
            self.progress.stop()
            self.progress = None
