"""Networks over tokens beside the transformer decoder: one that reads both ways, one with a memory.

Axes: B batch, T tokens, D features, V vocabulary.
"""

from typing import Any

import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.dense import Dense
from pearlite.nets.embedding import Embedding
from pearlite.nets.recurrent import GRUCell, LSTMCell, Recurrent, RNNCell
from pearlite.nets.transformer import TransformerEncoder

CELLS = {"rnn": RNNCell, "gru": GRUCell, "lstm": LSTMCell}


class MaskedLanguageModel(nn.Module):
    """An encoder and a dense layer that says which token belongs to each place.

    Devlin et al., BERT, NAACL 2019.

    Parameters
    ----------
    vocabulary
        Number of different tokens.
    width
        Features of a token.
    generator
        Draws the initial weights.
    **options
        Of `pearlite.nets.transformer.TransformerEncoder`.
    """

    def __init__(
        self, vocabulary: int, *, width: int = 64, generator: torch.Generator, **options: Any
    ) -> None:
        super().__init__()
        self.encoder = TransformerEncoder(vocabulary, width=width, generator=generator, **options)
        self.head = Dense(width, vocabulary, generator=generator)

    def forward(self, tokens_BT: Tensor, padding_BT: Tensor | None = None) -> Tensor:
        """Map tokens, int64 ``(B, T)``, to logits ``(B, T, V)``."""
        return self.head(self.encoder(tokens_BT, padding_BT))


class RecurrentLanguageModel(nn.Module):
    """Layers of recurrent cells that read a text and say what comes next.

    Mikolov et al., Recurrent neural network based language model, Interspeech 2010.

    Parameters
    ----------
    vocabulary
        Number of different tokens.
    context
        Most tokens in a row.
    width, depth
        Features of a token and of a layer's memory; number of layers.
    cell
        ``"lstm"``, ``"gru"`` or ``"rnn"``.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there is no such `cell`; when it is called, if a row is longer than `context`.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        context: int = 256,
        width: int = 64,
        depth: int = 1,
        cell: str = "lstm",
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise InputError(f"cell={cell!r} must be one of {', '.join(CELLS)}")
        self.embed = Embedding(
            vocabulary, width, context=context, positions="rotary", generator=generator
        )
        make = CELLS[cell]
        self.layers = nn.Sequential(
            *(Recurrent(make(width, width, generator=generator)) for _ in range(depth))
        )
        self.head = Dense(width, vocabulary, generator=generator)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Map tokens, int64 ``(B, T)``, to logits ``(B, T, V)`` of the next ones."""
        return self.logits(self.features(tokens_BT))

    def features(self, tokens_BT: Tensor) -> Tensor:
        """Return what is known after each token, of which `logits` are made: ``(B, T, width)``."""
        return self.layers(self.embed(tokens_BT))

    def logits(self, x_BTD: Tensor) -> Tensor:
        """Map features to logits."""
        return self.head(x_BTD)
