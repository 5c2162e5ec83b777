"""The methods by name: each learns from a set and returns what labels an image.

Axes: C channels, S space.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from benchmarks.segment.peers import Labeller, forest, threshold
from numpy.typing import NDArray

from pearlite.recipes.segment.decide import choose, from_labels
from pearlite.recipes.segment.example import Example, Segmenter
from pearlite.recipes.segment.network.cascade import train_by_recipe
from pearlite.recipes.segment.pixels import train_pixels

Method = Callable[[list[Example], list[Example], int, int, float], Labeller]


def peer(learn: Callable[[list[Example], int, int], Labeller]) -> Method:
    """Peers have nothing to choose, and take the time they take."""

    def method(
        train: list[Example], validation: list[Example], classes: int, seed: int, seconds: float
    ) -> Labeller:
        return learn(train, classes, seed)

    return method


def pixels(features: str, head: str = "lightgbm") -> Method:
    """Return pearlite's classifier of pixels."""

    def method(
        train: list[Example], validation: list[Example], classes: int, seed: int, seconds: float
    ) -> Labeller:
        model = train_pixels(train, classes, head=head, features=features, seed=seed)
        return partial(_labels, model)

    return method


def network(encoder: str | None) -> Method:
    """Return pearlite's U-Net by the recipe that the labels ask for; None tries the encoders."""

    def method(
        train: list[Example], validation: list[Example], classes: int, seed: int, seconds: float
    ) -> Labeller:
        if encoder is None:
            recipe = choose(train, validation, seconds=seconds, seed=seed)
        else:
            recipe = replace(from_labels(train), encoder=encoder, seconds=seconds)
        return partial(_labels, train_by_recipe(train, validation, recipe, seed=seed))

    return method


def _labels(segmenter: Segmenter, image_CS: NDArray[Any]) -> NDArray[np.integer]:
    return segmenter.probabilities(image_CS).argmax(0)


METHODS: dict[str, Method] = {
    "threshold": peer(threshold),
    "scikit-image + forest": peer(forest),
    "LightGBM, filters": pixels("filters"),
    "LightGBM, filters + lite0": pixels("both"),
    "U-Net": network(""),
    "U-Net, lite0": network("lite0"),
    "as decided": network(None),
}
