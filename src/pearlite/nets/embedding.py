"""From tokens to vectors that know what they are and where they stand.

Axes: B batch, S tokens of the window so far, T those of them that are new, D features.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.errors import InputError
from pearlite.nets.ngram import NGram
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
    spread
        Standard deviation of the first vectors; None: that of `SPREADS`.
    ngrams
        Rows of the tables of pairs, of triples, … whose vectors are added (see `NGram`).
    shift
        Add the vectors of so many tokens before, every feature weighted by a learned number that
        begins at 0 (after Peng et al., RWKV, arXiv 2305.13048).
    generator
        Draws the initial vectors.

    Raises
    ------
    InputError
        If there are no such `positions`, or an n-gram table is empty; when it is called, if a row
        is longer than `context`, or a token is not of the vocabulary.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        *,
        context: int,
        positions: str = "sinusoidal",
        spread: float | None = None,
        ngrams: Sequence[int] = (),
        shift: int = 0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if positions not in SPREADS:
            raise InputError(f"positions={positions!r} must be one of {', '.join(SPREADS)}")
        self.context = context
        self.weight = nn.Parameter(torch.empty(vocabulary, width))
        spread = SPREADS[positions] if spread is None else spread
        with torch.no_grad():
            self.weight.normal_(0, spread, generator=generator)
        self.place: Fixed | Learned | None = None
        if positions == "sinusoidal":
            self.place = Fixed(sinusoidal(context, width))
        elif positions == "learned":
            self.place = Learned(context, width, generator=generator)
        self.ngrams = nn.ModuleList(
            NGram(n, rows, vocabulary, width) for n, rows in enumerate(ngrams, start=2)
        )
        self.shift_ND = nn.Parameter(torch.zeros(shift, width)) if shift else None

    def forward(
        self, tokens_BS: Tensor, padding_BS: Tensor | None = None, *, new: int | None = None
    ) -> Tensor:
        """Map token numbers to vectors ``(B, T, width)``.

        Parameters
        ----------
        tokens_BS
            int64, the window: places count from its first real token.
        padding_BS
            bool, True for a real token, False for one that fills up.
        new
            How many vectors are wanted, of the last tokens; None: of all.
        """
        S = tokens_BS.shape[1]
        new = S if new is None else new
        if self.context < S:
            raise InputError(
                f"{S} tokens in a row, but the network was built for a context "
                f"of {self.context}; cut the row, or build it with a longer context"
            )
        if self.shift_ND is None:
            x_BTD = self._vectors(tokens_BS[:, S - new :])
        else:
            x_BTD = self._shifted(self.shift_ND, tokens_BS, padding_BS, new)
        if self.ngrams:
            known_BS = tokens_BS + 1 if padding_BS is None else (tokens_BS + 1) * padding_BS
            for table in self.ngrams:
                x_BTD = x_BTD + table(known_BS, new)
        if self.place is None:
            return x_BTD
        if padding_BS is None:
            return self.place(x_BTD, slice(S - new, S))
        return self.place(x_BTD, (padding_BS.cumsum(1) - 1).clamp(min=0)[:, S - new :])

    def _vectors(self, tokens_BT: Tensor) -> Tensor:
        """Look the tokens up."""
        try:
            return F.embedding(tokens_BT, self.weight)
        except IndexError as error:
            raise InputError(
                f"tokens from {int(tokens_BT.min())} to {int(tokens_BT.max())} were given, the "
                f"vocabulary has 0 to {len(self.weight) - 1}: were they made by another tokeniser?"
            ) from error

    def _shifted(
        self, shift_ND: Tensor, tokens_BS: Tensor, padding_BS: Tensor | None, new: int
    ) -> Tensor:
        """Look the new tokens up, and add the weighted vectors of those before each."""
        S, most = tokens_BS.shape[1], len(shift_ND)
        first = max(S - new - most, 0)
        known_BTD = self._vectors(tokens_BS[:, first:])
        if padding_BS is not None:
            known_BTD = known_BTD * padding_BS[:, first:, None]
        known_BTD = F.pad(known_BTD, (0, 0, most - (S - new - first), 0))
        y_BTD = known_BTD[:, most:]
        for back, weight_D in enumerate(shift_ND, start=1):
            y_BTD = y_BTD + weight_D * known_BTD[:, most - back : most - back + new]
        return y_BTD

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

    def forward(self, x_BTD: Tensor, places: slice | Tensor | None = None) -> Tensor:
        """Map ``(B, T, D)`` to the same shape; `places` as of `Learned`."""
        return x_BTD + (
            self.table_TD[: x_BTD.shape[1]] if places is None else self.table_TD[places]
        )
