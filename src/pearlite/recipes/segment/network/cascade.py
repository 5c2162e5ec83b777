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
from numpy.typing import NDArray

from pearlite.data.disk import replacing
from pearlite.errors import InputError
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.network.crops import Geometry
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter, recipe_from
from pearlite.recipes.segment.network.training import train_network
from pearlite.recipes.segment.recipe import Recipe
from pearlite.seeds import derived_seed
from pearlite.train.state import State

AFAR = 0.5  # share of the budget for the first network
THIN_WEIGHT = 3.0  # in the cross-entropy of the second network
FAR_GEOMETRY = Geometry(shape=1.0, stretch=0.25, bend=3.0)
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
    """

    def __init__(self, far: NetworkSegmenter, near: NetworkSegmenter, recipe: Recipe) -> None:
        self.far, self.near, self.recipe = far, near, recipe

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
        outer_OS = self.far.probabilities(image_CS)
        inner_IS = self.near.probabilities(image_CS)
        ordinary = ordinary_classes(self.recipe)
        answer_KS = np.empty((self.recipe.classes, *image_CS.shape[1:]), np.float32)
        answer_KS[list(ordinary)] = outer_OS
        within_S = answer_KS[self.recipe.host].copy()
        answer_KS[[self.recipe.host, *self.recipe.thin]] = within_S * inner_IS
        return answer_KS

    def save(self, folder: Path) -> None:
        """Write ``recipe.json`` and a folder for each network."""
        self.far.save(folder / "far")
        self.near.save(folder / "near")
        about = {"kind": "cascade", "recipe": self.recipe.to_dict()}
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
        return cls(far, near, recipe_from(about["recipe"]))


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
        **{"geometry": FAR_GEOMETRY, "batch": 4, **options},
    )
    near = train_network(
        [inner(example, recipe) for example in examples],
        [],  # three images of cracks choose no weights, and cost a quarter of the time
        near_recipe,
        seed=derived_seed(seed, 1),
        seconds=(1 - AFAR) * seconds,
        state=_part(state, "near"),
        **{"geometry": NEAR_GEOMETRY, "batch": 4, **options},
    )
    return CascadeSegmenter(far, near, recipe)


def recipes(recipe: Recipe) -> tuple[Recipe, Recipe]:
    """Return the recipes of the first and of the second network."""
    single = replace(recipe, thin=(), host=0, class_weights=())
    far = replace(single, classes=recipe.classes - len(recipe.thin))
    near = replace(
        single,
        classes=1 + len(recipe.thin),
        scale=1.0,
        class_weights=(1.0, *len(recipe.thin) * [THIN_WEIGHT]),
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
