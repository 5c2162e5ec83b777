"""What each network of a cascade learns: its recipe, and its own classes.

Axes: S space, that is HW of an image.
"""

from dataclasses import replace

import numpy as np
from scipy.ndimage import distance_transform_edt

from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.recipe import Recipe

BAND = 32.0  # pixels around the host and its thin classes that a near network learns too
FIRST_THIN = 2  # number of the first thin class in a near network, after elsewhere and host
NEAR_SCALES = {1.0: 0.35, 0.5: 0.25}  # working scale of a near network, and its share
NEAR_CROP = 128


def recipes(recipe: Recipe) -> tuple[Recipe, list[Recipe]]:
    """Return the recipe of the first network and those of the near ones.

    These see the image as it is, and at half its size where that is still larger than what the
    first one sees.
    """
    single = replace(recipe, thin=(), host=0, band=None, class_weights=())
    far = replace(
        single,
        band=None if recipe.band is None else ordinary_classes(recipe).index(recipe.band),
        classes=recipe.classes - len(recipe.thin),
        width=0 if recipe.encoder else recipe.width,  # the near ones see sharply enough
    )
    near = [
        replace(
            single,
            classes=FIRST_THIN + len(recipe.thin),
            scale=scale,
            crop=min(recipe.crop, NEAR_CROP),
            encoder="",
            depth=recipe.depth + 1,
        )
        for scale in NEAR_SCALES
        if scale == 1 or scale > recipe.scale
    ]
    return far, near


def near_name(recipe: Recipe) -> str:
    """Return the name of a near network's folder."""
    return f"near_{recipe.scale:g}"


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
    """Give what is near the host number 0, the host 1, the thin classes those from 2.

    Farther away than `BAND` nothing has a label.
    """
    new = dict.fromkeys(ordinary_classes(recipe), 0) | {recipe.host: 1}
    numbered = _renumbered(example, new | {k: FIRST_THIN + i for i, k in enumerate(recipe.thin)})
    inside_S = numbered.truth_S > 0
    if inside_S.any():
        far_S = np.asarray(distance_transform_edt(~inside_S)) > BAND
    else:
        far_S = np.ones_like(inside_S)
    return replace(numbered, truth_S=np.where(far_S, np.int16(UNLABELLED), numbered.truth_S))


def _renumbered(example: Example, new: dict[int, int]) -> Example:
    truth_S = np.full_like(example.truth_S, UNLABELLED)
    for old, number in new.items():
        truth_S[example.truth_S == old] = number
    return replace(example, truth_S=truth_S)
