"""What a decoder has read already, kept so that every token is read once.

Axes: B batch, G heads of keys and values, T tokens that come, S tokens of the window, D width of a
head. A padding is True where a token is real and False where it only fills a row up.
"""

import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.step import Step


class KVCache:
    """The window of a text that is being read, with its keys and values in every block.

    ``decoder(tokens_BT, cache=cache)`` reads on and gives the logits of the new tokens only. When
    the window is full, the decoder reads the last part of it again as the beginning of a new one:
    its first half is forgotten at once, so that this happens seldom. `window_start` says where.

    The memory is taken whole when the first tokens come, of their batch, dtype and device. Use it
    without gradients, and always in the same mode (``torch.no_grad`` or ``torch.inference_mode``);
    a decoder whose weights have changed needs a new one.

    Parameters
    ----------
    context
        Most tokens in a window: the decoder's.

    Attributes
    ----------
    length : int
        Columns of the window in use, S, padding included.
    start : int
        Columns that the blocks have read: those from here on are new.

    Examples
    --------
    >>> import torch
    >>> from pearlite.nets import build
    >>> decoder = build("transformer-decoder", vocabulary=50, context=8).eval()
    >>> cache = KVCache(decoder.context)
    >>> with torch.no_grad():
    ...     first = decoder(torch.tensor([[3, 1, 4]]), cache=cache)
    ...     second = decoder(torch.tensor([[1]]), cache=cache)
    >>> second.shape, cache.length
    (torch.Size([1, 1, 50]), 4)
    """

    def __init__(self, context: int) -> None:
        self.context = context
        self.length = self.start = 0
        self._tokens_BS: Tensor | None = None
        self._padding_BS: Tensor | None = None
        self._blocks: list[BlockCache] = []
        self._step: Step | None = None

    @property
    def tokens_BS(self) -> Tensor:
        """The tokens of the window, int64."""
        if self._tokens_BS is None:
            raise InputError("the cache is empty: let the decoder read something first")
        return self._tokens_BS[:, : self.length]

    @property
    def padding_BS(self) -> Tensor | None:
        """Which tokens of the window are real; None where all are."""
        return None if self._padding_BS is None else self._padding_BS[:, : self.length]

    def read(self, tokens_BT: Tensor, padding_BT: Tensor | None = None) -> None:
        """Take new tokens into the window; those from `start` on are to be read by the blocks.

        Raises
        ------
        InputError
            If there are more tokens than fit into a window, or the batch is another one.
        """
        B, T = tokens_BT.shape
        if self.context < T:
            raise InputError(
                f"{T} tokens at once, but a window holds {self.context}: give the last of them"
            )
        if self._tokens_BS is None:
            self._tokens_BS = tokens_BT.new_zeros(B, self.context)
        if len(self._tokens_BS) != B:
            raise InputError(
                f"{B} rows were given to a cache of {len(self._tokens_BS)}; use `select` to keep "
                "some of its rows, or a new cache"
            )
        if padding_BT is not None and self._padding_BS is None:
            self._padding_BS = torch.ones_like(self._tokens_BS, dtype=torch.bool)
        if self.length + T > self.context:
            self._move(T)
        else:
            self.start = self.length
        self.length += T
        self._tokens_BS[:, self.length - T : self.length] = tokens_BT
        if self._padding_BS is not None:
            real_BT = True if padding_BT is None else padding_BT
            self._padding_BS[:, self.length - T : self.length] = real_BT

    def block(self, number: int) -> "BlockCache":
        """Return the keys and values of a block."""
        if number == len(self._blocks):
            self._blocks.append(BlockCache(self))
        return self._blocks[number]

    def step(self, trunk: nn.Module) -> Step:
        """Return the fast way of one new token a row through these blocks."""
        if self._step is None:
            self._step = Step(trunk)
        return self._step

    def rewind(self, count: int) -> None:
        """Forget the last columns, as if they had not been read; `InputError` if there are less."""
        if not 0 <= count <= self.length:
            raise InputError(f"the window holds {self.length} tokens; {count} cannot be forgotten")
        self.length -= count
        self.start = self.length

    def select(self, rows_N: Tensor) -> None:
        """Keep these rows of the batch, by number or as bool, in the order given."""
        if self._tokens_BS is not None:
            self._tokens_BS = self._tokens_BS[rows_N]
        if self._padding_BS is not None:
            self._padding_BS = self._padding_BS[rows_N]
        for block in self._blocks:
            block.select(rows_N)

    def _move(self, coming: int) -> None:
        """Leave only what stays of the window when `coming` tokens are added; all is read anew."""
        tokens_BS, padding_BS = self.tokens_BS, self.padding_BS
        rows = [
            row_S if padding_BS is None else row_S[padding_BS[b]]
            for b, row_S in enumerate(tokens_BS)
        ]
        kept = [row_S[window_start(len(row_S) + coming, self.context) :] for row_S in rows]
        width = max(len(row_S) for row_S in kept)
        uneven = any(len(row_S) < width for row_S in kept)
        if uneven and self._padding_BS is None:
            self._padding_BS = torch.ones_like(tokens_BS, dtype=torch.bool)
        for b, row_S in enumerate(kept):
            assert self._tokens_BS is not None
            self._tokens_BS[b, width - len(row_S) : width] = row_S
            if self._padding_BS is not None:
                self._padding_BS[b, : width - len(row_S)] = False
                self._padding_BS[b, width - len(row_S) : width] = True
        self.length, self.start = width, 0


class BlockCache:
    """Keys and values of one block, as far as its cache has read."""

    def __init__(self, cache: KVCache) -> None:
        self.cache = cache
        self._kept_BGSD: list[Tensor] = []

    @property
    def start(self) -> int:
        """Place of the first new token in the window."""
        return self.cache.start

    def extend(self, keys_BGTD: Tensor, values_BGTD: Tensor) -> tuple[Tensor, Tensor]:
        """Keep those of the new tokens, and return those of the whole window."""
        start, stop = self.cache.start, self.cache.length
        if not self._kept_BGSD:
            B, G, _, D = keys_BGTD.shape
            shape = (B, G, self.cache.context, D)
            self._kept_BGSD = [keys_BGTD.new_zeros(shape) for _ in range(2)]
        keys_BGSD, values_BGSD = self._kept_BGSD
        keys_BGSD[:, :, start:stop] = keys_BGTD
        values_BGSD[:, :, start:stop] = values_BGTD
        return keys_BGSD[:, :, :stop], values_BGSD[:, :, :stop]

    def select(self, rows_N: Tensor) -> None:
        """Keep these rows of the batch."""
        self._kept_BGSD = [kept_BGSD[rows_N] for kept_BGSD in self._kept_BGSD]


def window_start(length: int, context: int) -> int:
    """Return where the window of a text of that length begins.

    At 0 while the text fits; then it jumps by half a context whenever the window is full, so that
    a text's window is a function of its length alone, whether read with a cache or without.
    """
    if length <= context:
        return 0
    hop = context - context // 2
    return hop * -(-(length - context) // hop)
