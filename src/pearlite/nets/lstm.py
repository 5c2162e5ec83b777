"""LSTM: a network with a memory that reads a sequence from left to right.

Axes: B batch, T time, D features.
"""

import torch
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.dense import Dense
from pearlite.nets.recurrent import LSTMCell, Recurrent


class LSTM(nn.Module):
    """Layers of LSTM cells, one reading what the other says, and a dense layer on the last.

    Long short-term memory of Hochreiter & Schmidhuber, Neural Computation 9, 1735 (1997), with the
    forget gate of Gers, Schmidhuber & Cummins, Neural Computation 12, 2451 (2000).

    Parameters
    ----------
    inputs, outputs
        Features of the sequence and of the result.
    width
        Features that a layer remembers.
    layers
        Number of layers.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        If there is no layer.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 64,
        layers: int = 1,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if layers < 1:
            raise InputError(f"layers={layers}: an LSTM needs at least 1")
        self.layers = nn.Sequential(
            *(
                Recurrent(LSTMCell(features, width, generator=generator))
                for features in [inputs] + [width] * (layers - 1)
            )
        )
        self.head = Dense(width, outputs, generator=generator)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Map ``(B, T, inputs)`` to ``(B, T, outputs)``; a moment sees itself and the past."""
        return self.head(self.layers(x_BTD))
