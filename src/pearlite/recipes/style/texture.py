"""How near the texture of an image is to the reference's: before, after, and reference to itself.

A part of every reference is withheld: nothing is fitted to it, and everything is compared with it.
The distance of the rest of the reference from that part is the floor, which real images of the
same material have among themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from pearlite.recipes.style.patches import Kind, Piece, distances

PROJECTIONS, SAMPLES = 128, 20_000


@dataclass(frozen=True)
class Texture:
    """Distances of patches from those of the withheld part, as roots of the mean square.

    In standard deviations of the reference's greys, averaged over what patches show by their shares
    in the content.

    Parameters
    ----------
    before
        Of the content, every phase in its mean grey, or the content in the reference's mean and
        contrast.
    after
        Of the result.
    floor
        Of the rest of the reference.
    by_scale
        The same three for each scale: pixels that were averaged over.
    withheld
        Whether a part was withheld; otherwise the reference is too small, the result was fitted
        to what it is compared with, and the floor is the distance between its halves.
    """

    before: float
    after: float
    floor: float
    by_scale: dict[int, tuple[float, float, float]]
    withheld: bool


def texture(
    before: Piece,
    after: Piece,
    rest: Sequence[Piece],
    withheld: Sequence[Piece],
    kinds: Sequence[Kind],
    *,
    fitted: bool,
    seed: int,
) -> Texture:
    """Compare images with a withheld part.

    Parameters
    ----------
    before, after
        The content and the result.
    rest, withheld
        Two parts of the reference.
    kinds
        Which patches.
    fitted
        Whether the result was fitted to the withheld part after all.
    seed
        Of the directions; the same for all.
    """
    squares: dict[int, list[list[float]]] = {}
    for kind in kinds:
        found = [_by_state(fake, withheld, kind, seed) for fake in ([before], [after], rest)]
        common = set(found[0]).intersection(*found[1:])
        if not common:
            continue
        total = sum(found[1][state][1] for state in common)
        means = [
            sum(one[state][0] * found[1][state][1] for state in common) / total for one in found
        ]
        squares.setdefault(kind[0], []).append(means)
    by_scale = {scale: _roots(rows) for scale, rows in squares.items()}
    overall = _roots([row for rows in squares.values() for row in rows])
    return Texture(*overall, by_scale, not fitted)


def _by_state(
    fake: Sequence[Piece], real: Sequence[Piece], kind: Kind, seed: int
) -> Mapping[int, tuple[float, float]]:
    generator = torch.Generator().manual_seed(seed)
    with torch.inference_mode():
        found = distances(
            fake, real, kind, projections=PROJECTIONS, samples=SAMPLES, generator=generator
        )
    return {state: (float(distance), share) for state, (distance, share) in found.items()}


def _roots(rows: list[list[float]]) -> tuple[float, float, float]:
    if not rows:
        return float("nan"), float("nan"), float("nan")
    before, after, floor = (float(column.mean().sqrt()) for column in torch.tensor(rows).T)
    return before, after, floor
