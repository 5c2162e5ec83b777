"""How long a network's answers take, and so how many looks at an image there is time for.

Axes: C channels, S space, that is HW of an image or DHW of a volume.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import torch

from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.network.build import build_network, fast_layout, reach_of
from pearlite.recipes.segment.network.divide import recipes
from pearlite.recipes.segment.network.predict import symmetric, tile_probabilities, tiles
from pearlite.recipes.segment.network.training import device_of
from pearlite.recipes.segment.network.working import working_sides
from pearlite.recipes.segment.recipe import Recipe

ANSWERS = 0.25  # share of the seconds of training up to which withheld images are seen in turns


def with_turns(
    recipe: Recipe, withheld: Sequence[Example], seconds: float, device: str = "auto"
) -> Recipe:
    """Decide whether answers are averaged over the symmetries: where there is time for that.

    How long answers take is measured on a crop, with networks that are not trained yet.

    Parameters
    ----------
    recipe
        What else was decided.
    withheld
        Images that will be validated and tested on.
    seconds
        CPU seconds of training.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` …
    """
    turns = len(symmetric(recipe.dims, recipe.symmetries))
    shapes = list({id(e.image_CS): e.truth_S.shape for e in withheld}.values())
    if not recipe.turns or turns == 1 or not shapes:
        return recipe
    once = answer_seconds(recipe, shapes, device)
    if turns * once <= ANSWERS * seconds:
        return recipe
    why = (
        f"Answers: the network looks at an image once; to look at {len(shapes)} withheld "
        f"image(s) in {turns} turns would have taken {turns * once:.0f} CPU s, and training takes "
        f"{seconds:.0f}."
    )
    return replace(recipe, turns=False, reasons=(*recipe.reasons, why))


def answer_seconds(
    recipe: Recipe, shapes: Sequence[tuple[int, ...]], device: str = "auto"
) -> float:
    """Return the CPU seconds in which the recipe's networks look once at images of some shapes."""
    if not recipe.thin:
        return _of_network(recipe, shapes, device)
    far, near = recipes(recipe)
    return sum(_of_network(part, shapes, device) for part in (far, *near))


def _of_network(recipe: Recipe, shapes: Sequence[tuple[int, ...]], device: str) -> float:
    where = device_of(device)
    generator = torch.Generator().manual_seed(0)
    network = build_network(recipe, generator).eval().to(where)
    fast_layout(network, recipe.dims)
    reach = reach_of(network, recipe.dims)
    crop_CS = torch.zeros(recipe.channels, *recipe.dims * [recipe.crop], device=where)
    taken = 0.0
    for _ in range(2):  # the first time also prepares
        began = time.process_time()
        tile_probabilities(network, crop_CS, symmetries="none", stride=reach.stride).cpu()
        taken = time.process_time() - began
    pixels = sum(
        math.prod(-(-(part.stop - part.start) // reach.stride) * reach.stride for part in tile.seen)
        for shape in shapes
        for tile in tiles(working_sides(shape, recipe.scale), reach.halo)
    )
    return taken * pixels / recipe.crop**recipe.dims
