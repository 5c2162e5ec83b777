"""The images of an audit with all that is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pearlite.judge.audit.pictures import Picture
from pearlite.judge.audit.words import NAMED


@dataclass(frozen=True)
class PictureSet:
    """The images that could be read; all sequences have one entry an image.

    Parameters
    ----------
    pictures
        The images.
    parts
        ``"train"``, ``"validation"``, ``"test"`` or nothing, as folders say.
    classes
        Of each image; ``None`` without.
    group
        What was declared to belong together; ``None`` without.
    label
        What a quick model predicts, classes or numbers; ``None`` without.
    label_name
        What people call it.
    features
        By `pearlite.judge.audit.picture_features`, (N, F) float64.
    """

    pictures: list[Picture]
    parts: list[str]
    classes: list[str] | None
    group: np.ndarray | None
    label: np.ndarray | None
    label_name: str
    features: np.ndarray

    def named(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """Return the names of the first few of these images."""
        return tuple(self.pictures[n].name for n in list(numbers)[:NAMED])
