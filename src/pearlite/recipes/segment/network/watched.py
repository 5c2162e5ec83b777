"""What is withheld from training, and how wrong a network is on it.

Axes: C channels, S space, that is HW of an image or DHW of a volume.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor, nn

from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter
from pearlite.recipes.segment.network.working import working_image, working_truth
from pearlite.recipes.segment.recipe import Recipe
from pearlite.recipes.segment.scores import mean_iou, pooled

SMALLEST = 2**12  # working pixels of an image's part; of very many images, some are left out


class Watched:
    """Parts of withheld images, at the working scale, few enough to be judged along the way.

    Parameters
    ----------
    examples
        Images with labels.
    recipe
        The network's.
    pixels
        How many working pixels there may be in all; of larger images a part is taken, about a
        labelled pixel.
    seed
        Decides which part.
    """

    def __init__(
        self, examples: Sequence[Example], recipe: Recipe, *, pixels: float, seed: int
    ) -> None:
        self.recipe = replace(recipe, turns=False)
        rng = np.random.default_rng(seed)
        most = max(1, int(pixels / SMALLEST))
        chosen = rng.permutation(len(examples))[:most]
        side = int((pixels / max(1, len(chosen))) ** (1 / recipe.dims))
        self.parts = [self._part(examples[index], side, rng) for index in sorted(chosen)]

    def _part(self, example: Example, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        x_CS = working_image(example.image_CS, self.recipe.scale)
        y_S = working_truth(example.truth_S, self.recipe.scale)
        known = (y_S != UNLABELLED).nonzero()
        middle = known[int(rng.integers(len(known)))]
        first = [
            min(max(0, int(at) - side // 2), max(0, length - side))
            for at, length in zip(middle, y_S.shape, strict=True)
        ]
        place = tuple(slice(start, start + side) for start in first)
        return x_CS[(slice(None), *place)], y_S[place]

    def error(self, network: nn.Module) -> float:
        """Return 1 - mean IoU of the classes that are there, pooled over all parts."""
        segmenter = NetworkSegmenter(network, self.recipe)
        answers = (
            (y_S.numpy(), segmenter.answer(x_CS).argmax(0).numpy()) for x_CS, y_S in self.parts
        )
        return 1 - float(mean_iou(pooled(answers, self.recipe.classes)))
