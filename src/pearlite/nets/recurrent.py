"""Networks that read a sequence step by step and carry a state along.

A cell takes one step; `Recurrent` takes them all. Every state is a tuple of ``(B, W)``, the first
of which is what the cell shows to the outside. Axes: B batch, T steps, D inputs, W width of the
state, G gates times W.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from pearlite.nets.dense import Dense

State = tuple[Tensor, ...]


class _Cell(nn.Module, ABC):
    """Two dense layers, from the input and from the state, whose sum drives all gates."""

    gates = 1  # blocks of `width` that the dense layers make
    parts = 1  # tensors of the state

    def __init__(self, inputs: int, width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.inputs, self.width = inputs, width
        self.from_input = Dense(inputs, self.gates * width, generator=generator)
        self.from_state = Dense(width, self.gates * width, generator=generator)

    def begin(self, x: Tensor) -> State:
        """Return a state of zeros for a batch like `x`, whose first axis is B."""
        return self.parts * (x.new_zeros(x.shape[0], self.width),)

    def forward(self, x_BD: Tensor, state: State) -> State:
        """Take one step: the input ``(B, inputs)`` and the state before to the state after."""
        return self.step(self.from_input(x_BD), state)

    @abstractmethod
    def step(self, seen_BG: Tensor, state: State) -> State:
        """Take one step, of whose input `from_input` has been taken already."""


class RNNCell(_Cell):
    """h′ = tanh(W x + U h + b) (Elman, Cognitive Science 14, 179, 1990).

    Parameters
    ----------
    inputs
        Numbers that come in at each step, D.
    width
        Numbers in the state, W.
    generator
        Draws the initial weights.
    """

    def step(self, seen_BG: Tensor, state: State) -> State:
        """Return ``(h,)``."""
        (h_BW,) = state
        return (torch.tanh(seen_BG + self.from_state(h_BW)),)


class GRUCell(_Cell):
    """h′ = (1 - z) n + z h, where z says how much of the state stays.

    z = σ(W_z x + U_z h + b_z), r = σ(W_r x + U_r h + b_r),
    n = tanh(W_n x + b_n + r (U_n h + b_h)). Cho et al., EMNLP 2014. Parameters as of `RNNCell`.
    """

    gates = 3

    def step(self, seen_BG: Tensor, state: State) -> State:
        """Return ``(h,)``."""
        (h_BW,) = state
        seen_r, seen_z, seen_n = seen_BG.chunk(3, dim=-1)
        kept_r, kept_z, kept_n = self.from_state(h_BW).chunk(3, dim=-1)
        r, z = torch.sigmoid(seen_r + kept_r), torch.sigmoid(seen_z + kept_z)
        n = torch.tanh(seen_n + r * kept_n)
        return (n + z * (h_BW - n),)


class LSTMCell(_Cell):
    """c′ = f c + i g and h′ = o tanh(c′): a memory c that is only scaled and added to.

    i, f, o = σ(W x + U h + b) and g = tanh(W x + U h + b), each with its own W, U, b.
    Hochreiter and Schmidhuber, Neural Computation 9, 1735 (1997), with the forget gate of Gers,
    Schmidhuber and Cummins, Neural Computation 12, 2451 (2000). Parameters as of `RNNCell`.
    """

    gates = 4
    parts = 2

    def step(self, seen_BG: Tensor, state: State) -> State:
        """Return ``(h, c)``."""
        h_BW, c_BW = state
        i, f, g, o = (seen_BG + self.from_state(h_BW)).chunk(4, dim=-1)
        c_BW = torch.sigmoid(f) * c_BW + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c_BW), c_BW


class Recurrent(nn.Module):
    """Runs a cell over a sequence from a state of zeros.

    Parameters
    ----------
    cell
        `RNNCell`, `GRUCell` or `LSTMCell`.
    """

    def __init__(self, cell: RNNCell | GRUCell | LSTMCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Map ``(B, T, D)`` to what the cell shows after each step, ``(B, T, W)``."""
        state = self.cell.begin(x_BTD)
        shown: list[Tensor] = []
        for seen_BG in self.cell.from_input(x_BTD).unbind(1):
            state = self.cell.step(seen_BG, state)
            shown.append(state[0])
        return torch.stack(shown, dim=1)
