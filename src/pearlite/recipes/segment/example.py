"""An image and what is known of its pixels: the (x, y) of segmentation.

Axes: C channels, S space, that is HW of an image or DHW of a volume; K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

UNLABELLED = -1


@dataclass(frozen=True)
class Example:
    """One image, or one plane of a stack, or one volume, with its labels.

    Parameters
    ----------
    image_CS
        Shape ``(C, H, W)`` or ``(C, D, H, W)``, of the file's own type and values.
    truth_S
        Number of the class of every pixel, from 0, int16; `UNLABELLED` where nobody said.
    name
        The file, and the plane.
    pixel_size
        Side of a pixel in metres; ``None`` where it is not known.
    """

    image_CS: NDArray[np.generic]
    truth_S: NDArray[np.int16]
    name: str
    pixel_size: float | None = None


def class_counts(examples: Sequence[Example], classes: int) -> NDArray[np.int64]:
    """Return how many pixels of each class are labelled, (K,)."""
    counts_K = np.zeros(classes, np.int64)
    for example in examples:
        known = example.truth_S[example.truth_S != UNLABELLED]
        counts_K += np.bincount(known, minlength=classes)
    return counts_K


class Segmenter(Protocol):
    """What every trained segmentation offers: probabilities of the classes, for any image."""

    def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return shape ``(K, *S)``, summing to 1 over the classes.

        The image has the file's own type and values. An image of any size is worked off in tiles
        of a fixed grid, so that a large image gives exactly what its parts with their surroundings
        give, in bounded memory.
        """
        ...
