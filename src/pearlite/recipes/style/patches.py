"""How far the patches of an image are from those of another that show the same phases.

Axes: C channels, Y rows, X columns; B = 1 batch, H and W rows and columns at a scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.errors import InputError
from pearlite.recipes.style.classes import KINDS, states
from pearlite.train.sliced_wasserstein import quantile_distance, shadows, shrink

SCALES, SIDES = (1, 2, 4, 8), (5, 9)
SMALLEST = 16  # pixels, least side of an image
WIDEST_MIXED = 40  # pixels, side of patches up to which those that hold several phases count
FEWEST = 8  # patches of a kind that say something about it
Kind = tuple[int, int]  # scale, side of the patch


@dataclass(frozen=True)
class Piece:
    """An image, or a part of one, and what its patches show.

    Parameters
    ----------
    image_BCHW
        Grey values on the reference's scale, at full size.
    states_BCHW
        What the patch around each pixel shows, of each kind of patch, one channel of bytes.
    """

    image_BCHW: Tensor
    states_BCHW: Mapping[Kind, Tensor]

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.image_BCHW.shape[2] * self.image_BCHW.shape[3]


def piece(image_CYX: Tensor, classes_YX: NDArray[np.int64], kinds: Sequence[Kind]) -> Piece:
    """Return an image with the states of its patches of all kinds."""
    seen = {
        kind: torch.from_numpy(states(classes_YX, *kind)).to(image_CYX.device)[None, None]
        for kind in kinds
    }
    return Piece(image_CYX[None], seen)


def kinds_for(shapes: Sequence[tuple[int, int]], names: Sequence[str]) -> tuple[Kind, ...]:
    """Return the patches that fit into images of all these sizes.

    Raises
    ------
    InputError
        If one of them has a side below `SMALLEST` pixels.
    """
    for (rows, columns), name in zip(shapes, names, strict=True):
        if min(rows, columns) < SMALLEST:
            raise InputError(
                f"{name} has {columns} × {rows} pixels, which hold too few patches; at least "
                f"{SMALLEST} × {SMALLEST} are needed"
            )
    side = min(min(shape) for shape in shapes)
    return tuple((scale, patch) for scale in SCALES for patch in SIDES if 2 * patch <= side / scale)


def distances(
    fake: Sequence[Piece],
    real: Sequence[Piece],
    kind: Kind,
    *,
    projections: int,
    samples: int,
    generator: torch.Generator,
) -> dict[int, tuple[Tensor, float]]:
    """Compare patches of one kind, state by state, by their sliced Wasserstein distance.

    Parameters
    ----------
    fake, real
        Images with the same channels.
    kind
        Scale, and side of the patches.
    projections
        Random directions, each of length 1.
    samples
        Patches of each of `fake` and `real`, about; fewer at coarse scales.
    generator
        Draws the directions and where the patches lie; on the CPU.

    Returns
    -------
    dict
        By state: the distance, squared, and the share of the fake patches that are in it. Left out
        are states of which one of the sides has fewer than `FEWEST` patches, and of wide patches
        those that hold several phases: they tell of the phases' shapes, which are the content's.
    """
    patch, channels = kind[1], fake[0].image_BCHW.shape[1]
    directions = torch.randn(projections, channels, patch, patch, generator=generator)
    directions = directions / directions.flatten(1).norm(dim=1)[:, None, None, None]
    looks = torch.zeros(projections + 1, channels + 1, patch, patch)
    looks[:projections, :channels] = directions
    looks[-1, -1, patch // 2, patch // 2] = 1  # the last shadow is the state of the middle
    looks = looks.to(fake[0].image_BCHW)
    fake_QN, real_QM = (_shadows(s, kind, looks, samples, generator) for s in (fake, real))
    fake_N, real_M = fake_QN[-1].detach().round(), real_QM[-1].round()
    found = {}
    wide = kind[0] * patch > WIDEST_MIXED
    for state in fake_N.unique().tolist():
        if wide and state % KINDS != KINDS - 1:
            continue
        ours, theirs = fake_QN[:-1, fake_N == state], real_QM[:-1, real_M == state]
        if min(ours.shape[1], theirs.shape[1]) >= FEWEST:
            share = ours.shape[1] / len(fake_N)
            found[int(state)] = (quantile_distance(ours, theirs), share)
    return found


def mean_distance(found: Mapping[int, tuple[Tensor, float]]) -> Tensor | None:
    """Return the mean over the states, by their shares; None where none could be compared."""
    if not found:
        return None
    total = sum(share for _, share in found.values())
    return torch.stack([distance * (share / total) for distance, share in found.values()]).sum()


def _shadows(
    pieces: Sequence[Piece], kind: Kind, looks: Tensor, samples: int, generator: torch.Generator
) -> Tensor:
    """Project patches of all pieces, and read their states: one row a direction, and the states.

    Where the squares begin that become one pixel at a coarse scale is drawn anew, so that they
    leave no grid.
    """
    scale = kind[0]
    total = sum(piece.pixels for piece in pieces)
    wanted = max(600, samples // scale)
    made = []
    for part in pieces:
        top, left = torch.randint(scale, (2,), generator=generator).tolist()
        small = shrink(part.image_BCHW[..., top:, left:], scale)
        rows, columns = small.shape[2:]
        middle = scale // 2
        seen = part.states_BCHW[kind][..., top + middle :: scale, left + middle :: scale]
        both = torch.cat([small, seen[..., :rows, :columns].to(small)], dim=1)
        made.append(shadows(both, looks, max(1, wanted * part.pixels // total), generator))
    return torch.cat(made, dim=1)
