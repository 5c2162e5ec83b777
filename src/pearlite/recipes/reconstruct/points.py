"""How often phases lie at given places to each other: n-point probabilities, as a loss.

``P(a, b; r)`` is the probability that a random pixel is of phase a and the one at distance r from
it of phase b; with three pixels likewise (Torquato, Random Heterogeneous Materials, 2002, chapter
2). Those of neighbours are the areas of interfaces and the lengths of triple lines. They are a few
hundred numbers, which the image knows well and one box badly. So it is the running mean of the
boxes that is compared: what it has too much of is made dearer, what it lacks cheaper. The square of
one box's error would instead ask each box for what only many of them hold together.

Axes: B batch, K phases, HW space of a slice, A axes of the volume, P places, J pairs or triples of
phases.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

PAIRS = tuple(
    ((down * reach, right * reach),)
    for reach in (1, 2, 4, 8, 12)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1))
)
"""Places (down, right) of the second pixel: along both axes and both diagonals."""
CORNERS = (((0, 1), (1, 0)), ((0, 1), (1, 1)), ((1, 0), (1, 1)))
LINES = tuple(
    ((down * reach, right * reach), (2 * down * reach, 2 * right * reach))
    for reach in (1, 2, 4)
    for down, right in ((0, 1), (1, 0))
)
"""Places of the second and the third pixel: corners, which triple lines are made of, and lines."""
MOST_IN_TRIPLES = 4
"""Phases up to which triples are counted: their number is the cube of that of phases."""
NEWEST = 0.2  # weight of the newest box in the running mean
PART = 0.5  # of the places that are looked at a step

Places = Sequence[tuple[tuple[int, int], ...]]


class PointProbabilities(nn.Module):
    """Compares the n-point probabilities of boxes with those of images.

    Parameters
    ----------
    phases
        Their number, K.
    images
        One to three images, as windows (B, K, H, W), 1 where a pixel is of the phase: all in the
        same way, normal to z and along it, or normal to z, y and x.
    """

    def __init__(self, phases: int, images: Iterable[Iterable[Tensor]]) -> None:
        super().__init__()
        triples = (CORNERS, LINES) if phases <= MOST_IN_TRIPLES else ()
        self.places: list[Places] = [PAIRS, *triples]
        found = [
            [[probabilities(window, places) for places in self.places] for window in windows]
            for windows in images
        ]
        for number in range(len(self.places)):
            means = [torch.stack([of[number] for of in windows]).mean(0) for windows in found]
            wanted_APJ = torch.stack([means[min(axis, len(means) - 1)] for axis in range(3)])
            self.register_buffer(f"wanted{number}", wanted_APJ)
            self.register_buffer(f"running{number}", wanted_APJ.clone())

    def forward(self, axis: int, made_BKHW: Tensor) -> Tensor:
        """Return the loss of slices normal to an axis, of which only the gradient has a meaning.

        The gradient is that of what was just made, each probability times the running mean's error
        over the variance of one pixel's answer. Pairs, corners and lines count alike; each call
        looks at some of the places of each, drawn by torch's own generator.
        """
        terms = []
        for number, places in enumerate(self.places):
            wanted = self.get_buffer(f"wanted{number}")
            running = self.get_buffer(f"running{number}")
            drawn = torch.randperm(len(places))[: math.ceil(PART * len(places))]
            made_PJ = probabilities(made_BKHW, [places[n] for n in drawn.tolist()])
            wanted_PJ = wanted[axis, drawn]
            with torch.no_grad():
                running_PJ = running[axis, drawn].lerp(made_PJ, NEWEST)
                running[axis, drawn] = running_PJ
                error_PJ = (running_PJ - wanted_PJ) / variance(wanted_PJ)
            terms.append((error_PJ * made_PJ).mean())
        return torch.stack(terms).mean()


def probabilities(x_BKHW: Tensor, places: Places) -> Tensor:
    """Return the n-point probabilities of images, (P, J).

    Parameters
    ----------
    x_BKHW
        Shares of the phases, or 1 where a pixel is of the phase.
    places
        Of the further pixels, beside the first: one for pairs, two for triples.
    """
    found = []
    for further in places:
        first, *others, last = shifted(x_BKHW, (0, 0), *further)
        for other in others:
            first = (first[:, :, None] * other[:, None]).flatten(1, 2)
        found.append(torch.einsum("bkhw,bjhw->kj", first, last).flatten() / last[:, 0].numel())
    return torch.stack(found)


def shifted(x_BKHW: Tensor, *places: tuple[int, int]) -> list[Tensor]:
    """Return views of images, one for each place, so that their pixels lie so to each other."""
    height, width = x_BKHW.shape[2:]
    down, right = zip(*places, strict=True)
    top, left = min(down), min(right)
    tall, wide = height - max(down) + top, width - max(right) + left
    return [x_BKHW[:, :, y - top : y - top + tall, x - left : x - left + wide] for y, x in places]


def variance(probability_N: Tensor) -> Tensor:
    """Return the variance of a yes with a probability, from 0.001 upwards."""
    likely_N = probability_N.clamp(1e-3, 1 - 1e-3)
    return likely_N * (1 - likely_N)
