"""A texture: an image of any size with the patches of the one it was learned from.

It is what a volume is, with an axis less: the same task, whose boxes are flat and their own slices.
The image is not turned, so that a texture has its directions. Patches as points, compared by their
shadows, without a pretrained network: Elnekave & Weiss, Generating Natural Images with Direct Patch
Distribution Matching, ECCV 2022.

Axes: Y, X of an image, and 3 of a colour.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.judge.structure.floor import compare
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.judged import Judged, Make
from pearlite.recipes.reconstruct.known import Phases
from pearlite.see import page, preview
from pearlite.see.html import Html
from pearlite.see.progress import track

LONGEST = 512  # pixels a side of the textures that are measured
SHOWN = 512  # pixels a side of what is shown


def judge_texture(
    make: Make, pictures: Pictures, seeds: Sequence[int], *, show: bool = False
) -> Judged:
    """Generate squares with several seeds, and measure them and the image.

    Parameters
    ----------
    make, pictures, seeds, show
        As of `pearlite.recipes.reconstruct.judged.judge`.

    Returns
    -------
    Judged
        What connects in a plane says little of a material: nothing is told of transport.
    """
    phases = Phases(pictures)
    side = min(LONGEST, *phases.images[0].shape)
    squares = [
        phases.of(make((side, side), seed))
        for seed in track(seeds, "Generating to measure", show=show)
    ]
    sheets = [square[None] for square in squares]
    return Judged(compare(sheets, phases.images[0], normals=(0,)), pd.DataFrame(), side)


def seen_flat(texture: NDArray[Any], pictures: Pictures) -> list[Html]:
    """Return the texture beside the image, as a section of the page.

    Parameters
    ----------
    texture
        (Y, X), or (Y, X, 3) in colour.
    pictures
        What it was learned from.
    """
    meaning, plane = pictures.meaning, pictures.planes[0]
    if meaning.kind == "phases":
        image = np.array(meaning.values)[plane]
    else:
        channels = [np.array(part)[:, None, None] for part in (meaning.scale, meaning.offset)]
        image = np.moveaxis(plane * channels[0] + channels[1], 0, -1)
        image = image if meaning.kind == "colour" else image[..., 0]
    limits = meaning.low, meaning.high
    pair = [
        _corner(texture, limits, "the texture"),
        _corner(image, limits, "the image"),
    ]
    return [page.section("The texture and the image", page.side_by_side(*pair))]


def _corner(image: NDArray[Any], limits: preview.Limits, named: str) -> Html:
    part = image[:SHOWN, :SHOWN]
    caption = f"{named.capitalize()}, {part.shape[0]}x{part.shape[1]} pixels of it."
    uri = preview.data_uri(preview.grey(part, limits), exact=True)
    return page.picture(uri, part.shape[:2], named, caption)
