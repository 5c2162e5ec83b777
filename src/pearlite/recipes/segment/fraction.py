"""Area (volume) fractions of the classes, with intervals that know how the model errs.

The fraction of this image is uncertain because the model errs; that of the material also because
an image shows only so much of it. The model's error is measured on images that were withheld from
training, in units of the doubt that the model itself had.

Axes: K classes, S space, N withheld images (or blocks of one).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from pearlite.errors import InputError
from pearlite.judge.representative import material_interval, pieces
from pearlite.recipes.segment.example import UNLABELLED

COVERAGE = 0.9
_LEAST_DOUBT = 1e-3
_LABELLED = 0.5  # share of an image's pixels that must be labelled for its fractions to be known
_BLOCKS = 2  # blocks along each axis of a single withheld image


@dataclass(frozen=True)
class Tally:
    """What must be known of probabilities to tell fractions; tallies of parts add up.

    Parameters
    ----------
    pixels
        How many there were.
    counted_K
        Pixels whose likeliest class it is.
    likely_K
        Sum of the probabilities.
    doubt_K
        Sum of the smaller of p and 1 − p: pixels that the model expects to have wrong.
    """

    pixels: int
    counted_K: NDArray[np.float64]
    likely_K: NDArray[np.float64]
    doubt_K: NDArray[np.float64]

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.pixels + other.pixels,
            self.counted_K + other.counted_K,
            self.likely_K + other.likely_K,
            self.doubt_K + other.doubt_K,
        )


def tally(probabilities_KS: NDArray[np.float32]) -> Tally:
    """Count what fractions need, of a whole image or of a part of it."""
    classes = len(probabilities_KS)
    flat_KN = probabilities_KS.reshape(classes, -1)
    counted_K = np.bincount(flat_KN.argmax(0), minlength=classes).astype(np.float64)
    doubt_K = [np.minimum(likely_N, 1 - likely_N).sum(dtype=np.float64) for likely_N in flat_KN]
    return Tally(flat_KN.shape[1], counted_K, flat_KN.sum(1, dtype=np.float64), np.array(doubt_K))


@dataclass(frozen=True)
class Fraction:
    """The fraction of one class.

    Parameters
    ----------
    number
        The class.
    counted
        Share of pixels with its label.
    value
        The estimate: `counted`, or the mean of its probability, which counts unsure pixels by
        halves.
    low, high
        Holds the fraction of this image.
    material_low, material_high
        Holds the fraction of the material, if the image shows a typical place.
    pieces
        Independent pixels that would vary as much: below about ten the image is too small to
        speak for the material.
    """

    number: int
    counted: float
    value: float
    low: float
    high: float
    material_low: float
    material_high: float
    pieces: float


@dataclass(frozen=True)
class FractionError:
    """How far off a model's fractions are, in units of its own doubt.

    Parameters
    ----------
    spread_K
        Root mean square of error over doubt.
    units
        How many images, or blocks of one image, it was measured on; 0 if on none.
    blocks
        Whether they were blocks of one image: then how images differ is not in it.
    counts
        Whether labels are counted, and not probabilities averaged: what was nearer the truth.
    """

    spread_K: NDArray[np.float64]
    units: int
    blocks: bool = False
    counts: bool = True

    @classmethod
    def learn(
        cls, withheld: Iterable[tuple[NDArray[np.float32], NDArray[np.int16]]], classes: int
    ) -> Self:
        """Measure the errors on images that the model was not trained on.

        Parameters
        ----------
        withheld
            Probabilities ``(K, *S)`` and class numbers ``S`` of each image, -1 where unlabelled.
            Images of which less than half is labelled are passed over: scribbles say nothing of
            fractions. A single image is cut into blocks.
        classes
            How many there are.
        """
        errors, blocks = [], []
        for probabilities_KS, truth_S in withheld:
            errors += _error_over_doubt(probabilities_KS, truth_S)
            if len(errors) == 1 and not blocks:
                for part in _blocks(truth_S.shape):
                    blocks += _error_over_doubt(probabilities_KS[:, *part], truth_S[part])
        few = len(errors) < 2
        errors_N2K = np.array(blocks if few else errors).reshape(-1, 2, classes)
        if not len(errors_N2K):
            return cls(np.full(classes, math.inf), 0)
        spread_2K = np.sqrt((errors_N2K**2).mean(0))
        averaged, counted = (spread_2K**2).sum(1)
        counts = bool(counted <= averaged)
        return cls(spread_2K[int(counts)], len(errors_N2K), few, counts)

    def fractions(
        self,
        counts: Tally,
        numbers_S: NDArray[np.integer],
        *,
        stretch: float = 1.0,
        coverage: float = COVERAGE,
    ) -> list[Fraction]:
        """Return the fraction of each class.

        Parameters
        ----------
        counts
            Of the image's probabilities.
        numbers_S
            Number of the likeliest class of every pixel.
        stretch
            How many times more labels are expected to be wrong than on the withheld images: more
            than 1 for an image unlike them.
        coverage
            Share of images whose fraction the interval shall hold.

        Raises
        ------
        InputError
            If `coverage` is not between 0 and 1, or the classes are others.
        """
        if not 0 < coverage < 1:
            raise InputError(f"coverage is {coverage}; expected a share between 0 and 1, as 0.9")
        if len(counts.likely_K) != len(self.spread_K):
            raise InputError(
                f"{len(counts.likely_K)} classes were tallied, the error is known of "
                f"{len(self.spread_K)}; use the model that it was measured with"
            )
        counted_K = counts.counted_K / counts.pixels
        value_K = counted_K if self.counts else counts.likely_K / counts.pixels
        reach_K = max(stretch, 1.0) * self._reach(counts.doubt_K / counts.pixels, coverage)
        low_K, high_K = np.maximum(value_K - reach_K, 0), np.minimum(value_K + reach_K, 1)
        found = []
        for number, value in enumerate(value_K.tolist()):
            low, high = float(low_K[number]), float(high_K[number])
            shown = pieces(numbers_S == number)
            sampled = material_interval(value, shown, coverage)
            below = math.hypot(value - low, max(value - sampled[0], 0))
            above = math.hypot(high - value, max(sampled[1] - value, 0))
            material = max(value - below, 0.0), min(value + above, 1.0)
            found.append(
                Fraction(number, float(counted_K[number]), value, low, high, *material, shown)
            )
        return found

    def sentence(self) -> str:
        """Say what the intervals do not hold; empty if nothing."""
        if not self.units:
            return (
                "No image with full labels was withheld: how far the fractions are off is not "
                "known, and their intervals hold everything."
            )
        if self.blocks:
            return (
                "One image was withheld: the intervals hold errors as between its parts, not as "
                "between images."
            )
        if self.units < 5:
            return f"The intervals of fractions rest on {self.units} withheld images: rough."
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        spread = self.spread_K.tolist() if self.units else None
        return {
            "spread": spread,
            "classes": len(self.spread_K),
            "units": self.units,
            "blocks": self.blocks,
            "counts": self.counts,
        }

    @classmethod
    def from_dict(cls, known: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote.

        Raises
        ------
        InputError
            If it is something else.
        """
        try:
            units, classes = int(known["units"]), int(known["classes"])
            spread = known["spread"] if units else [math.inf] * classes
            how = bool(known["blocks"]), bool(known["counts"])
            return cls(np.array(spread, np.float64), units, *how)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no stored error of fractions ({error})") from error

    def _reach(self, doubt_K: NDArray[np.float64], coverage: float) -> NDArray[np.float64]:
        if not self.units:
            return np.ones(len(doubt_K))
        student = float(t.ppf((1 + coverage) / 2, self.units)) * math.sqrt(1 + 1 / self.units)
        return student * self.spread_K * (doubt_K + _LEAST_DOUBT)


def _error_over_doubt(
    probabilities_KS: NDArray[np.float32], truth_S: NDArray[np.int16]
) -> list[NDArray[np.float64]]:
    """Return what one image tells of both estimates, shape ``(2, K)``: averaged, counted.

    Nothing if too little of it is labelled.
    """
    known_S = truth_S != UNLABELLED
    if known_S.mean() < _LABELLED:
        return []
    counts = tally(probabilities_KS[:, known_S])
    true_K = np.bincount(truth_S[known_S], minlength=len(probabilities_KS))
    error_2K = np.stack([counts.likely_K, counts.counted_K]) - true_K
    return [error_2K / (counts.doubt_K + _LEAST_DOUBT * counts.pixels)]


def _blocks(shape: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """Cut the last two axes into halves."""
    others = (slice(None),) * (len(shape) - 2)
    rows, columns = (np.linspace(0, side, _BLOCKS + 1).astype(int) for side in shape[-2:])
    return [
        (*others, slice(*rows[y : y + 2]), slice(*columns[x : x + 2]))
        for y in range(_BLOCKS)
        for x in range(_BLOCKS)
    ]
