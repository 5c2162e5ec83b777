"""What a token is together with those right before it: tables of pairs, of triples and so on.

Axes: B batch, T tokens that come, S tokens of the window so far, D features.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.errors import InputError

MIX = 0x2545F4914F6CDD1D  # an odd number with bits all over, which spreads the numbers of n-grams


class NGram(nn.Module):
    """A learned vector for every n tokens in a row; all of them begin at 0.

    Where the table has a row for each n-gram, each has its own; otherwise a hash says which ones
    share a row (Svenstrup, Hansen and Winther, Hash embeddings, NeurIPS 2017).

    Parameters
    ----------
    n
        Tokens in a row, the last of which is the one that the vector is added to.
    rows
        Of the table; ``(vocabulary + 1) ** n`` give each n-gram its own.
    vocabulary, width
        Number of different tokens; features of a vector.

    Raises
    ------
    InputError
        If there is no row.
    """

    def __init__(self, n: int, rows: int, vocabulary: int, width: int) -> None:
        super().__init__()
        if rows < 1:
            raise InputError(f"a table of {n}-grams with {rows} rows; it needs at least 1")
        self.n, self.base = n, vocabulary + 1
        self.weight = nn.Parameter(torch.zeros(rows, width))

    def forward(self, known_BS: Tensor, new: int) -> Tensor:
        """Map the window to a vector for each of its last `new` tokens, ``(B, new, width)``.

        Parameters
        ----------
        known_BS
            int64: the number of a token plus 1, and 0 where there is none.
        new
            Tokens that come, T.
        """
        rows, S = len(self.weight), known_BS.shape[1]
        before_BS = F.pad(known_BS, (self.n - 1, 0))
        number_BT = torch.zeros_like(known_BS[:, S - new :])
        for back in reversed(range(self.n)):
            first = S - new + self.n - 1 - back
            number_BT = number_BT * self.base + before_BS[:, first : first + new]
        if self.base**self.n > rows:
            number_BT = number_BT * MIX
            number_BT = ((number_BT >> 29) ^ number_BT) * MIX
            number_BT = (number_BT >> 17) % rows
        return F.embedding(number_BT, self.weight)

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return f"n={self.n}, {self.weight.shape[0]}, {self.weight.shape[1]}"
