"""Whether images are large enough to know their own fractions, said before anything is learned."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from pearlite.judge.representative import material_interval, pieces
from pearlite.recipes.reconstruct.images import Pictures

ENOUGH = 0.05  # half of an interval, or between images; a material known worse is called so
COVERAGE = 0.95


@dataclass(frozen=True)
class Known:
    """What the images say of a phase's fraction in the material.

    Attributes
    ----------
    phase
        Its value; of grey and colour images 0 is dark and 1 is bright.
    share, low, high
        Fraction in the images, and the interval of the material's, 95 %.
    """

    phase: int
    share: float
    low: float
    high: float

    def sentence(self) -> str:
        """Say how well it is known."""
        half = (self.high - self.low) / 2
        return f"phase {self.phase} fills {self.share:.1%}, known to ± {half:.1%}"


def known_fractions(labels: Sequence[NDArray[np.integer]]) -> list[Known]:
    """Return for each phase what the images together say of its fraction.

    Pieces of different images add up, as if they lay side by side; see
    `pearlite.judge.representative`.
    """
    found = []
    for phase in np.unique(np.concatenate([np.unique(image) for image in labels])).tolist():
        inside = [image == phase for image in labels]
        counts = np.array([pieces(mask) for mask in inside])
        share = float(np.average([mask.mean() for mask in inside], weights=counts))
        found.append(Known(phase, share, *material_interval(share, counts.sum(), COVERAGE)))
    return found


def too_small(found: Sequence[Known]) -> str:
    """Return a caveat if a fraction is known badly, else nothing."""
    worst = max(found, key=lambda known: known.high - known.low)
    if (worst.high - worst.low) / 2 <= ENOUGH:
        return ""
    return (
        f"The image is small for its structures: {worst.sentence()} (95 %). Volumes repeat what "
        "this image holds; a larger image, or several, would say more of the material."
    )


def disagreement(labels: Sequence[NDArray[np.integer]]) -> str:
    """Return a caveat if images along different axes hold a phase in different fractions."""
    phases = np.unique(np.concatenate([np.unique(image) for image in labels]))
    shares_PI = np.array([[np.mean(image == phase) for image in labels] for phase in phases])
    spread_P = np.ptp(shares_PI, axis=1)
    worst = int(np.argmax(spread_P))
    if spread_P[worst] <= ENOUGH:
        return ""
    said = ", ".join(f"{share:.1%}" for share in shares_PI[worst])
    return (
        f"The images hold different fractions of phase {phases[worst]} ({said}). A volume has one "
        "only, and gets their mean; give images that show more of the material, or say with --vf "
        "what is right."
    )


class Phases:
    """Turns what was learned from, and volumes, into phases to be measured.

    Phases stay as they are; grey and colour are divided into dark, 0, and bright, 1, by Otsu's
    threshold of the images' brightness.

    Parameters
    ----------
    pictures
        What was learned from.
    """

    def __init__(self, pictures: Pictures) -> None:
        self.meaning = pictures.meaning
        planes = pictures.planes[: pictures.different]
        if self.meaning.kind == "phases":
            values = np.array(self.meaning.values)
            self.images = [values[plane] for plane in planes]
            return
        scale, offset = np.array(self.meaning.scale), np.array(self.meaning.offset)
        greys = [np.tensordot(scale, plane, 1) + offset.sum() for plane in planes]
        self.threshold = float(threshold_otsu(np.concatenate([grey.ravel() for grey in greys])))
        self.images = [(grey > self.threshold).astype(np.uint8) for grey in greys]

    def of(self, volume: NDArray[Any]) -> NDArray[np.integer]:
        """Return the labels of a volume, (Z, Y, X), that may have an axis of colour."""
        if self.meaning.kind == "phases":
            return volume
        grey = volume.sum(-1, dtype=np.float64) if self.meaning.kind == "colour" else volume
        return (grey > self.threshold).astype(np.uint8)
