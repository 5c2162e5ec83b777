"""Where a token stands, which attention by itself does not know.

Axes: B batch, H heads, T positions, D width.
"""

import torch
from torch import Tensor, nn

from pearlite.errors import InputError

SLOWEST = 10_000.0  # wavelengths run from 2π positions to nearly 2π times this
SPREAD = 0.02  # standard deviation of learned positions at the start (as in BERT and GPT-2)


def sinusoidal(length: int, width: int) -> Tensor:
    """Sine and cosine of t / 10000^(2i/D), in pairs for i = 0, 1, …, to add to tokens.

    Vaswani et al., Attention Is All You Need, NeurIPS 2017.

    Parameters
    ----------
    length
        Positions, T.
    width
        Length of a token, D; even, else `InputError`.

    Returns
    -------
    Tensor
        float32, ``(T, D)``.
    """
    return _waves(torch.arange(length), width)


def sinusoidal_2d(rows: int, columns: int, width: int) -> Tensor:
    """`sinusoidal` of the row in the first half of the width, of the column in the second.

    For the patches of an image, row by row. Beyer, Zhai and Kolesnikov, arXiv 2205.01580.

    Parameters
    ----------
    rows, columns
        Patches along each axis of the image.
    width
        Length of a token, D; a multiple of 4, else `InputError`.

    Returns
    -------
    Tensor
        float32, ``(rows * columns, D)``.
    """
    if width % 4:
        raise InputError(
            f"positions of width {width}: a pair of waves for rows and one for columns need a "
            "multiple of 4"
        )
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.cat([_waves(axis.flatten(), width // 2) for axis in (row, column)], dim=1)


class Learned(nn.Module):
    """Adds to each token a vector that belongs to its position and is trained.

    Parameters
    ----------
    length
        Most positions that can come.
    width
        Length of a token, D.
    generator
        Draws the initial vectors, normal with standard deviation 0.02.
    """

    def __init__(self, length: int, width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(length, width))
        with torch.no_grad():
            self.weight.normal_(0, SPREAD, generator=generator)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Map ``(B, T, D)`` to the same shape; `InputError` if T is more than `length`."""
        if x_BTD.shape[1] > len(self.weight):
            raise InputError(
                f"{x_BTD.shape[1]} tokens, but positions were made for {len(self.weight)}: "
                "shorten the sequence or make the layer longer"
            )
        return x_BTD + self.weight[: x_BTD.shape[1]]

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"


def rotate(x_BHTD: Tensor, positions_T: Tensor) -> Tensor:
    """Turn each pair of values, seen as a point in a plane, by position / 10000^(2i/D) radians.

    The product of a query and a key that are both turned depends on the distance of their
    positions only. Su et al., RoFormer, Neurocomputing 568, 127063 (2024).

    Parameters
    ----------
    x_BHTD
        Queries or keys; D even, else `InputError`.
    positions_T
        The position of each; any numbers.

    Returns
    -------
    Tensor
        Shape and dtype of `x_BHTD`.
    """
    angles_TP = _angles(positions_T, x_BHTD.shape[-1])  # P: pairs
    cos_TP, sin_TP = angles_TP.cos(), angles_TP.sin()
    first, second = x_BHTD.unflatten(-1, (-1, 2)).unbind(-1)
    turned = (first * cos_TP - second * sin_TP, first * sin_TP + second * cos_TP)
    return torch.stack(turned, dim=-1).flatten(-2).to(x_BHTD.dtype)


def _waves(positions_T: Tensor, width: int) -> Tensor:
    angles_TP = _angles(positions_T, width)
    return torch.stack((angles_TP.sin(), angles_TP.cos()), dim=-1).flatten(-2)


def _angles(positions_T: Tensor, width: int) -> Tensor:
    """Position / 10000^(2i/D) for i = 0 … D/2 - 1, float32, ``(T, D/2)``."""
    if width % 2:
        raise InputError(f"positions of width {width}: sine and cosine come in pairs, take it even")
    exponents = torch.arange(0, width, 2, device=positions_T.device) / width
    return positions_T[:, None] / SLOWEST**exponents
