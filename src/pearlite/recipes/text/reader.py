"""Networks that read a text and answer: an LSTM or an encoder, the mean over the text, a layer.

Axes: B batch, T tokens, D features.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pearlite.data.tokens import Tokeniser
from pearlite.nets.dense import Dense
from pearlite.nets.dropout import Dropout
from pearlite.nets.embedding import Embedding
from pearlite.nets.lstm import LSTM
from pearlite.task import Task
from pearlite.train.losses import cross_entropy, mse

NOTHING = -1  # fills a row up behind the end of its text
STEP = 32  # rows are cut to multiples of it: kernels are made for every new length


class LSTMTrunk(nn.Module):
    """A vector for each token, and layers of LSTM cells over them.

    Parameters
    ----------
    vocabulary, context
        Number of different tokens; most of them in a row.
    width
        Features of a token and of the memory.
    generator
        Draws the initial weights.
    """

    def __init__(
        self, vocabulary: int, *, context: int, width: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.embed = Embedding(
            vocabulary, width, context=context, positions="rotary", generator=generator
        )
        self.lstm = LSTM(width, width, width=width, generator=generator)

    def forward(self, tokens_BT: Tensor, padding_BT: Tensor) -> Tensor:
        """Map tokens, int64 ``(B, T)``, to features ``(B, T, width)``."""
        return self.lstm(self.embed(tokens_BT))


class Reader(nn.Module):
    """The mean of a trunk's features over a text, and a dense layer.

    Parameters
    ----------
    trunk
        Maps tokens and which of them are real, ``(B, T)`` both, to features ``(B, T, width)``.
    width, outputs
        Features of the trunk; numbers that are answered.
    dropout
        Share of the mean that training leaves out at random.
    generator
        Draws the initial weights of the layer.
    """

    def __init__(
        self,
        trunk: nn.Module,
        width: int,
        outputs: int,
        *,
        dropout: float = 0.1,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = Dropout(dropout)
        self.head = Dense(width, outputs, generator=generator)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Map tokens, int64 ``(B, T)`` with `NOTHING` behind each text, to ``(B, outputs)``."""
        real_BT = tokens_BT != NOTHING
        longest = STEP * math.ceil(int(real_BT.sum(1).max()) / STEP)
        tokens_BT, real_BT = tokens_BT[:, :longest], real_BT[:, :longest]
        features_BTD = self.trunk(tokens_BT.clamp(min=0), real_BT)
        kept_BT1 = real_BT.unsqueeze(-1).to(features_BTD.dtype)
        mean_BD = (features_BTD * kept_BT1).sum(1) / kept_BT1.sum(1)
        return self.head(self.dropout(mean_BD))


class Reading(Task):
    """Say what a text stands for; a batch is ``(tokens_BT, y_B)``.

    Parameters
    ----------
    reader
        Answers logits of classes, or one number.
    classes
        Whether y holds classes.
    """

    def __init__(self, reader: Reader, classes: bool) -> None:
        super().__init__()
        self.reader, self.classes = reader, classes

    def f(self, x: Tensor) -> Tensor:
        """Return logits ``(B, K)``, or numbers ``(B,)``."""
        said_BK = self.reader(x)
        return said_BK if self.classes else said_BK[:, 0]

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Return the mean cross-entropy, or the mean squared error."""
        return cross_entropy(y_hat, y) if self.classes else mse(y_hat, y)


def rows_of(tokeniser: Tokeniser, texts: Sequence[str], context: int) -> Tensor:
    """Return the first tokens of each text, int64 ``(N, T)``, `NOTHING` behind each.

    A text without tokens is read as an end.
    """
    encoded = tokeniser.encode_all(texts)
    cut = [torch.from_numpy(tokens[:context]) for tokens in encoded]
    cut = [tokens if len(tokens) else torch.tensor([tokeniser.end]) for tokens in cut]
    return nn.utils.rnn.pad_sequence(cut, batch_first=True, padding_value=NOTHING)
