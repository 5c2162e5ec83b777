"""Cut one image into patches whose parts lie apart."""

import itertools
from collections.abc import Sequence

import numpy as np

from pearlite.data.split import USUAL, Fractions, Split, split
from pearlite.errors import InputError


def split_blocks(
    shape: Sequence[int],
    patch: Sequence[int],
    *,
    block: Sequence[int],
    stride: Sequence[int] | None = None,
    margin: int = 0,
    fractions: Fractions = USUAL,
    seed: int = 0,
) -> tuple[np.ndarray, Split]:
    """Divide patches of one image by spatial blocks, so that no two parts share a pixel.

    The image is tiled by blocks, `margin` pixels apart; patches are cut inside blocks, and all
    patches of a block go to one part.

    Parameters
    ----------
    shape, patch, block, stride
        Pixels along each axis: of the image, a patch, a block, and from patch to patch (as large
        as the patch unless given).
    margin
        Smallest number of pixels between patches of two parts.
    fractions
        Share of the patches in train, validation and test.
    seed
        Decides which block goes where.

    Returns
    -------
    tuple of array and Split
        The first pixel of every patch, int64 (patches, axes), and the split of these patches.

    Raises
    ------
    InputError
        If lengths do not fit, or there are fewer blocks than parts.
    """
    sizes = [tuple(int(n) for n in given) for given in (shape, patch, block, stride or patch)]
    if len({len(given) for given in sizes}) > 1 or min(map(min, sizes)) < 1 or margin < 0:
        raise InputError(
            f"shape, patch, block and stride {sizes} must have one length of at least 1 an axis, "
            f"and margin {margin} must be 0 or more"
        )
    if any(p > b for p, b in zip(*sizes[1:3], strict=True)):
        raise InputError(f"a patch of {sizes[1]} does not fit into a block of {sizes[2]}")
    blocks = [
        [
            list(range(start, min(start + b, length) - p + 1, s))
            for start in range(0, length - p + 1, b + margin)
        ]
        for length, p, b, s in zip(*sizes, strict=True)
    ]
    cut = [list(itertools.product(*starts)) for starts in itertools.product(*blocks)]
    if len(cut) < np.count_nonzero(fractions):
        raise InputError(
            f"an image of {sizes[0]} holds {len(cut)} blocks of {sizes[2]}, fewer than there are "
            "parts; make blocks smaller"
        )
    corners = np.array([corner for inside in cut for corner in inside], dtype=np.int64)
    of_block = np.repeat(np.arange(len(cut)), [len(inside) for inside in cut])
    made = split(len(corners), fractions=fractions, group=of_block, seed=seed)
    how = f" A group is one of {len(cut)} blocks of {sizes[2]} pixels, {margin} apart."
    return corners, Split(*made.parts.values(), why=made.why + how)
