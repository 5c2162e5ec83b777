"""The mean of the last outputs of a network, without keeping them all."""

from collections import deque

import torch
from torch import Tensor


class RecentMean:
    """Mean of the most recent tensors, from partial sums of consecutive ones.

    Parameters
    ----------
    window
        Most tensors in the mean. Once so many were added, the mean holds between
        ``window - window // blocks + 1`` and `window` of them.
    blocks
        Number of partial sums: this many tensors stay in memory instead of `window`.
        It divides `window`.
    """

    def __init__(self, window: int = 100, blocks: int = 10) -> None:
        self.block_size = window // blocks
        self.sums: deque[Tensor] = deque(maxlen=blocks)
        self.counts: deque[int] = deque(maxlen=blocks)

    def add(self, tensor: Tensor) -> None:
        """Take one more tensor in; the oldest partial sum goes when there is one too many."""
        if not self.counts or self.counts[-1] == self.block_size:
            self.sums.append(torch.zeros_like(tensor))
            self.counts.append(0)
        self.sums[-1] += tensor
        self.counts[-1] += 1

    def mean(self) -> Tensor:
        """Mean of what is in the window; `add` was called before."""
        return torch.stack(list(self.sums)).sum(0) / sum(self.counts)

    def state_dict(self) -> dict[str, list]:
        """Return the partial sums, for a `State` to keep."""
        return {"sums": list(self.sums), "counts": list(self.counts)}

    def load_state_dict(self, state: dict[str, list]) -> None:
        """Take partial sums back."""
        self.sums.extend(state["sums"])
        self.counts.extend(state["counts"])
