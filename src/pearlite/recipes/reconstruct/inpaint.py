"""Fill a hole of an image so that its patches are like the rest and join its rim.

Piece by piece: the places of the image are found whose surroundings are most like the piece's. One
of the best is copied (as in Efros & Freeman, Image Quilting, SIGGRAPH 2001). Then the pixels
descend on the sliced Wasserstein distance between the patches that touch the piece and those at the
alike places. The patches over the rim count by themselves, too: a seam is found nowhere else in the
image, so it goes. Known pixels stay as they are.

Axes: H, W of an image, C channels, h, w of a window, K alike places, P projections, N patches.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pearlite.errors import InputError
from pearlite.recipes.reconstruct.hole import Piece, alike, checked, halves, nearest_known, pieces
from pearlite.recipes.reconstruct.images import Pictures, prepare
from pearlite.recipes.reconstruct.material import valued
from pearlite.see.progress import track
from pearlite.seeds import derived_seed
from pearlite.train.sliced_wasserstein import quantile_distance, random_directions, shrink

PLACES, COMPARED = 24, 4  # alike places, and those of which a step takes the patches
PATCHES = ((1, 2), (1, 3), (1, 5), (1, 9), (2, 5))
"""Pairs (scale, side): patches of so many squares of `scale` pixels."""
DIRECTIONS, TAPS, STEPS, RATE = 32, 6, 120, 0.1
DRAWN = 3  # of how many of the best places one is copied, by the seed


@dataclass(frozen=True)
class Filled:
    """An image without its hole.

    Attributes
    ----------
    image
        As it was given, other values in the hole.
    hole
        Where these are, (Y, X) bool.
    pictures
        What was learned from.
    channels_CHW
        The filled image as its channels: 1 for the phase of a pixel, or values.
    """

    image: NDArray[Any]
    hole: NDArray[np.bool_]
    pictures: Pictures
    channels_CHW: Tensor


def inpaint(
    image: NDArray[Any],
    hole: NDArray[Any],
    *,
    seed: int = 0,
    kind: str | None = None,
    clean: bool = False,
    steps: int = STEPS,
    show: bool = False,
) -> Filled:
    """Fill a hole.

    Parameters
    ----------
    image
        (Y, X) of labels or grey values, or (Y, X, 3) in colour. What it holds in the hole does not
        matter.
    hole
        (Y, X), not 0 where pixels shall be filled.
    seed
        Which of the fills that are possible.
    kind, clean
        See `pearlite.recipes.reconstruct.images.prepare`.
    steps
        Of the descent, for each piece; 0 only copies.
    show
        Whether to draw a progress bar.

    Raises
    ------
    InputError
        If the image cannot be learned from, the mask does not fit, or too little is known.

    Examples
    --------
    >>> filled = inpaint(labels, labels == 7).image  # doctest: +SKIP
    """
    hole_HW = checked(hole, np.asarray(image))
    pictures = prepare(nearest_known(np.asarray(image), hole_HW), kind=kind, clean=clean, dims=2)
    longest = max(hole_HW.shape)
    image_CHW = pictures.window(0, np.random.default_rng(0), longest)[0]
    filled_HW = ~hole_HW
    waiting = list(pieces(hole_HW))
    for _ in track(range(len(waiting)), "Filling", show=show):
        best = max(waiting, key=lambda piece: filled_HW[piece.window].mean())
        waiting.remove(best)
        _fill(image_CHW, filled_HW, ~hole_HW, best, steps, seed)
    if pictures.meaning.kind == "phases":
        image_CHW = functional.one_hot(image_CHW.argmax(0), len(image_CHW)).movedim(-1, 0).float()
    merged = np.array(image)
    merged[hole_HW] = valued(image_CHW, pictures.meaning)[hole_HW]
    return Filled(merged, hole_HW, pictures, image_CHW)


def _fill(
    image_CHW: Tensor,
    filled_HW: NDArray[np.bool_],
    known_HW: NDArray[np.bool_],
    piece: Piece,
    steps: int,
    seed: int,
) -> None:
    """Fill a piece in place; one that is too large to be found anywhere, by halves."""
    places = alike(image_CHW.numpy(), filled_HW, known_HW, piece, PLACES)
    if not places:
        parts = halves(piece, known_HW.shape)
        if not parts:
            raise InputError(
                "a pixel of the hole has no place in the image that is known whole, with its rim, "
                "to be filled from: the hole has too many parts; give a larger image"
            )
        for part in parts:
            _fill(image_CHW, filled_HW, known_HW, part, steps, seed)
        return
    rows, columns = piece.window
    number = derived_seed(seed, rows.start, columns.start)
    chosen = int(np.random.default_rng(number).integers(min(DRAWN, len(places))))
    window_Chw = image_CHW[:, rows, columns]
    inside_hw = torch.from_numpy(piece.inside_hw)
    real_KChw = torch.stack([image_CHW[:, y, x] for y, x in places])
    start = torch.where(inside_hw, real_KChw[chosen], window_Chw)
    settled = torch.from_numpy(filled_HW[rows, columns]) | inside_hw
    window_Chw[:, inside_hw] = joined(start, inside_hw, settled, real_KChw, steps, number)[
        :, inside_hw
    ]
    filled_HW[rows, columns] |= piece.inside_hw


def joined(
    start_Chw: Tensor,
    inside_hw: Tensor,
    settled_hw: Tensor,
    real_KChw: Tensor,
    steps: int,
    seed: int,
) -> Tensor:
    """Let the pixels of a piece descend until its patches are those of the alike places.

    Parameters
    ----------
    start_Chw
        The window, the piece filled by a copy.
    inside_hw
        Where the piece is.
    settled_hw
        Where the window holds anything: only patches that lie there count.
    real_KChw
        The windows at the alike places.
    steps, seed
        How many, and of what is drawn.
    """
    random = torch.Generator().manual_seed(seed)
    pixels_CN = start_Chw[:, inside_hw].clone().requires_grad_()
    optimiser = torch.optim.Adam([pixels_CN], lr=RATE, betas=(0.9, 0.99))
    counted = {pair: _counted(inside_hw, settled_hw, *pair) for pair in PATCHES}
    useful = [pair for pair in PATCHES if counted[pair]]
    for step in range(steps if useful else 0):
        optimiser.param_groups[0]["lr"] = RATE * (1 + np.cos(np.pi * step / steps)) / 2
        scale, side = useful[int(torch.randint(len(useful), (), generator=random))]
        chosen = torch.randperm(len(real_KChw), generator=random)[:COMPARED]
        taps = TAPS if step % 2 else None
        directions = random_directions(
            DIRECTIONS, len(start_Chw), side, taps=taps, generator=random
        )
        window_Chw = start_Chw.clone()
        window_Chw[:, inside_hw] = pixels_CN
        made, real = (
            functional.conv2d(shrink(x, scale), directions).transpose(0, 1)
            for x in (window_Chw[None], real_KChw[chosen])
        )
        distances = [
            quantile_distance(made[..., where].flatten(1), real[..., where].flatten(1))
            for where in counted[scale, side]
        ]
        optimiser.zero_grad()
        torch.stack(distances).sum().backward()
        optimiser.step()
    done_Chw = start_Chw.clone()
    done_Chw[:, inside_hw] = pixels_CN.detach()
    return done_Chw


def _counted(inside_hw: Tensor, settled_hw: Tensor, scale: int, side: int) -> list[Tensor]:
    """Return where patches lie that touch the piece, and those of them that lie over its rim.

    Those over the rim are few, and would not be heard among all. None touches what is still empty.
    """
    if min(inside_hw.shape) // scale < side:
        return []
    inside, outside, empty = (
        functional.max_pool2d(functional.max_pool2d(x.float()[None], scale), side, 1)[0] > 0
        for x in (inside_hw, ~inside_hw, ~settled_hw)
    )
    touching = inside & ~empty
    return [where for where in (touching, touching & outside) if where.any()]
