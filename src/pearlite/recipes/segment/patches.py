"""Parts of images that are looked at in place of the whole.

Axes: C channels, S space, that is HW of an image or DHW of a volume.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pearlite.recipes.segment.example import UNLABELLED, Example

PATCH = {2: 256, 3: 48}  # side of a patch, by axes of space
PATCHES = 4  # of an image


def labelled_patches(
    example: Example, seed: int
) -> list[tuple[NDArray[np.generic], NDArray[np.int16]]]:
    """Return up to four patches that hold labels."""
    windows = places(example.truth_S.shape)
    known = [where for where in windows if (example.truth_S[where] != UNLABELLED).any()]
    order = np.random.default_rng(seed).permutation(len(known))[:PATCHES]
    return [(example.image_CS[(slice(None), *known[i])], example.truth_S[known[i]]) for i in order]


def patches_of(image_CS: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    """Return up to four patches, spread over an image."""
    windows = places(image_CS.shape[1:])
    chosen = np.unique(np.linspace(0, len(windows) - 1, PATCHES).round().astype(int))
    return [image_CS[(slice(None), *windows[i])] for i in chosen]


def places(sides: Sequence[int]) -> list[tuple[slice, ...]]:
    """Cut an image into patches; what is left over at its ends belongs to none."""
    side = PATCH[len(sides)]
    firsts = [range(0, max(1, length - side + 1), side) for length in sides]
    corners = np.stack(np.meshgrid(*firsts, indexing="ij"), -1).reshape(-1, len(sides))
    return [tuple(slice(int(at), int(at) + side) for at in corner) for corner in corners]
