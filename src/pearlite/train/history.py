"""What the training said on its way: one row a validation."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pearlite.errors import InputError

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer

Row = dict[str, float]


class MeanLosses:
    """Mean loss of every player since the last row; it stays on its device until `take`."""

    def __init__(self) -> None:
        self.sums: dict[str, list[Tensor]] = {}  # of all but the last losses, then those singly
        self.counts: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self.sums)

    def add(self, player: str, loss: Tensor) -> None:
        """Count one more loss of a player; they are added up by the hundred, which is quicker."""
        (sums := self.sums.setdefault(player, [])).append(loss)
        if len(sums) == 100:
            sums[:] = [torch.stack(sums).sum()]
        self.counts[player] = self.counts.get(player, 0) + 1

    def take(self, step: int) -> Row:
        """Return the means as ``loss`` or ``loss_PLAYER``, and begin anew.

        Raises
        ------
        InputError
            If one of them is not finite.
        """
        row = {}
        for player, sums in self.sums.items():
            name = f"loss_{player}" if player else "loss"
            row[name] = float(torch.stack(sums).sum()) / self.counts[player]
            if not math.isfinite(row[name]):
                raise InputError(
                    f"{name} is {row[name]} at step {step}; "
                    "lower the learning rate, or look for extreme values in the data"
                )
        self.sums, self.counts = {}, {}
        return row


def write_history(path: Path) -> "Callable[[Trainer], None]":
    """Make a ``"validate"`` event that appends the newest row to a CSV file.

    A file of an earlier training is replaced at the first row, one of a training that goes on gets
    the rows before. Of several processes the first one writes, each row as soon as it exists.
    """
    written = 0

    def append_row(trainer: "Trainer") -> None:
        nonlocal written
        if trainer.rank != 0:
            return
        anew = written != len(trainer.history) - 1 or written == 0
        with path.open("w" if anew else "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(trainer.history[0]))
            if anew:
                writer.writeheader()
            writer.writerows(trainer.history if anew else trainer.history[-1:])
        written = len(trainer.history)

    return append_row
