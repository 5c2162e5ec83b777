"""A trained network that segments any image, and its files.

Axes: C channels, S space, that is HW of an image or DHW of a volume; K classes.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.errors import InputError
from pearlite.nets import weights
from pearlite.recipes.segment.network.band import corrected
from pearlite.recipes.segment.network.build import (
    Reach,
    architecture_of,
    build_network,
    fast_layout,
    reach_of,
)
from pearlite.recipes.segment.network.predict import tile_probabilities, tiles
from pearlite.recipes.segment.network.working import LINEAR, working_image
from pearlite.recipes.segment.recipe import Recipe
from pearlite.recipes.segment.saved import read_about, write_about

BLUR = 16.0  # pixels beside the borders of a band in which the network's answer counts


class NetworkSegmenter:
    """A U-Net and the recipe by which it sees images; a `Segmenter`.

    Parameters
    ----------
    network
        Maps (B, C, *S) to logits (B, K, *S), see `build_network`.
    recipe
        How images are prepared and answers averaged.
    history
        A row a validation of its training.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        history: list[dict[str, float]] | None = None,
    ) -> None:
        self.network, self.recipe = network.eval(), recipe
        fast_layout(network, recipe.dims)
        self.history = history or []
        self.reach: Reach = reach_of(network, recipe.dims)

    def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return shape ``(K, *S)``, summing to 1 over the classes; see `Segmenter`.

        Raises
        ------
        InputError
            If the image has another number of channels or of axes than those trained on.
        """
        wanted = self.recipe.dims, self.recipe.channels
        if (image_CS.ndim - 1, len(image_CS)) != wanted:
            raise InputError(
                f"the image has {len(image_CS)} channel(s) and {image_CS.ndim - 1} axes of space; "
                f"this segmenter was trained on {wanted[1]} and {wanted[0]}"
            )
        answer_KS = self.answer(working_image(image_CS, self.recipe.scale))
        if self.recipe.band is not None:
            blur = BLUR * self.recipe.scale
            answer_KS = torch.from_numpy(corrected(answer_KS.numpy(), self.recipe.band, blur))
        if answer_KS.shape[1:] != image_CS.shape[1:]:
            answer_KS = F.interpolate(
                answer_KS[None],
                image_CS.shape[1:],
                mode=LINEAR[self.recipe.dims],
                align_corners=False,
            )[0]
        return answer_KS.numpy()

    def answer(self, x_CS: Tensor) -> Tensor:
        """Return probabilities ``(K, *S)``, on the CPU, of a normalised image at working scale."""
        device = next(self.network.parameters()).device
        answer_KS = torch.empty(self.recipe.classes, *x_CS.shape[1:])
        for tile in tiles(tuple(x_CS.shape[1:]), self.reach.halo):
            found_KS = tile_probabilities(
                self.network,
                x_CS[(slice(None), *tile.seen)].to(device),
                symmetries=self.recipe.symmetries if self.recipe.turns else "none",
                stride=self.reach.stride,
            )
            answer_KS[(slice(None), *tile.core)] = found_KS[(slice(None), *tile.inside)].cpu()
        return answer_KS

    def save(self, folder: Path) -> None:
        """Write ``recipe.json``, ``network.safetensors`` and the history into a folder."""
        about = {
            "recipe": self.recipe.to_dict(),
            "history": self.history,
            "architecture": architecture_of(self.network),
        }
        folder.mkdir(parents=True, exist_ok=True)
        weights.save(self.network, folder / "network.safetensors")
        write_about(folder, "network", about)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> "NetworkSegmenter":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If files are missing or do not belong together.
        """
        about = read_about(folder, "network", ("recipe", "history", "architecture"))
        recipe = recipe_from(about["recipe"])
        network = build_network(
            recipe, torch.Generator().manual_seed(0), architecture=about["architecture"]
        )
        weights.load(network, folder / "network.safetensors")
        return cls(network.to(device), recipe, about["history"])


def recipe_from(values: dict[str, Any]) -> Recipe:
    """Make a recipe of its plain values."""
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    try:
        return Recipe(**{**values, **lists})
    except TypeError as error:
        raise InputError(f"the saved recipe does not fit this version: {error}") from error
