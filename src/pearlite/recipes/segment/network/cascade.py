"""Thin classes inside a large one: where the large one lies is seen from afar, cracks from near.

Axes: C channels, S space, that is HW of an image; K classes, O those of the first network, I those
of the second.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pearlite.data.disk import replacing
from pearlite.errors import InputError
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.network.crops import Geometry
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter, recipe_from
from pearlite.recipes.segment.network.training import train_network
from pearlite.recipes.segment.recipe import Recipe
from pearlite.seeds import derived_seed
from pearlite.train.losses import cross_entropy
from pearlite.train.state import State

AFAR = 0.5  # share of the budget for the first network
THIN_WEIGHT = 3.0  # in the cross-entropy of the second network
FAR_GEOMETRY = Geometry(shape=1.0, stretch=0.25, bend=3.0, outside=0.25)
ODDS = tuple((1 - threshold) / threshold for threshold in np.linspace(0.05, 0.95, 19).tolist())
NEAR_GEOMETRY = Geometry(shape=1.0, stretch=0.25, bend=2.5, balance=1.0)


class CascadeSegmenter:
    """Two networks as one `Segmenter`.

    The first tells the ordinary classes apart, at the recipe's working scale and with the thin
    classes counted to their host. The second divides the host at full resolution. By the rule of
    conditional probability, P(thin) = P(host or thin) · P(thin | host or thin).

    Parameters
    ----------
    far, near
        The first and the second network.
    recipe
        Says which classes are thin, and their host.
    odds
        By which the second network's odds of thin classes are multiplied; see `best_odds`.
    """

    def __init__(
        self, far: NetworkSegmenter, near: NetworkSegmenter, recipe: Recipe, odds: float = 1.0
    ) -> None:
        self.far, self.near, self.recipe, self.odds = far, near, recipe, odds

    @property
    def history(self) -> list[dict[str, float]]:
        """Rows of both trainings, one after the other."""
        return [*self.far.history, *self.near.history]

    def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return shape ``(K, *S)``, summing to 1 over the classes; see `Segmenter`.

        Raises
        ------
        InputError
            If the image has another number of channels or of axes than those trained on.
        """
        return joined(
            self.far.probabilities(image_CS),
            self.near.probabilities(image_CS),
            self.recipe,
            self.odds,
        )

    def save(self, folder: Path) -> None:
        """Write ``recipe.json`` and a folder for each network."""
        self.far.save(folder / "far")
        self.near.save(folder / "near")
        about = {"kind": "cascade", "recipe": self.recipe.to_dict(), "odds": self.odds}
        with replacing(folder / "recipe.json") as hidden:
            hidden.write_text(json.dumps(about, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> "CascadeSegmenter":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If files are missing or do not belong together.
        """
        path = folder / "recipe.json"
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path} is missing or damaged; expected a saved segmenter") from error
        if not isinstance(about, dict) or about.get("kind") != "cascade":
            raise InputError(f"{path} is of another kind of model; expected a cascade's")
        far, near = (NetworkSegmenter.load(folder / part, device) for part in ("far", "near"))
        return cls(far, near, recipe_from(about["recipe"]), about["odds"])


def train_by_recipe(
    examples: Sequence[Example],
    validation: Sequence[Example],
    recipe: Recipe,
    *,
    seed: int,
    seconds: float | None = None,
    state: State | None = None,
    **options: Any,
) -> NetworkSegmenter | CascadeSegmenter:
    """Train what the recipe asks for: one network, or two where there are thin classes.

    Parameters
    ----------
    examples, validation, recipe, seed, seconds, state
        As of `train_network`; two networks keep their states in two folders inside the state's.
    **options
        More of `train_network`.

    Raises
    ------
    InputError, KeyboardInterrupt
        As `train_network` does.
    """
    if not recipe.thin:
        return train_network(
            examples, validation, recipe, seed=seed, seconds=seconds, state=state, **options
        )
    seconds = recipe.seconds if seconds is None else seconds
    far_recipe, near_recipe = recipes(recipe)
    far = train_network(
        [outer(example, recipe) for example in examples],
        [outer(example, recipe) for example in validation],
        far_recipe,
        seed=seed,
        seconds=AFAR * seconds,
        state=_part(state, "far"),
        **{"geometry": FAR_GEOMETRY, **options},
    )
    near = train_network(
        [inner(example, recipe) for example in examples],
        [],  # three images of cracks choose no weights, and cost a quarter of the time
        near_recipe,
        seed=derived_seed(seed, 1),
        seconds=(1 - AFAR) * seconds,
        state=_part(state, "near"),
        **{"geometry": NEAR_GEOMETRY, "loss": near_loss, **options},
    )
    return CascadeSegmenter(far, near, recipe, best_odds(far, near, recipe, validation))


def near_loss(y_hat: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy, thin classes weighted, and one minus the Dice overlap of the thin classes.

    The host's overlap, which is near 1 whatever becomes of the cracks, is left out.
    """
    weights = torch.full((y_hat.shape[1],), THIN_WEIGHT, device=y_hat.device)
    weights[0] = 1
    known_B1S = (y != UNLABELLED).unsqueeze(1)
    there_BKS = F.one_hot(y.clamp(min=0), y_hat.shape[1]).movedim(-1, 1) * known_B1S
    claimed_BKS = y_hat.softmax(1) * known_B1S
    axes = [0, *range(2, y_hat.ndim)]
    hits_K, sums_K = (
        values.sum(axes)[1:] for values in (claimed_BKS * there_BKS, claimed_BKS + there_BKS)
    )
    overlap_K = (2 * hits_K + 1) / (sums_K + 1)  # 1 where a batch has none of a class
    return cross_entropy(y_hat, y, weights=weights) + (1 - overlap_K).mean()


def joined(
    outer_OS: NDArray[np.float32], inner_IS: NDArray[np.float32], recipe: Recipe, odds: float
) -> NDArray[np.float32]:
    """Join the answers of the two networks to probabilities of all classes, ``(K, *S)``."""
    divided_IS = inner_IS.copy()
    divided_IS[1:] *= odds
    divided_IS /= divided_IS.sum(0)
    answer_KS = np.empty((recipe.classes, *outer_OS.shape[1:]), np.float32)
    answer_KS[list(ordinary_classes(recipe))] = outer_OS
    answer_KS[[recipe.host, *recipe.thin]] = answer_KS[recipe.host] * divided_IS
    return answer_KS


def best_odds(
    far: NetworkSegmenter,
    near: NetworkSegmenter,
    recipe: Recipe,
    examples: Sequence[Example],
) -> float:
    """Return the factor of thin classes' odds for which their mean IoU on examples is largest.

    A class that fills one percent of its host is found best with another threshold than one half;
    where no example shows a thin class, the factor is 1.
    """
    hits = np.zeros((len(ODDS), len(recipe.thin)))
    either = np.zeros_like(hits)
    for example in examples:
        answers = (part.probabilities(example.image_CS) for part in (far, near))
        outer_OS, inner_IS = answers
        known_S = example.truth_S != UNLABELLED
        for row, odds in enumerate(ODDS):
            labels_S = joined(outer_OS, inner_IS, recipe, odds).argmax(0)
            for column, number in enumerate(recipe.thin):
                found_S, there_S = labels_S == number, example.truth_S == number
                hits[row, column] += np.count_nonzero(found_S & there_S)
                either[row, column] += np.count_nonzero((found_S | there_S) & known_S)
    iou = (hits / np.maximum(either, 1)).mean(1)
    return ODDS[int(iou.argmax())] if iou.any() else 1.0


def recipes(recipe: Recipe) -> tuple[Recipe, Recipe]:
    """Return the recipes of the first and of the second network."""
    single = replace(recipe, thin=(), host=0, class_weights=())
    if recipe.encoder:
        single = replace(single, width=0)  # half the image's resolution is fine enough
    far = replace(single, classes=recipe.classes - len(recipe.thin))
    near = replace(
        single,
        classes=1 + len(recipe.thin),
        scale=1.0,
    )
    return far, near


def ordinary_classes(recipe: Recipe) -> tuple[int, ...]:
    """Return the numbers of the classes that the first network tells apart."""
    return tuple(number for number in range(recipe.classes) if number not in recipe.thin)


def outer(example: Example, recipe: Recipe) -> Example:
    """Count the thin classes to their host, and number the ordinary ones from 0."""
    ordinary = ordinary_classes(recipe)
    new = {number: place for place, number in enumerate(ordinary)}
    new |= dict.fromkeys(recipe.thin, new[recipe.host])
    return _renumbered(example, new)


def inner(example: Example, recipe: Recipe) -> Example:
    """Give the host number 0, the thin classes those from 1, everything else no label."""
    return _renumbered(example, {recipe.host: 0} | {k: 1 + i for i, k in enumerate(recipe.thin)})


def _part(state: State | None, name: str) -> State | None:
    return None if state is None else State(state.folder / name, seconds=state.seconds)


def _renumbered(example: Example, new: dict[int, int]) -> Example:
    truth_S = np.full_like(example.truth_S, UNLABELLED)
    for old, number in new.items():
        truth_S[example.truth_S == old] = number
    return replace(example, truth_S=truth_S)
