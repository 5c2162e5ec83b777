"""How often phases lie at given places to each other: n-point probabilities, as a loss.

``P(a, b; r)`` is the probability that a random pixel is of phase a and the one at distance r from
it of phase b; with three pixels likewise (Torquato, Random Heterogeneous Materials, 2002, chapter
2). Those of neighbours are the areas of interfaces and the lengths of triple lines. They are a few
hundred numbers, which the image knows well and one box badly. So it is the running mean of the
boxes that is compared: what it has too much of is made dearer, what it lacks cheaper. The square of
one box's error would instead ask each box for what only many of them hold together.

Axes: B batch, K phases, HW space of a slice, N numbers.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

PAIRS = (
    *((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0), (2, 2), (2, -2)),
    *((0, 3), (3, 0), (0, 5), (5, 0), (0, 8), (8, 0)),
)
"""Places (down, right) of the second pixel."""
TRIPLES = (
    *(((0, 1), (1, 0)), ((0, 1), (1, 1)), ((1, 0), (1, 1))),
    *(((0, 1), (0, 2)), ((1, 0), (2, 0)), ((0, 2), (0, 4)), ((2, 0), (4, 0))),
)
"""Places of the second and the third pixel: corners, and three in a line."""
MOST_IN_TRIPLES = 4
"""Phases up to which triples are counted: their number is the cube of that of phases."""
NEWEST = 0.1  # weight of the newest box in the running mean


class PointProbabilities(nn.Module):
    """Compares the n-point probabilities of boxes with those of images.

    Parameters
    ----------
    images
        One to three images, as windows (B, K, H, W), 1 where a pixel is of the phase: all in the
        same way, normal to z and along it, or normal to z, y and x.
    """

    wanted_AN: Tensor
    running_AN: Tensor

    def __init__(self, images: Iterable[Iterable[Tensor]]) -> None:
        super().__init__()
        found = [torch.stack([probabilities(w) for w in windows]).mean(0) for windows in images]
        wanted_AN = torch.stack([found[min(axis, len(found) - 1)] for axis in range(3)])
        self.register_buffer("wanted_AN", wanted_AN)
        self.register_buffer("running_AN", wanted_AN.clone())

    def forward(self, axis: int, made_BKHW: Tensor) -> Tensor:
        """Return the loss of slices normal to an axis, of which only the gradient has a meaning.

        The gradient is that of half the mean squared error of the running mean, each error over the
        standard deviation of one pixel's answer, times the weight of what was just made in it.
        """
        made_N, wanted_N = probabilities(made_BKHW), self.wanted_AN[axis]
        with torch.no_grad():
            self.running_AN[axis].lerp_(made_N, NEWEST)
            error_N = (self.running_AN[axis] - wanted_N) / variance(wanted_N)
        return (error_N * made_N).mean()


def probabilities(x_BKHW: Tensor) -> Tensor:
    """Return the n-point probabilities of images, all in one line (N,).

    Parameters
    ----------
    x_BKHW
        Shares of the phases, or 1 where a pixel is of the phase.
    """
    phases = x_BKHW.shape[1]
    found = [x_BKHW.mean((0, 2, 3))]
    for place in PAIRS:
        first, second = shifted(x_BKHW, (0, 0), place)
        found.append(together(first, second))
    for places in TRIPLES if phases <= MOST_IN_TRIPLES else ():
        first, second, third = shifted(x_BKHW, (0, 0), *places)
        found.append(together((first[:, :, None] * second[:, None]).flatten(1, 2), third))
    return torch.cat(found)


def shifted(x_BKHW: Tensor, *places: tuple[int, int]) -> list[Tensor]:
    """Return views of images, one for each place, so that their pixels lie so to each other."""
    height, width = x_BKHW.shape[2:]
    down, right = zip(*places, strict=True)
    top, left = min(down), min(right)
    tall, wide = height - max(down) + top, width - max(right) + left
    return [x_BKHW[:, :, y - top : y - top + tall, x - left : x - left + wide] for y, x in places]


def together(first_BKHW: Tensor, second_BJHW: Tensor) -> Tensor:
    """Return how often each pair of channels is 1 at the same pixel: (K * J,)."""
    count = first_BKHW[:, 0].numel()
    return torch.einsum("bkhw,bjhw->kj", first_BKHW, second_BJHW).flatten() / count


def variance(probability_N: Tensor) -> Tensor:
    """Return the variance of a yes with a probability, from 0.001 upwards."""
    likely_N = probability_N.clamp(1e-3, 1 - 1e-3)
    return likely_N * (1 - likely_N)
