"""When a training with a budget is looked at: at equal shares of it."""

from typing import TYPE_CHECKING

from pearlite.train.budget import Budget

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer

MOST, APART = 20, 5.0  # rows of the history at most, and CPU seconds between two at least


class Rows:
    """Adds a row to the history at equal shares of the budget, of what is left of it at the start.

    The trainer's own ``every`` is then to be beyond all steps.

    Parameters
    ----------
    budget
        Says how much is spent.

    Attributes
    ----------
    count : int
        Rows of a whole training.
    """

    def __init__(self, budget: Budget) -> None:
        most = MOST if budget.steps is not None else int(budget.seconds / APART)
        self.budget, self.count, self.reached = budget, max(1, min(MOST, most)), 0

    def begin(self, trainer: "Trainer") -> None:
        """Leave out what was spent before: a ``"start"`` event."""
        self.reached = int(self.budget.share(trainer.step) * self.count) if trainer.step else 0

    def follow(self, trainer: "Trainer") -> None:
        """Add a row if one is due: a ``"step"`` event."""
        due = int(self.budget.share(trainer.step) * self.count)
        if due > self.reached:
            self.reached = due
            trainer.judge()
