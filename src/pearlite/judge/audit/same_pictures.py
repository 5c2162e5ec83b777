"""Which images show the same: equal files, one image changed a little, overlapping fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pearlite.data.alike import find_alike
from pearlite.data.overlap import find_overlaps
from pearlite.data.pixels import named_turn
from pearlite.judge.audit.pictures import Picture

_SEARCHED = 2**24  # pixels among which overlaps are looked for: 4 s of one core
_RUN = 8  # images that follow each other, looked at together where there are more
KINDS = ("identical images", "near-identical images", "overlapping fields")


@dataclass(frozen=True)
class Same:
    """Two images that show the same.

    Parameters
    ----------
    kind
        One of `KINDS`.
    first, second
        Numbers of the images, the lower first.
    how
        What was measured, for people.
    """

    kind: str
    first: int
    second: int
    how: str


def find_same(pictures: Mapping[int, Picture]) -> list[Same]:
    """Return pairs of images that show the same, each once, by the surest way it was found.

    Equal images are found whatever there is. One image changed a little (brightness, noise, turn)
    is looked for among all, overlapping fields among `searched`; blank ones tell nothing.
    """
    shown = {n: p for n, p in pictures.items() if not p.blank and min(p.shape) >= 4}
    equal = list(_identical(shown))
    named = {(pair.first, pair.second) for pair in equal}
    again = {pair.second for pair in equal}
    rest = {n: p for n, p in shown.items() if n not in again}
    found = equal
    for pair in (*_near(rest), *_overlapping(rest)):
        if (pair.first, pair.second) not in named:
            named.add((pair.first, pair.second))
            found.append(pair)
    return found


def searched(pictures: Mapping[int, Picture]) -> list[int]:
    """Return the images among which overlaps are looked for: all, or runs of neighbours."""
    numbers = list(pictures)
    area = np.array([np.prod(pictures[number].shape) for number in numbers])
    if area.sum() <= _SEARCHED:
        return numbers
    runs = max(1, int(_SEARCHED / area.mean() / _RUN))
    starts = np.linspace(0, max(0, len(numbers) - _RUN), runs).astype(int)
    chosen = sorted({int(start) + step for start in starts for step in range(_RUN)})
    within = area[chosen].cumsum() <= 2 * _SEARCHED
    return [numbers[n] for n, fits in zip(chosen, within, strict=True) if fits and n < len(numbers)]


def clusters(pairs: list[Same], count: int) -> np.ndarray:
    """Return a label for each of `count` images: those that are linked by pairs share one."""
    links = np.array([(pair.first, pair.second) for pair in pairs]).reshape(-1, 2)
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _identical(pictures: Mapping[int, Picture]) -> Iterator[Same]:
    first_with: dict[bytes, int] = {}
    for number, picture in pictures.items():
        first = first_with.setdefault(picture.digest, number)
        if first != number:
            yield Same(KINDS[0], first, number, "equal pixel by pixel")


def _near(pictures: Mapping[int, Picture]) -> Iterator[Same]:
    images, numbers = [picture.small for picture in pictures.values()], list(pictures)
    every = np.arange(len(images))
    for pair in find_alike(images, every, every):
        if pair.first != pair.second:
            turn = f", {named_turn(pair.turn)}" if pair.turn else ""
            a, b = sorted((numbers[pair.first], numbers[pair.second]))
            yield Same(KINDS[1], a, b, f"one image{turn}: correlation {pair.correlation:.3f}")


def _overlapping(pictures: Mapping[int, Picture]) -> Iterator[Same]:
    numbers = searched(pictures)
    images = [pictures[number].whole() for number in numbers]
    every = np.arange(len(images))
    for pair in find_overlaps(images, every, every, turns=(0,)):
        if pair.first != pair.second:
            a, b = sorted((numbers[pair.first], numbers[pair.second]))
            yield Same(
                KINDS[2],
                a,
                b,
                f"{pair.rows} x {pair.columns} shared pixels, correlation {pair.correlation:.3f}",
            )
