"""How often phases lie at given places to each other: n-point probabilities, as a loss.

``P(a, b; r)`` is the probability that a random pixel is of phase a and the one at distance r from
it of phase b; with more pixels likewise (Torquato, Random Heterogeneous Materials, 2002, chapter
2). Those of neighbours are the areas of interfaces and the lengths of triple lines; those of a
pixel and four around it know whether particles are round and apart, which pairs and triples do not.
They are a few hundred numbers, which the image knows well and one box badly. So it is the running
mean of the boxes that is compared: what it has too much of is made dearer, what it lacks cheaper.
The square of one box's error would instead ask each box for what only many of them hold together.

Axes: B batch, K phases, HW space of a slice, A axes of the volume, J patterns: the phases at n
places, as a number of n digits to the base K, the first the least.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

Places = tuple[tuple[int, int], ...]
"""Of pixels to each other, down and right."""

PAIRS: tuple[Places, ...] = tuple(
    ((0, 0), (down * reach, right * reach))
    for reach in (1, 2, 4, 8, 12)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1))
)
LINES: tuple[Places, ...] = tuple(
    ((0, 0), (down * reach, right * reach), (2 * down * reach, 2 * right * reach))
    for reach in (1, 2, 4, 8)
    for down, right in ((0, 1), (1, 0))
)
CORNERS: tuple[Places, ...] = (
    ((0, 0), (0, 1), (1, 0)),
    ((0, 0), (0, 1), (1, 1)),
    ((0, 0), (1, 0), (1, 1)),
)
"""Of which triple lines are made."""
SQUARES: tuple[Places, ...] = tuple(
    ((0, 0), (0, reach), (reach, 0), (reach, reach)) for reach in (2, 4, 8, 12, 16)
)
CROSSES: tuple[Places, ...] = tuple(
    ((0, 0), (-reach, 0), (reach, 0), (0, -reach), (0, reach)) for reach in (1, 2, 4, 6, 8, 10)
)
KINDS = (PAIRS, LINES, CORNERS, SQUARES, CROSSES)
MOST_PATTERNS = 1024  # of phases at some places; places for which there are more are left out
PART = 3  # one of so many places of a kind is looked at in a step
NEWEST = 0.2  # weight of the newest box in the running mean


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
        self.phases = phases
        self.kinds = [kind for kind in KINDS if phases ** len(kind[0]) <= MOST_PATTERNS]
        labels = [[window.argmax(1) for window in windows] for windows in images]
        for place, places in self.places():
            means = [mean_frequencies(several, places, phases) for several in labels]
            wanted_AJ = torch.stack([means[min(axis, len(means) - 1)] for axis in range(3)])
            self.register_buffer(f"wanted_{place}", wanted_AJ)
            self.register_buffer(f"running_{place}", wanted_AJ.clone())

    def places(self) -> Iterator[tuple[str, Places]]:
        """Yield all places with a name."""
        for number, kind in enumerate(self.kinds):
            for index, places in enumerate(kind):
                yield f"{number}_{index}", places

    def forward(self, axis: int, made_BKHW: Tensor) -> Tensor:
        """Return the loss of slices normal to an axis, of which only the gradient has a meaning.

        Every pixel has to pay for its phase: a pattern costs the running mean's error of its
        probability over the variance of one pixel's answer, and a phase at a pixel what the
        patterns cost that it is then part of. Each kind of places counts alike; each call looks at
        some of the places of each, drawn by torch's own generator.
        """
        with torch.no_grad():
            price_BHWK = self.prices(axis, made_BKHW.argmax(1))
        return (made_BKHW * price_BHWK.movedim(-1, 1)).sum()

    def prices(self, axis: int, label_BHW: Tensor) -> Tensor:
        """Return what each phase would cost at each pixel, given those around it: (B, H, W, K)."""
        price_BHWK = torch.zeros(*label_BHW.shape, self.phases, device=label_BHW.device)
        for number, kind in enumerate(self.kinds):
            drawn = torch.randperm(len(kind))[: -(-len(kind) // PART)].tolist()
            for index in drawn:
                places = kind[index]
                wanted_J = self.get_buffer(f"wanted_{number}_{index}")[axis]
                running_J = self.get_buffer(f"running_{number}_{index}")[axis]
                code_BHW = codes(label_BHW, places, self.phases)
                running_J.lerp_(frequencies(code_BHW, len(wanted_J)), NEWEST)
                error_J = (running_J - wanted_J) / variance(wanted_J) / len(wanted_J)
                cost_J = error_J / (code_BHW.numel() * len(drawn) * len(self.kinds))
                price_BHWJ = functional.embedding(code_BHW, choices(cost_J, places, self.phases))
                parts = price_BHWJ.movedim(-1, 1).split(self.phases, dim=1)
                for view, part in zip(
                    shifted(price_BHWK.movedim(-1, 1), places), parts, strict=True
                ):
                    view += part
        return price_BHWK


def choices(cost_J: Tensor, places: Places, phases: int) -> Tensor:
    """Return what each pattern would cost with each phase at each place: (J, n K)."""
    code_J = torch.arange(len(cost_J), device=cost_J.device)
    found = []
    for place in range(len(places)):
        digit = phases**place
        rest_J = code_J - code_J // digit % phases * digit
        found += [cost_J[rest_J + phase * digit] for phase in range(phases)]
    return torch.stack(found, 1)


def mean_frequencies(images: Iterable[Tensor], places: Places, phases: int) -> Tensor:
    """Return how often each pattern occurs, the mean over sets of labels (B, H, W): (J,)."""
    count = phases ** len(places)
    each = [frequencies(codes(label_BHW, places, phases), count) for label_BHW in images]
    return torch.stack(each).mean(0)


def frequencies(code_BHW: Tensor, patterns: int) -> Tensor:
    """Return how often each pattern occurs: (J,)."""
    return torch.bincount(code_BHW.flatten(), minlength=patterns) / code_BHW.numel()


def codes(label_BHW: Tensor, places: Places, phases: int) -> Tensor:
    """Return the number of the pattern at each pixel that has all its places in the image."""
    first, *others = reversed(shifted(label_BHW, places))
    for other in others:
        first = first * phases + other
    return first


def shifted(x: Tensor, places: Places) -> list[Tensor]:
    """Return views of images (…, H, W), one a place, whose pixels lie so to each other."""
    height, width = x.shape[-2:]
    down, right = zip(*places, strict=True)
    top, left = min(down), min(right)
    tall, wide = height - max(down) + top, width - max(right) + left
    return [x[..., y - top : y - top + tall, z - left : z - left + wide] for y, z in places]


def variance(probability_J: Tensor) -> Tensor:
    """Return the variance of a yes with a probability, from 0.001 upwards."""
    likely_J = probability_J.clamp(1e-3, 1 - 1e-3)
    return likely_J * (1 - likely_J)
