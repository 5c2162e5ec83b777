"""Whether an image is like those a segmenter was trained on, and how wrong its labels may be.

Softmax does not say it: a network is as sure of what it never saw. So the segmenter is watched on
copies of labelled images in which one thing was changed more and more (`shifts`): how its answers
move under small disturbances, and how unlike the training the image looks, go with how many of its
labels are wrong; that relation is learned, and read for a new image.

Axes: C channels, K classes, S space, that is HW of an image or DHW of a volume; N copies, F signs.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from torch.nn import functional as F

from pearlite.errors import InputError
from pearlite.recipes.segment.example import UNLABELLED, Example, Segmenter
from pearlite.recipes.segment.network.render import blurred
from pearlite.recipes.segment.network.working import LINEAR
from pearlite.recipes.segment.normalise import normalise
from pearlite.recipes.segment.patches import labelled_patches, patches_of
from pearlite.recipes.segment.shifts import KINDS, shifted
from pearlite.seeds import derived_seed

Floats = NDArray[np.float64]

COPIES = 6  # of each kind to learn from
FEWEST_COPIES = 3  # where time is short
UNCHANGED = 48  # patches to learn from as they are, at most
HARM = 0.02  # share of labels: this many more wrong, and twice as many, are too many
COVERED = 0.9  # share of images whose wrong labels the upper limit covers
FEWEST = 1e-3  # share of wrong labels below which shares are alike


@dataclass(frozen=True)
class Verdict:
    """What is to be expected of the labels of one image.

    Parameters
    ----------
    outside
        Whether the image is outside what the segmenter was trained on.
    wrong, most
        Share of wrong labels that is expected, and that 9 of 10 such images do not exceed.
    sentence
        The same in words.
    """

    outside: bool
    wrong: float
    most: float
    sentence: str


@dataclass(frozen=True)
class Outside:
    """The relation between what a segmenter does on an image and its share of wrong labels.

    Parameters
    ----------
    usual_F
        Signs (see `signs`) on labelled images as they are.
    weight_F
        How much each sign beyond that adds to the logarithm of the share of wrong labels, none
        less than 0.
    usual, worst
        Share of wrong labels on labelled images as they are, and that which 9 of 10 copies do not
        exceed: more is never expected.
    limit
        Expected share of wrong labels beyond which an image is outside.
    farther
        What 9 of 10 copies do not exceed: factor on the expected share.
    spectrum_S
        Mean of `spectrum` on labelled images as they are.
    """

    usual_F: tuple[float, ...]
    weight_F: tuple[float, ...]
    usual: float
    worst: float
    limit: float
    farther: float
    spectrum_S: tuple[float, ...]

    @classmethod
    def learn(
        cls,
        segmenter: Segmenter,
        examples: Sequence[Example],
        *,
        seed: int = 0,
        seconds: float = math.inf,
    ) -> "Outside":
        """Watch a segmenter on changed copies of labelled images.

        Parameters
        ----------
        segmenter
            The one to judge. Where it averages over turns, give one that does not: several hundred
            small images are labelled.
        examples
            Labelled images that it was not trained on, or withheld blocks; at worst the training's.
        seed
            Determines places and copies.
        seconds
            CPU seconds that it should take: fewer copies are looked at then, but at least half of
            the usual ones.

        Raises
        ------
        InputError
            If no patch of the examples is labelled.
        """
        patches = [
            patch
            for number, example in enumerate(examples)
            for patch in labelled_patches(example, derived_seed(seed, 0, number))
        ]
        if not patches:
            raise InputError("no labelled image to learn the limits from; give one at least")
        copies, unchanged = COPIES, UNCHANGED
        if math.isfinite(seconds):
            copies, unchanged = _affordable(segmenter, patches[0][0], seconds)
        if len(patches) > unchanged:
            order = np.random.default_rng(derived_seed(seed, 2)).permutation(len(patches))
            patches = [patches[i] for i in order[:unchanged]]
        spectra = [spectrum(normalise(image_CS)) for image_CS, _ in patches]
        spectrum_S = np.mean(spectra, 0)
        samples = [(image_CS, truth_S, "as it was") for image_CS, truth_S in patches]
        for number, kind in enumerate(KINDS):
            for copy in range(copies):
                image_CS, truth_S = patches[(number + copy) % len(patches)]
                strength = (copy + 1) / copies
                made = shifted(
                    image_CS, truth_S, kind, strength, derived_seed(seed, 1, number, copy)
                )
                if (made.truth_S != UNLABELLED).any():
                    samples.append((made.image_CS, made.truth_S, kind))
        found = [signs(segmenter, image_CS, spectrum_S) for image_CS, _, _ in samples]
        signs_NF = np.array([signs_F for signs_F, _ in found])
        wrong_N = np.array(
            [
                wrong_share(labels_S, truth_S)
                for (_, labels_S), (_, truth_S, _) in zip(found, samples, strict=True)
            ]
        )
        return cls._fitted(signs_NF, wrong_N, len(patches), spectrum_S)

    @classmethod
    def _fitted(
        cls, signs_NF: Floats, wrong_N: Floats, unchanged: int, spectrum_S: Floats
    ) -> "Outside":
        usual_F = np.median(signs_NF[:unchanged], 0)
        more_NF = np.maximum(signs_NF - usual_F, 0)
        log_N = np.log(np.maximum(wrong_N, FEWEST))
        weight_F, _ = nnls(more_NF, np.maximum(log_N - log_N[:unchanged].mean(), 0))
        usual = float(np.exp(log_N[:unchanged].mean()))
        worst = max(float(np.quantile(wrong_N, COVERED)), FEWEST)
        expected_N = np.minimum(usual * np.exp(more_NF @ weight_F), worst)
        limit = max(usual + max(usual, HARM), float(expected_N[:unchanged].max()))
        farther = float(np.quantile(wrong_N / expected_N, COVERED))
        return cls(
            usual_F=tuple(usual_F.tolist()),
            weight_F=tuple(weight_F.tolist()),
            usual=usual,
            worst=worst,
            limit=limit,
            farther=max(1.0, farther),
            spectrum_S=tuple(spectrum_S.tolist()),
        )

    def of(self, segmenter: Segmenter, image_CS: NDArray[np.generic]) -> Verdict:
        """Judge one image.

        Parameters
        ----------
        segmenter
            The one given to `learn`.
        image_CS
            Any size; up to four patches of it are looked at.
        """
        spectrum_S = np.array(self.spectrum_S)
        found = [signs(segmenter, patch, spectrum_S)[0] for patch in patches_of(image_CS)]
        more_F = np.maximum(np.mean(found, 0) - np.array(self.usual_F), 0)
        score = float(more_F @ np.array(self.weight_F))
        wrong = min(self.usual * float(np.exp(score)), self.worst)
        most = min(1.0, wrong * self.farther)
        outside = wrong > self.limit
        sentence = (
            f"Unlike the images trained on: about {wrong:.0%} of the labels are expected to be "
            f"wrong, where it is {self.usual:.0%} on like ones; label a few pixels of it."
            if outside
            else f"Like the images trained on: about {wrong:.0%} of the labels are expected to be "
            "wrong."
        )
        return Verdict(outside, wrong, most, sentence)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Outside":
        """Read what `to_dict` returned."""
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists})


def signs(
    segmenter: Segmenter, image_CS: NDArray[np.generic], spectrum_S: Floats
) -> tuple[Floats, NDArray[np.int64]]:
    """Return what goes with wrong labels, the larger the worse, (F,), and the labels.

    Disagreement (in logarithms) with the answers for a smaller, a larger, a blurred and a noisy
    copy; doubt, the mean of 1 - largest probability; overlap of the classes' greys; difference of
    the spectrum from the training's.
    """
    x_1CS = torch.from_numpy(normalise(image_CS))[None]
    answer_KS = segmenter.probabilities(image_CS)
    labels_S = answer_KS.argmax(0)
    noise = torch.randn(x_1CS.shape, generator=torch.Generator().manual_seed(0))
    copies = [
        _resized(x_1CS, 0.75),
        _resized(x_1CS, 4 / 3),
        blurred(x_1CS, torch.tensor([1.0])),
        x_1CS + 0.3 * noise,
    ]
    apart = []
    for copy_1CS in copies:
        other = torch.from_numpy(segmenter.probabilities(copy_1CS[0].numpy()))[None]
        if other.shape[2:] != x_1CS.shape[2:]:
            mode = LINEAR[x_1CS.ndim - 2]
            other = F.interpolate(other, x_1CS.shape[2:], mode=mode, align_corners=False)
        shared = np.minimum(answer_KS, other[0].numpy()).sum(0).mean()
        apart.append(np.log(max(1 - shared, FEWEST)))
    doubt = np.log(max(1 - answer_KS.max(0).mean(), FEWEST))
    strange = np.sqrt(np.mean((spectrum(x_1CS[0].numpy()) - spectrum_S) ** 2))
    return np.array([*apart, doubt, overlap(x_1CS[0].numpy(), labels_S), strange]), labels_S


def _affordable(
    segmenter: Segmenter, image_CS: NDArray[np.generic], seconds: float
) -> tuple[int, int]:
    """Return how many copies of a kind, and unchanged patches, there is time for."""
    segmenter.probabilities(image_CS)  # the first answer also prepares
    began = time.process_time()
    signs(segmenter, image_CS, spectrum(normalise(image_CS)))
    most = seconds / max(time.process_time() - began, 1e-3)
    copies = int(np.clip(most / 2 // len(KINDS), FEWEST_COPIES, COPIES))
    changed = copies * len(KINDS)
    return copies, int(np.clip(most - changed, changed // 2, UNCHANGED))


def overlap(x_CS: NDArray[np.float32], labels_S: NDArray[np.int64]) -> float:
    """Return the share of the greys' variance that lies within the classes, from 0 to 1."""
    within = sum(
        x_CS[:, labels_S == k].var(1).sum() * np.mean(labels_S == k) for k in np.unique(labels_S)
    )
    return float(within / max(x_CS.var((*range(1, x_CS.ndim),)).sum(), 1e-9))


def spectrum(x_CS: NDArray[np.float32]) -> Floats:
    """Return the logarithm of the power of an image's details of 1, 2, 4, 8 and 16 pixels."""
    x_1CS = torch.from_numpy(np.ascontiguousarray(x_CS))[None]
    finer, powers = x_1CS, []
    for size in (1.0, 2.0, 4.0, 8.0, 16.0):
        coarser = blurred(x_1CS, torch.tensor([size]))
        powers.append(float((finer - coarser).square().mean().clamp(min=1e-6).log()))
        finer = coarser
    return np.array(powers)


def wrong_share(labels_S: NDArray[np.int64], truth_S: NDArray[np.int16]) -> float:
    """Return the share of the labelled pixels whose label is wrong."""
    known_S = truth_S != UNLABELLED
    return float(np.mean(labels_S[known_S] != truth_S[known_S]))


def _resized(x_1CS: torch.Tensor, scale: float) -> torch.Tensor:
    space = [max(1, round(side * scale)) for side in x_1CS.shape[2:]]
    smooth = scale < 1 and len(space) == 2
    mode = LINEAR[len(space)]
    return F.interpolate(x_1CS, space, mode=mode, align_corners=False, antialias=smooth)
