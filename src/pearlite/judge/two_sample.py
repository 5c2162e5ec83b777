"""Can a network tell real slices from generated ones? If not, they are alike as far as it can see.

A classifier two-sample test (Lopez-Paz & Oquab, ICLR 2017): a small network is trained on slices of
one half of all that is real and of all that is generated, and judged on the other half; then the
halves change places. An accuracy of 50 % is perfect.

Axes: B batch, C phases, H rows, W columns, N crops; S space.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.errors import InputError
from pearlite.judge.classes import share
from pearlite.judge.interval import Interval
from pearlite.judge.structure.describe import pieces, spread
from pearlite.judge.structure.labelled import Labelled, Labels, labelled
from pearlite.nets.classifier import CNNClassifier
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.losses import cross_entropy
from pearlite.train.optimisers import adamw
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Trainer

_BATCH = 32
_SIDE, _SMALLEST = 64, 16  # pixels a side of a crop
_FEW = 16  # crops that a half of the real structure shall give, if they are not too small then
_MOST_CROPS = 256  # of each kind in a half
_WIDTHS = (16, 32, 64)


@dataclass(frozen=True)
class TwoSample(Interval):
    """Accuracy of telling real from generated, and its 95 % interval.

    The mean of the shares of real and of generated crops that were recognised, each with Wilson's
    interval, joined as by Zou & Donner (Statistics in Medicine 27, 1693, 2008). Crops do not
    overlap, and are taken as independent.

    Attributes
    ----------
    real, generated : float
        Share of real crops taken for real, and of generated ones taken for generated.
    real_crops, generated_crops : int
        How many were judged.
    side : int
        Pixels a side of a crop.
    """

    real: float
    generated: float
    real_crops: int
    generated_crops: int
    side: int


def two_sample(
    generated: Sequence[Labels],
    real: Labels | Sequence[Labels],
    *,
    normals: Collection[int] = (0, 1, 2),
    steps: int = 200,
    seed: int = 0,
) -> TwoSample:
    """Train a network to tell real slices from generated ones, and judge it on withheld halves.

    Every image and volume is cut in the middle of its longest axis.

    Parameters
    ----------
    generated
        Volumes, ZYX, or images.
    real
        An image, a volume, or several of them.
    normals
        Axes along which volumes are sliced.
    steps
        Updates of each of the two networks, 32 crops each.
    seed
        Determines weights and crops.

    Raises
    ------
    InputError
        If a half has no room for a crop of 16 pixels, phases differ from the real ones, or there is
        nothing to compare.
    """
    several = real if isinstance(real, list | tuple) else [real]
    read = [labelled(each) for each in several]  # pyright: ignore[reportArgumentType]
    phases = tuple(sorted({phase for each in read for phase in each.phases}))
    truths = [labelled(np.array(each.phases)[each.codes], phases) for each in read]
    made = [labelled(each, phases) for each in generated]
    if not (truths and made and normals):
        raise InputError("there is nothing to compare: give real and generated arrays, and normals")
    kinds = [_halves(truths), _halves(made)]
    side = _side(kinds)
    right = np.zeros((2, 2), np.int64)  # kind; recognised, judged
    for fold in range(2):
        train = [kind[fold] for kind in kinds]
        task = _Telling(len(phases), derived_seed(seed, fold, 0))
        falling = cosine(steps=steps, warm_up=10)
        events = {"start": [falling], "step": [falling]}
        trainer = Trainer(
            task, optimiser=adamw(4e-3, decay=1e-2), keep="last", seed=seed, events=events
        )
        trainer.fit(_Crops(train, side, tuple(normals), derived_seed(seed, fold, 1)), steps=steps)
        scores = [task.scores(_withheld(kind[1 - fold], side, tuple(normals))) for kind in kinds]
        middle = _halving(scores)
        for number, score_N in enumerate(scores):
            right[number] += ((score_N > middle) == bool(number)).sum(), len(score_N)
    return _result(share(*right[0].tolist()), share(*right[1].tolist()), right[:, 1], side)


class _Telling(Task):
    """Crops → logits of real (0) and generated (1)."""

    def __init__(self, phases: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.phases = phases
        self.net = CNNClassifier(phases, 2, widths=_WIDTHS, generator=generator)

    def f(self, x: Tensor) -> Tensor:
        """Map codes ``(B, H, W)`` to logits ``(B, 2)``."""
        x_BHWC = torch.nn.functional.one_hot(x.long(), self.phases)
        return self.net(x_BHWC.movedim(-1, 1).float())

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy."""
        return cross_entropy(y_hat, y)

    @torch.inference_mode()
    def scores(self, crops_NHW: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return a number a crop, the larger the more it looks generated."""
        parts = torch.from_numpy(crops_NHW).split(2 * _BATCH)
        logits_N2 = torch.cat([self.f(part) for part in parts])
        return (logits_N2[:, 1] - logits_N2[:, 0]).numpy()


class _Crops:
    """Batches for training, half real and half generated, at random places and mirrored."""

    def __init__(
        self, kinds: list[list[Labelled]], side: int, normals: tuple[int, ...], seed: int
    ) -> None:
        self.kinds, self.side, self.normals, self.seed = kinds, side, normals, seed

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return crops ``(B, H, W)`` and kinds ``(B,)``."""
        random = np.random.default_rng(derived_seed(self.seed, step))
        kind_B = np.arange(_BATCH) % 2
        crops = np.stack([self._crop(self.kinds[kind], random) for kind in kind_B])
        return torch.from_numpy(crops), torch.from_numpy(kind_B)

    def _crop(self, parts: list[Labelled], random: np.random.Generator) -> NDArray[np.uint8]:
        codes = parts[random.integers(len(parts))].codes
        normal = random.choice(self.normals) if codes.ndim == 3 else None
        place = []
        for axis, extent in enumerate(codes.shape):
            width = 1 if axis == normal else self.side
            start = int(random.integers(extent - width + 1))
            place.append(slice(start, start + width))
        crop_HW = codes[tuple(place)].reshape(self.side, self.side)
        down, across = 1 - 2 * random.integers(2, size=2)
        return crop_HW[::down, ::across]


def _halves(arrays: list[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Cut every array in the middle of its longest axis."""
    first, second = [], []
    for array in arrays:
        axis = int(np.argmax(array.codes.shape))
        middle = array.codes.shape[axis] // 2
        before = (slice(None),) * axis
        first.append(array.cut(*before, slice(None, middle)))
        second.append(array.cut(*before, slice(middle, None)))
    return first, second


def _side(kinds: list[tuple[list[Labelled], list[Labelled]]]) -> int:
    """Return the side of the crops: smaller where an image is too small to give many."""
    least = min(min(part.codes.shape) for kind in kinds for half in kind for part in half)
    room = min(sum(part.codes.size for part in half) for half in kinds[0]) / _FEW
    side = min(_SIDE, least, int(room ** (1 / kinds[0][0][0].codes.ndim))) // 4 * 4
    if least < _SMALLEST:
        raise InputError(
            f"half of the smallest array is {least} pixels wide; {_SMALLEST} are needed"
        )
    return max(side, _SMALLEST)


def _withheld(parts: list[Labelled], side: int, normals: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return crops that do not overlap within slices, of slices as far apart as crops are wide."""
    crops = []
    for part in parts:
        shape = part.codes.shape
        for normal in normals if len(shape) == 3 else (None,):
            size = tuple(1 if axis == normal else side for axis in range(len(shape)))
            planes = 1 if normal is None else max(1, shape[normal] // side)
            places = pieces(shape, size)
            if normal is not None:
                kept = set(spread(shape[normal], planes).tolist())
                places = [place for place in places if place[normal].start in kept]
            few = spread(len(places), max(1, _MOST_CROPS // (len(parts) * len(normals))))
            crops += [part.codes[places[n]].reshape(side, side) for n in few]
    return np.stack(crops)


def _halving(scores: list[NDArray[np.float32]]) -> float:
    """Return the score above which half of what was withheld lies, both kinds counting alike.

    A network that knows the little it saw of the real structure by heart takes all else for
    generated; what it has learned is in the order of its scores.
    """
    score_N = np.concatenate(scores)
    weight_N = np.repeat([1 / len(kind) for kind in scores], [len(kind) for kind in scores])
    order_N = np.argsort(score_N, kind="stable")
    half = int(np.searchsorted(weight_N[order_N].cumsum(), weight_N.sum() / 2))
    return float(score_N[order_N[half]])


def _result(real: Interval, generated: Interval, judged: NDArray[np.int64], side: int) -> TwoSample:
    """Join both shares to the mean of them."""
    value = (real.value + generated.value) / 2
    below = math.hypot(real.value - real.low, generated.value - generated.low) / 2
    above = math.hypot(real.high - real.value, generated.high - generated.value) / 2
    counts = int(judged[0]), int(judged[1])
    return TwoSample(
        value, value - below, value + above, real.value, generated.value, *counts, side
    )
