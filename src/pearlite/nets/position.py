"""Where a token stands, which attention by itself does not know.

Axes: B batch, H heads, T positions, D width.
"""

import torch
from torch import Tensor, nn

from pearlite.errors import InputError

SLOWEST = 10_000.0  # wavelengths run from 2π positions to nearly 2π times this
PAIRINGS = ("neighbours", "halves")  # values that are turned together
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

    def forward(self, x_BTD: Tensor, places: slice | Tensor | None = None) -> Tensor:
        """Map ``(B, T, D)`` to the same shape; `InputError` if T is more than `length`.

        Parameters
        ----------
        x_BTD
            Tokens.
        places
            Position of each: a slice, or int64 ``(B, T)``; None: from 0.
        """
        if x_BTD.shape[1] > len(self.weight):
            raise InputError(
                f"{x_BTD.shape[1]} tokens, but positions were made for {len(self.weight)}: "
                "shorten the sequence or make the layer longer"
            )
        return x_BTD + (self.weight[: x_BTD.shape[1]] if places is None else self.weight[places])

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
    return _turned(x_BHTD, *_turns(angles_TP, "neighbours"), "neighbours")


class Rotary(nn.Module):
    """`rotate` by the places in a row, with the sines and cosines of the first ones at hand.

    Parameters
    ----------
    width
        Length of a query or key, D; even, else `InputError`.
    length
        Places at hand; those of longer rows are computed when they come.
    base
        Takes the place of 10000.
    pairing
        Which values are a pair: ``"neighbours"``, as in the paper, or ``"halves"``, value i and
        value i + D/2, as in Llama; others raise `InputError`.
    """

    cos_TD: Tensor
    sin_TD: Tensor

    def __init__(
        self,
        width: int,
        *,
        length: int = 0,
        base: float = SLOWEST,
        pairing: str = "neighbours",
    ) -> None:
        super().__init__()
        if pairing not in PAIRINGS:
            raise InputError(f"pairing={pairing!r} must be one of {', '.join(PAIRINGS)}")
        self.width, self.length, self.base, self.pairing = width, length, base, pairing
        cos_TD, sin_TD = _turns(_angles(torch.arange(length), width, base), pairing)
        self.register_buffer("cos_TD", cos_TD, persistent=False)
        self.register_buffer("sin_TD", sin_TD, persistent=False)

    def forward(self, x_BHTD: Tensor, start: int = 0) -> Tensor:
        """Turn queries or keys of which the first stands at the place `start`."""
        stop = start + x_BHTD.shape[-2]
        if stop <= self.length:
            turns = self.cos_TD[start:stop], self.sin_TD[start:stop]
        else:
            places_T = torch.arange(start, stop, device=x_BHTD.device)
            turns = _turns(_angles(places_T, self.width, self.base), self.pairing)
        return _turned(x_BHTD, *turns, self.pairing)

    def extra_repr(self) -> str:
        """Options, for printing."""
        return f"{self.width}, base={self.base:g}, pairing={self.pairing}"


def _turned(x_BHTD: Tensor, cos_TD: Tensor, sin_TD: Tensor, pairing: str) -> Tensor:
    """Turn each pair: x cos + partner sin, where the sine of the first of a pair is negative."""
    if pairing == "halves":
        partner_BHTD = x_BHTD.roll(x_BHTD.shape[-1] // 2, -1)
    else:
        partner_BHTD = x_BHTD.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
    cos_TD, sin_TD = cos_TD.to(x_BHTD.dtype), sin_TD.to(x_BHTD.dtype)
    return x_BHTD * cos_TD + partner_BHTD * sin_TD


def _turns(angles_TP: Tensor, pairing: str) -> tuple[Tensor, Tensor]:
    """Return the cosine and the signed sine that belong to every value, ``(T, D)`` each."""
    cos_TP, sin_TP = angles_TP.cos(), angles_TP.sin()
    pairs = (cos_TP, cos_TP), (-sin_TP, sin_TP)
    if pairing == "halves":
        cos_TD, sin_TD = (torch.cat(pair, -1) for pair in pairs)
    else:
        cos_TD, sin_TD = (torch.stack(pair, -1).flatten(-2) for pair in pairs)
    return cos_TD, sin_TD


def _waves(positions_T: Tensor, width: int) -> Tensor:
    angles_TP = _angles(positions_T, width)
    return torch.stack((angles_TP.sin(), angles_TP.cos()), dim=-1).flatten(-2)


def _angles(positions_T: Tensor, width: int, base: float = SLOWEST) -> Tensor:
    """Position / base^(2i/D) for i = 0 … D/2 - 1, float32, ``(T, D/2)``."""
    if width % 2:
        raise InputError(f"positions of width {width}: sine and cosine come in pairs, take it even")
    exponents = torch.arange(0, width, 2, device=positions_T.device) / width
    return positions_T[:, None] / base**exponents
