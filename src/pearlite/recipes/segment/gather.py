"""Collect the features of labelled pixels, and of pixels that stand for all.

Axes: S space, N labelled pixels, M pixels at random, F features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pearlite.nets.staged import StagedEncoder
from pearlite.recipes.segment.described import CELLS, MAPS, Described
from pearlite.recipes.segment.example import UNLABELLED, Example, class_counts
from pearlite.recipes.segment.levels import neighbourhoods

PER_CLASS = 8_000  # labelled pixels that are learned from, all images together
_OTHERS = 10_000  # pixels that stand for all
_CELLS = 64  # parts of the images in which those lie, all images together
_IMAGES = 64  # that are looked at, if those hold enough labelled pixels of every class


@dataclass(frozen=True)
class DescribedPixels:
    """What a head learns from.

    Parameters
    ----------
    x_NF, y_N
        Features and class of labelled pixels.
    group_N
        Pixels of one group lie close together.
    others_MF
        Features of pixels at random.
    """

    x_NF: NDArray[np.float32]
    y_N: NDArray[np.int16]
    group_N: NDArray[np.integer]
    others_MF: NDArray[np.float32]


def describe_labelled(
    examples: Sequence[Example],
    levels: int,
    deep: StagedEncoder | None,
    maps: int = MAPS,
    *,
    seed: int,
) -> DescribedPixels:
    """Collect from several images, of every class as many pixels where there are enough."""
    rng = np.random.default_rng(seed)
    examples = looked_at(examples, rng)
    chosen = choose_labelled([example.truth_S for example in examples], PER_CLASS, rng)
    x, y, cells, others = [], [], [], []
    for number, (example, places_NS) in enumerate(zip(examples, chosen, strict=True)):
        described = Described(example.image_CS, levels, deep, maps)
        random_MS = at_random(described, len(examples), rng)
        found = described.at(np.concatenate([random_MS, places_NS]))
        others.append(found[: len(random_MS)])
        if len(places_NS):
            x.append(found[len(random_MS) :])
            y.append(example.truth_S[tuple(places_NS.T)])
            cell_NS = neighbourhoods(example.truth_S, places_NS)
            cells.append(np.c_[np.full(len(cell_NS), number), cell_NS])
    if not x:
        others_MF = np.concatenate(others)
        nothing_N = np.empty(0, np.int16)
        return DescribedPixels(
            np.empty((0, others_MF.shape[1]), np.float32), nothing_N, nothing_N, others_MF
        )
    group_N = np.unique(np.concatenate(cells), axis=0, return_inverse=True)[1].ravel()
    return DescribedPixels(np.concatenate(x), np.concatenate(y), group_N, np.concatenate(others))


def looked_at(examples: Sequence[Example], rng: np.random.Generator) -> Sequence[Example]:
    """Leave images out where there are very many: those that no class needs to be learned."""
    if len(examples) <= _IMAGES:
        return examples
    classes = 1 + max(int(example.truth_S.max(initial=UNLABELLED)) for example in examples)
    counts = [class_counts([example], classes) for example in examples]
    wanted_K, found_K = np.minimum(np.sum(counts, 0), PER_CLASS), np.zeros(classes, np.int64)
    kept: list[int] = []
    for number in rng.permutation(len(examples)).tolist():
        if len(kept) < _IMAGES or counts[number][found_K < wanted_K].any():
            kept.append(number)
            found_K += counts[number]
    return [examples[number] for number in sorted(kept)]


def choose_labelled(
    truths: Sequence[NDArray[np.int16]], per_class: int, rng: np.random.Generator
) -> list[NDArray[np.integer]]:
    """Return indices (N, axes) of labelled pixels of each image, of a class `per_class` at most."""
    chosen: list[list[NDArray[np.integer]]] = [[] for _ in truths]
    classes = np.unique(np.concatenate([np.unique(truth_S) for truth_S in truths]))
    for k in classes[classes != UNLABELLED]:
        where = [np.flatnonzero(truth_S == k) for truth_S in truths]
        ends = np.cumsum([len(places) for places in where])
        count = int(ends[-1])
        kept = np.sort(rng.choice(count, min(count, per_class), replace=False))
        for number, part in enumerate(np.split(kept, np.searchsorted(kept, ends[:-1]))):
            first = ends[number] - len(where[number])
            chosen[number].append(where[number][part - first])
    return [
        np.stack(np.unravel_index(np.concatenate(flat), truth_S.shape), axis=1)
        for flat, truth_S in zip(chosen, truths, strict=True)
    ]


def at_random(described: Described, images: int, rng: np.random.Generator) -> NDArray[np.integer]:
    """Return indices (M, axes) of pixels in some cells: the share of one of several images."""
    side = CELLS[len(described.shape)]
    cells = tuple(-(-n // side) for n in described.shape)
    kept = rng.choice(np.prod(cells), min(int(np.prod(cells)), -(-_CELLS // images)), replace=False)
    boxes = [
        described.box_at(place, side) for place in side * np.stack(np.unravel_index(kept, cells), 1)
    ]
    sizes = np.array([np.prod(np.subtract(stop, start)) for start, stop in boxes])
    counts = rng.multinomial(-(-_OTHERS // images), sizes / sizes.sum())
    drawn = zip(boxes, counts, strict=True)
    return np.concatenate([rng.integers(*box, size=(m, len(cells))) for box, m in drawn])
