"""The crops of strokes, and later of what the network itself is sure of.

Axes: C channels, S space, that is HW of an image or DHW of a volume; K classes, N pixels.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.recipes.segment.example import UNLABELLED, Example, Segmenter
from pearlite.recipes.segment.network.augment import usual
from pearlite.recipes.segment.network.crops import Crops, Geometry
from pearlite.recipes.segment.recipe import Recipe

SURE = 0.8  # probability from which an answer becomes a label
ASKED = 2**18  # pixels by which the shares of the classes are estimated


class OwnLabels:
    """Batches of crops, whose labels are strokes at first.

    Parameters
    ----------
    examples
        Images with strokes of every class.
    recipe
        As for `Crops`.
    batch
        Crops a step.
    seed
        With the step and the labels, determines a batch.

    Attributes
    ----------
    examples : list of Example
        With the present labels.
    rounds : int
        How often the labels were changed.
    """

    def __init__(
        self, examples: Sequence[Example], recipe: Recipe, *, batch: int, seed: int
    ) -> None:
        self.strokes, self.recipe, self.batch, self.seed = list(examples), recipe, batch, seed
        self.rounds = 0
        self.take(self.strokes)

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return images (B, C, *S) float32 and labels (B, *S) int64."""
        return self.crops(step)

    def take(self, examples: list[Example]) -> None:
        """Draw the crops from examples from now on."""
        self.examples = examples
        self.crops = Crops(
            examples, self.recipe, batch=self.batch, geometry=Geometry(), vary=usual, seed=self.seed
        )

    def weights_K(self) -> Tensor:
        """Return the weights of the classes: they balance strokes, whose number means nothing."""
        counts_K = self.crops.labelled.sum(0).clamp(min=1)
        if self.rounds:
            return torch.ones_like(counts_K)
        return counts_K.sum() / counts_K / len(counts_K)

    def learn_from(self, teacher: Segmenter) -> None:
        """Label what a teacher is sure of; strokes stay as they are.

        A teacher of strokes, trained as if all classes were equally common, is set right first.
        """
        answers = [teacher.probabilities(example.image_CS) for example in self.strokes]
        if not self.rounds:
            shares_K = self._shares(answers)
            answers = [reweighted(answer_KS, shares_K) for answer_KS in answers]
        self.rounds += 1
        self.take(
            [
                replace(example, truth_S=sure(answer_KS, example.truth_S))
                for example, answer_KS in zip(self.strokes, answers, strict=True)
            ]
        )

    def _shares(self, answers: list[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Return how common the classes are, each at least as common as its strokes."""
        pixels_KN = np.concatenate(
            [answer_KS.reshape(len(answer_KS), -1) for answer_KS in answers], 1
        )
        drawn_K = np.zeros(len(pixels_KN))
        for example in self.strokes:
            labels_N = example.truth_S[example.truth_S != UNLABELLED]
            drawn_K += np.bincount(labels_N, minlength=len(drawn_K))
        least_K = drawn_K / pixels_KN.shape[1]
        if pixels_KN.shape[1] > ASKED:
            rng = np.random.default_rng(self.seed)
            pixels_KN = pixels_KN[:, rng.integers(pixels_KN.shape[1], size=ASKED)]
        return common(pixels_KN, least_K)

    def state_dict(self) -> dict[str, Tensor | int]:
        """Return the labels, for a `State` to keep."""
        truths = {
            f"truth{i}": torch.from_numpy(e.truth_S.copy()) for i, e in enumerate(self.examples)
        }
        return {"rounds": self.rounds, **truths}

    def load_state_dict(self, state: dict[str, Tensor | int]) -> None:
        """Take labels back."""
        self.rounds = int(state["rounds"])
        truths = [torch.as_tensor(state[f"truth{i}"]).numpy() for i in range(len(self.strokes))]
        self.take([replace(e, truth_S=t) for e, t in zip(self.strokes, truths, strict=True)])


def common(
    balanced_KN: NDArray[np.floating], least_K: NDArray[np.floating], rounds: int = 50
) -> NDArray[np.float64]:
    """Estimate how common classes are from answers that took them for equally common.

    Expectation maximisation (Saerens, Latinne & Decaestecker, Neural Computation 14, 2002), in
    which no class falls below its `least_K`.
    """
    shares_K = np.full(len(balanced_KN), 1 / len(balanced_KN))
    for _ in range(rounds):
        shares_K = np.maximum(reweighted(balanced_KN, shares_K).mean(1), least_K)
        shares_K /= shares_K.sum()
    return shares_K


def reweighted(
    balanced_KS: NDArray[np.floating], shares_K: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Turn probabilities of equally common classes into those of classes with other shares."""
    weighted_KS = balanced_KS * shares_K.reshape(-1, *(balanced_KS.ndim - 1) * [1])
    return (weighted_KS / weighted_KS.sum(0).clip(min=1e-12)).astype(np.float32)


def sure(answer_KS: NDArray[np.floating], strokes_S: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the classes that are `SURE`, elsewhere `UNLABELLED`; and the strokes."""
    labels_S = np.where(answer_KS.max(0) >= SURE, answer_KS.argmax(0), UNLABELLED)
    return np.where(strokes_S != UNLABELLED, strokes_S, labels_S).astype(np.int16)
