"""How large the regions of each class are, what they border on, and whether they lie in layers.

Axes: S space, that is HW of an image or DHW of a volume; K classes, L lines across an axis.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from pearlite.recipes.segment.example import UNLABELLED, Example


@dataclass(frozen=True)
class Extent:
    """What the labels of all examples say about one class.

    Parameters
    ----------
    share
        Of the labelled pixels.
    width
        Thickness of its regions in pixels, as their pixels have it on average; 0 if it has none.
    host
        The class that most of its border touches; itself if it touches none.
    enclosed
        Share of its border, with other classes, that touches the host.
    """

    share: float
    width: float
    host: int
    enclosed: float


def extents(examples: Sequence[Example], classes: int) -> list[Extent]:
    """Measure every class on labels that cover whole regions.

    A region's thickness is four times the mean distance of its pixels to its border, which lies
    half a pixel before the first pixel outside: the width of a long band. The border of the image
    is none.

    Parameters
    ----------
    examples
        Of which at least the regions' insides are labelled.
    classes
        Their number, K.
    """
    counts_K = np.zeros(classes)
    distances_K = np.zeros(classes)
    contacts_KK = np.zeros((classes, classes))
    for example in examples:
        truth_S = example.truth_S
        contacts_KK += _contacts(truth_S, classes)
        for number in range(classes):
            region_S = truth_S == number
            counts_K[number] += np.count_nonzero(region_S)
            if region_S.any() and not region_S.all():
                distance_S = np.asarray(distance_transform_edt(region_S))
                distances_K[number] += (distance_S[region_S] - 0.5).sum()
            else:
                distances_K[number] += region_S.sum() * max(truth_S.shape) / 4
    measured = []
    for number in range(classes):
        contacts_K = contacts_KK[number]
        host = int(contacts_K.argmax()) if contacts_K.any() else number
        measured.append(
            Extent(
                share=float(counts_K[number] / max(1, counts_K.sum())),
                width=float(4 * distances_K[number] / max(1, counts_K[number])),
                host=host,
                enclosed=float(contacts_K[host] / max(1, contacts_K.sum())),
            )
        )
    return measured


def labelled_share(examples: Sequence[Example]) -> float:
    """Return which share of all pixels has a label."""
    labelled = sum(int((example.truth_S != UNLABELLED).sum()) for example in examples)
    return labelled / max(1, sum(example.truth_S.size for example in examples))


def layering(examples: Sequence[Example], classes: int) -> list[float]:
    """Return for each axis of space how far the place along it says which class is there.

    The variance of the classes' shares from line to line, in units of what it is if every line
    holds one class only: 1 for perfect layers across the axis, near 0 for particles without order.
    Mean over the examples.
    """
    dims = examples[0].truth_S.ndim
    found = np.zeros((len(examples), dims))
    for row, example in zip(found, examples, strict=True):
        known_S = example.truth_S != UNLABELLED
        for axis in range(dims):
            others = tuple(other for other in range(dims) if other != axis)
            lines = known_S.sum(others)
            hits_K = [np.sum(example.truth_S == number, others) for number in range(classes)]
            shares_KL = np.stack(hits_K)[:, lines > 0] / lines[lines > 0]
            row[axis] = _between(shares_KL, lines[lines > 0])
    return found.mean(0).tolist()


def _between(shares_KL: NDArray[np.float64], lines: NDArray[np.integer]) -> float:
    """Variance between lines over that of single pixels, all classes together."""
    if not lines.size:
        return 0.0
    mean_K1 = np.average(shares_KL, axis=1, weights=lines, keepdims=True)
    between = np.average((shares_KL - mean_K1) ** 2, axis=1, weights=lines).sum()
    total = (mean_K1 * (1 - mean_K1)).sum()
    return float(between / total) if total > 0 else 0.0


def _contacts(truth_S: NDArray[np.int16], classes: int) -> NDArray[np.float64]:
    """Count the pairs of neighbouring pixels of different classes, both ways."""
    counts_KK = np.zeros((classes, classes))
    for axis in range(truth_S.ndim):
        lines = np.moveaxis(truth_S, axis, 0)
        here, there = lines[:-1], lines[1:]
        apart = (here != there) & (here != UNLABELLED) & (there != UNLABELLED)
        np.add.at(counts_KK, (here[apart], there[apart]), 1)
    return counts_KK + counts_KK.T
