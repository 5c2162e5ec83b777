"""The leash: how far a model may go from the one it started from."""

import math
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer


class Leash:
    """Ends a training whose model has gone too far, and keeps the last weights before that.

    Parameters
    ----------
    network
        What learns.
    budget
        Most divergence, ``kl`` in the rows of the history, in nats an answer.
    watched, best
        A column of the history that has to become smaller than `best`, and than in all rows before,
        for weights to be kept; none where the last ones within the budget are wanted.

    Attributes
    ----------
    kept : int
        Step whose weights are kept, 0 for those at the start.
    """

    def __init__(
        self,
        network: nn.Module,
        budget: float,
        watched: str | None = None,
        best: float = math.inf,
    ) -> None:
        self.network, self.budget, self.watched, self.best = network, budget, watched, best
        self.kept, self._weights = 0, _copied(network)

    def hold(self, trainer: "Trainer") -> None:
        """Keep the weights of the newest row, or stop: a ``"validate"`` event."""
        row = trainer.history[-1]
        if row["kl"] > self.budget:
            trainer.stopped = "budget"
        elif self.watched is None or row[self.watched] < self.best:
            self.best = self.best if self.watched is None else row[self.watched]
            self.kept, self._weights = trainer.step, _copied(self.network)

    def restore(self) -> None:
        """Put the kept weights into the network."""
        self.network.load_state_dict(self._weights)


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}
