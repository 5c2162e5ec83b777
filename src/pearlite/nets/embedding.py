"""From tokens to vectors that know what they are and where they stand.

Axes: B batch, T tokens, D features.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.errors import InputError
from pearlite.nets.position import Learned, sinusoidal

SPREADS = {  # standard deviation of the first vectors by the kind of positions that join them
    "sinusoidal": 1.0,
    "learned": 0.1,
    "rotary": 1.0,
}  # of 1, 0.1 and 0.02 the one that learned fastest: docs/nets/transformer.md


class Embedding(nn.Module):
    """A learned vector for every token of the vocabulary, plus one for its place in the row.

    The vector is a row of a table: the product of that table and the token written as one 1 among
    zeros.

    Parameters
    ----------
    vocabulary, width
        Number of different tokens; features of a vector.
    context
        Most tokens in a row.
    positions
        ``"sinusoidal"``, ``"learned"``, or ``"rotary"``, which leaves it to the attention to tell
        the places (see `pearlite.nets.position`).
    generator
        Draws the initial vectors.

    Raises
    ------
    InputError
        If there are no such `positions`; when it is called, if a row is longer than `context`.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        *,
        context: int,
        positions: str = "sinusoidal",
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if positions not in SPREADS:
            raise InputError(f"positions={positions!r} must be one of {', '.join(SPREADS)}")
        self.context = context
        self.weight = nn.Parameter(torch.empty(vocabulary, width))
        with torch.no_grad():
            self.weight.normal_(0, SPREADS[positions], generator=generator)
        self.place = nn.Identity()
        if positions == "sinusoidal":
            self.place = Fixed(sinusoidal(context, width))
        elif positions == "learned":
            self.place = Learned(context, width, generator=generator)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Map token numbers, int64 ``(B, T)``, to vectors ``(B, T, width)``."""
        if tokens_BT.shape[1] > self.context:
            raise InputError(
                f"{tokens_BT.shape[1]} tokens in a row, but the network was built for a context "
                f"of {self.context}; cut the row, or build it with a longer context"
            )
        return self.place(F.embedding(tokens_BT, self.weight))

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return f"{len(self.weight)}, {self.weight.shape[1]}, context={self.context}"


class Fixed(nn.Module):
    """Adds to each token the vector of its place, from a table that is not learned.

    Parameters
    ----------
    table_TD
        A vector for every place, as `pearlite.nets.position.sinusoidal` makes them.
    """

    table_TD: Tensor

    def __init__(self, table_TD: Tensor) -> None:
        super().__init__()
        self.register_buffer("table_TD", table_TD, persistent=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Map ``(B, T, D)`` to the same shape."""
        return x_BTD + self.table_TD[: x_BTD.shape[1]]
