"""Transformers: text in, features out (the encoder) or the next token (the decoder).

Axes: B batch, T tokens, S tokens of another sequence, D features. A padding is True where a token
is real and False where it only fills a row up.
"""

import torch
from torch import Tensor, nn

from pearlite.nets.block import Blocks
from pearlite.nets.dense import Dense
from pearlite.nets.dropout import Dropout
from pearlite.nets.embedding import Embedding


class TransformerEncoder(nn.Module):
    """Every token looks at all tokens: features for understanding a text (as in BERT, 1810.04805).

    Parameters
    ----------
    vocabulary
        Number of different tokens.
    context
        Most tokens in a row.
    width, depth, heads
        Features of a token; number of blocks; attention heads that share the features.
    positions
        How a token knows its place: ``"sinusoidal"``, ``"learned"`` or ``"rotary"``.
    dropout
        Share that training leaves out at random, of the tokens' features and of what a block adds.
    norm
        ``"layer"`` or ``"rms"``.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there are no such `positions` or no such `norm`; when it is called, if a row is longer
        than `context`.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        context: int = 256,
        width: int = 64,
        depth: int = 4,
        heads: int = 4,
        positions: str = "sinusoidal",
        dropout: float = 0.0,
        norm: str = "layer",
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.embed = Embedding(
            vocabulary, width, context=context, positions=positions, generator=generator
        )
        self.dropout = Dropout(dropout)
        self.trunk = Blocks(
            depth,
            width,
            heads,
            rotary=positions == "rotary",
            dropout=dropout,
            norm=norm,
            generator=generator,
        )

    def forward(self, tokens_BT: Tensor, padding_BT: Tensor | None = None) -> Tensor:
        """Map token numbers, int64 ``(B, T)``, to features ``(B, T, width)``."""
        return self.trunk(self.dropout(self.embed(tokens_BT)), padding_BT=padding_BT)


class TransformerDecoder(nn.Module):
    """Every token looks at itself and those before, and says what comes next (as in GPT).

    With ``cross=True`` it also looks at a memory, such as the features of an encoder: the decoder
    of Vaswani et al., arXiv 1706.03762. Without, it is a language model by itself (Radford et al.,
    "Improving language understanding by generative pre-training", 2018).

    Parameters
    ----------
    vocabulary
        Number of different tokens.
    context
        Most tokens in a row.
    width, depth, heads
        Features of a token, and of the memory; number of blocks; attention heads that share the
        features.
    positions
        How a token knows its place: ``"sinusoidal"``, ``"learned"`` or ``"rotary"``.
    cross
        Look at a memory, which every call then has to bring.
    dropout
        Share that training leaves out at random, of the tokens' features and of what a block adds.
    norm
        ``"layer"`` or ``"rms"``.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there are no such `positions` or no such `norm`; when it is called, if a row is longer
        than `context`, or a memory is missing or not wanted.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        context: int = 256,
        width: int = 64,
        depth: int = 4,
        heads: int = 4,
        positions: str = "sinusoidal",
        cross: bool = False,
        dropout: float = 0.0,
        norm: str = "layer",
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.embed = Embedding(
            vocabulary, width, context=context, positions=positions, generator=generator
        )
        self.dropout = Dropout(dropout)
        self.trunk = Blocks(
            depth,
            width,
            heads,
            causal=True,
            cross=cross,
            rotary=positions == "rotary",
            dropout=dropout,
            norm=norm,
            generator=generator,
        )
        self.head = Dense(width, vocabulary, generator=generator)

    def forward(
        self,
        tokens_BT: Tensor,
        memory_BSD: Tensor | None = None,
        *,
        padding_BT: Tensor | None = None,
        memory_padding_BS: Tensor | None = None,
    ) -> Tensor:
        """Map token numbers, int64 ``(B, T)``, to logits ``(B, T, vocabulary)`` of the next one."""
        x_BTD = self.dropout(self.embed(tokens_BT))
        x_BTD = self.trunk(
            x_BTD, memory_BSD, padding_BT=padding_BT, memory_padding_BS=memory_padding_BS
        )
        return self.head(x_BTD)
