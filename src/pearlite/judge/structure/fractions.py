"""How much of an image or volume each phase fills, and how well that is known of the material."""

from dataclasses import dataclass

import numpy as np

from pearlite.judge.interval import Interval
from pearlite.judge.representative import material_interval, pieces
from pearlite.judge.structure.labelled import Labels, labelled


@dataclass(frozen=True)
class Share(Interval):
    """The fraction of a phase in the material, and its interval.

    Attributes
    ----------
    pieces : float
        Independent pixels that would vary as much; below about ten the image is too small to speak
        for the material.
    """

    pieces: float

    @property
    def percent(self) -> float:
        """Half the interval, in percent of all: "known to ± so many points"."""
        return 50 * (self.high - self.low)


def fractions(labels: Labels) -> dict[int, float]:
    """Return the share of pixels of each phase; an image's is an estimate of a volume's.

    Area fraction equals volume fraction (Delesse 1847).
    """
    known = labelled(labels)
    counts = np.bincount(known.codes.ravel(), minlength=len(known.phases))
    return {phase: int(counts[code]) / known.codes.size for code, phase in enumerate(known.phases)}


def material_fractions(labels: Labels, coverage: float = 0.9) -> dict[int, Share]:
    """Return each phase's fraction with the interval that holds the material's.

    By the integral range of the image's own structure (`pearlite.judge.representative`); the place
    must have been chosen without looking at the phase.
    """
    known = labelled(labels)
    found = {}
    for phase, share in fractions(known).items():
        shown = pieces(known.inside(phase))
        found[phase] = Share(share, *material_interval(share, shown, coverage), shown)
    return found
