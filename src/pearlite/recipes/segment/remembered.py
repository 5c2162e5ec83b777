"""Answers for withheld images, which several steps ask for.

Axes: C channels, S space, K classes.
"""

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.segment.example import Segmenter

MOST = 2**28  # bytes of answers that are kept


class Remembered:
    """A `Segmenter` that works out the answer for an image once, as far as there is room.

    Parameters
    ----------
    segmenter
        Whose answers; what is returned must not be changed.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self._known: dict[int, tuple[NDArray[np.generic], NDArray[np.float32]]] = {}
        self._bytes = 0

    def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return shape ``(K, *S)``; the same array again for the same array."""
        if id(image_CS) in self._known:
            return self._known[id(image_CS)][1]
        answer_KS = self.segmenter.probabilities(image_CS)
        if self._bytes + answer_KS.nbytes <= MOST:
            self._bytes += answer_KS.nbytes
            self._known[id(image_CS)] = (
                image_CS,
                answer_KS,
            )  # held, so that the number stays its own
        return answer_KS
