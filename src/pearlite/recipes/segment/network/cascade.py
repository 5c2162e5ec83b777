"""Thin classes inside a large one: where the large one lies is seen from afar, the rest from near.

Axes: C channels, S space, that is HW of an image; K classes, O those of the first network, I those
of the near ones.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter
from torch import Tensor
from torch.nn import functional as F

from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.network.crops import Geometry
from pearlite.recipes.segment.network.divide import (
    FIRST_THIN,
    NEAR_SCALES,
    inner,
    near_name,
    ordinary_classes,
    outer,
    recipes,
)
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter, recipe_from
from pearlite.recipes.segment.network.training import train_network
from pearlite.recipes.segment.recipe import Recipe
from pearlite.recipes.segment.saved import read_about, write_about
from pearlite.seeds import derived_seed
from pearlite.train.losses import cross_entropy
from pearlite.train.state import State

AFAR = 0.4  # share of the budget for the first network
LEAST = 0.15  # probability; near networks are never surer than this about the host
BESIDE = 16  # pixels from where the host ends for the first network: so far others have a say
THIN_WEIGHT = 3.0  # in the cross-entropy of a near network
FAR_GEOMETRY = Geometry(shape=1.0, stretch=0.25, bend=3.0, outside=0.25)
ODDS = tuple((1 - threshold) / threshold for threshold in np.linspace(0.05, 0.95, 19).tolist())
NEAR_GEOMETRY = Geometry(shape=1.0, stretch=0.25, bend=2.5, balance=1.0, outside=0.5)
NEAR_BATCH = 8


class CascadeSegmenter:
    """Networks for far and near as one `Segmenter`.

    The first tells the ordinary classes apart, at the recipe's working scale and with the thin
    classes counted to their host. The near ones see more sharply, but not as far: they tell what is
    neither host nor thin class, the host, and the thin classes apart, within some pixels of the
    host; their answers are averaged. Where the host ends, far and near have a say; what is thin in
    it, the near ones alone decide; see `joined`.

    Parameters
    ----------
    far
        The first network.
    near
        One or more that see the image at a larger scale.
    recipe
        Says which classes are thin, and their host.
    odds
        By which the near networks' odds of thin classes are multiplied; see `best_odds`.
    """

    def __init__(
        self,
        far: NetworkSegmenter,
        near: Sequence[NetworkSegmenter],
        recipe: Recipe,
        odds: float = 1.0,
    ) -> None:
        self.far, self.near, self.recipe, self.odds = far, near, recipe, odds

    @property
    def history(self) -> list[dict[str, float]]:
        """Rows of all trainings, one after the other."""
        return [row for part in (self.far, *self.near) for row in part.history]

    def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return shape ``(K, *S)``, summing to 1 over the classes; see `Segmenter`.

        Raises
        ------
        InputError
            If the image has another number of channels or of axes than those trained on.
        """
        return joined(
            self.far.probabilities(image_CS),
            averaged(self.near, image_CS),
            self.recipe,
            self.odds,
        )

    def save(self, folder: Path) -> None:
        """Write ``recipe.json`` and a folder for each network."""
        self.far.save(folder / "far")
        for part in self.near:
            part.save(folder / near_name(part.recipe))
        about = {
            "recipe": self.recipe.to_dict(),
            "odds": self.odds,
            "near": [near_name(part.recipe) for part in self.near],
        }
        write_about(folder, "cascade", about)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> "CascadeSegmenter":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If files are missing or do not belong together.
        """
        about = read_about(folder, "cascade", ("recipe", "odds", "near"))
        far, *near = (
            NetworkSegmenter.load(folder / part, device) for part in ("far", *about["near"])
        )
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
    """Train what the recipe asks for: one network, or a cascade where there are thin classes.

    Parameters
    ----------
    examples, validation, recipe, seed, seconds, state
        As of `train_network`; several networks keep their states in folders inside the state's.
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
    far_recipe, near_recipes = recipes(recipe)
    shares = [AFAR, *(NEAR_SCALES[part.scale] for part in near_recipes)]
    far = train_network(
        [outer(example, recipe) for example in examples],
        [outer(example, recipe) for example in validation],
        far_recipe,
        seed=seed,
        seconds=AFAR / sum(shares) * seconds,
        state=_part(state, "far"),
        **{"geometry": FAR_GEOMETRY, **options},
    )
    near_examples = [inner(example, recipe) for example in examples]
    near = [
        train_network(
            near_examples,
            [],  # three images of cracks choose no weights, and cost a quarter of the time
            part,
            seed=derived_seed(seed, 1 + number),
            seconds=NEAR_SCALES[part.scale] / sum(shares) * seconds,
            state=_part(state, near_name(part)),
            **{"geometry": NEAR_GEOMETRY, "loss": near_loss, "batch": NEAR_BATCH, **options},
        )
        for number, part in enumerate(near_recipes)
    ]
    return CascadeSegmenter(far, near, recipe, best_odds(far, near, recipe, validation))


def near_loss(y_hat: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy, thin classes weighted, and one minus the Dice overlap of the thin classes.

    The overlap of the others, which is near 1 whatever becomes of the cracks, is left out.
    """
    weights = torch.full((y_hat.shape[1],), THIN_WEIGHT, device=y_hat.device)
    weights[:FIRST_THIN] = 1
    known_B1S = (y != UNLABELLED).unsqueeze(1)
    there_BKS = F.one_hot(y.clamp(min=0), y_hat.shape[1]).movedim(-1, 1) * known_B1S
    claimed_BKS = y_hat.softmax(1) * known_B1S
    axes = [0, *range(2, y_hat.ndim)]
    hits_K, sums_K = (
        values.sum(axes)[FIRST_THIN:]
        for values in (claimed_BKS * there_BKS, claimed_BKS + there_BKS)
    )
    overlap_K = (2 * hits_K + 1) / (sums_K + 1)  # 1 where a batch has none of a class
    return cross_entropy(y_hat, y, weights=weights) + (1 - overlap_K).mean()


def joined(
    outer_OS: NDArray[np.float32], inner_IS: NDArray[np.float32], recipe: Recipe, odds: float
) -> NDArray[np.float32]:
    """Join the answers from far and near to probabilities of all classes, ``(K, *S)``.

    Whether a pixel belongs to the host, both are asked where the first network sees its border, and
    their probabilities multiplied. From near, the host's surroundings alone were learned, and
    anything like it is taken for it: elsewhere the first network decides.
    """
    host = ordinary_classes(recipe).index(recipe.host)
    side = 2 * BESIDE + 1
    least_S, most_S = (of(outer_OS[host], side) for of in (minimum_filter, maximum_filter))
    beside_S = (least_S < 0.5) & (most_S > 0.5)
    elsewhere_S = np.where(beside_S, inner_IS[0].clip(LEAST, 1 - LEAST), np.float32(0.5))
    agreed_OS = outer_OS * elsewhere_S
    agreed_OS[host] = outer_OS[host] * (1 - elsewhere_S)
    agreed_OS /= agreed_OS.sum(0)
    divided_IS = inner_IS[1:].clip(1e-6)
    divided_IS[1:] *= odds
    divided_IS /= divided_IS.sum(0)
    answer_KS = np.empty((recipe.classes, *outer_OS.shape[1:]), np.float32)
    answer_KS[list(ordinary_classes(recipe))] = agreed_OS
    answer_KS[[recipe.host, *recipe.thin]] = answer_KS[recipe.host] * divided_IS
    return answer_KS


def averaged(parts: Sequence[NetworkSegmenter], image_CS: NDArray[Any]) -> NDArray[np.float32]:
    """Return the mean of what several networks answer."""
    total_KS = sum(part.probabilities(image_CS) for part in parts)
    return np.asarray(total_KS / len(parts), np.float32)


def best_odds(
    far: NetworkSegmenter,
    near: Sequence[NetworkSegmenter],
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
        outer_OS = far.probabilities(example.image_CS)
        inner_IS = averaged(near, example.image_CS)
        known_S = example.truth_S != UNLABELLED
        for row, odds in enumerate(ODDS):
            labels_S = joined(outer_OS, inner_IS, recipe, odds).argmax(0)
            for column, number in enumerate(recipe.thin):
                found_S, there_S = labels_S == number, example.truth_S == number
                hits[row, column] += np.count_nonzero(found_S & there_S)
                either[row, column] += np.count_nonzero((found_S | there_S) & known_S)
    iou = (hits / np.maximum(either, 1)).mean(1)
    return ODDS[int(iou.argmax())] if iou.any() else 1.0


def _part(state: State | None, name: str) -> State | None:
    return None if state is None else State(state.folder / name, seconds=state.seconds)
