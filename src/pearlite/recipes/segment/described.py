"""An image whose pixels are described by features, kept where there is room.

Axes: C channels, S space, that is HW of an image or DHW of a volume; N places, F features, G sums
of features.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from threading import Lock
from typing import SupportsInt

import numpy as np
from numpy.typing import NDArray

from pearlite.nets.staged import StagedEncoder
from pearlite.recipes.segment.deep import DeepFeatures
from pearlite.recipes.segment.filters import Filters
from pearlite.recipes.segment.normalise import fit

SIDES = {2: 256, 3: 48}  # pixels, of a tile of images and of volumes
MAPS = 3  # of an encoder: up to 8 pixels a pixel
CELLS = {2: 64, 3: 16}  # of a part of a tile, where features of single pixels are asked for
_MANY = 0.4  # share of a tile's cells from which on the whole tile is quicker
Box = tuple[tuple[int, ...], tuple[int, ...]]  # first pixel, and the one behind the last


class Described:
    """The features of an image's pixels.

    Parameters
    ----------
    image_CS
        Raw values.
    levels
        Scales of the filters, see `Filters`; 0 for none.
    encoder
        Of the deep features, see `DeepFeatures`; ``None`` for none.
    maps
        How many of the encoder's maps are used, finest first.
    keep
        Bytes of filters that are kept, those used last; what was asked for once is quick then.
    """

    def __init__(
        self,
        image_CS: NDArray[np.generic],
        levels: int,
        encoder: StagedEncoder | None = None,
        maps: int = MAPS,
        *,
        keep: int = 0,
    ) -> None:
        scale = fit(image_CS)
        self.shape = image_CS.shape[1:]
        self.filters = Filters(image_CS, scale, levels) if levels else None
        self.deep = DeepFeatures(image_CS, scale, encoder, maps) if encoder is not None else None
        self._keep, self._held = keep, 0
        self._tiles: OrderedDict[Box, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    @property
    def names(self) -> list[str]:
        """A name for each feature, those of the filters first."""
        return [name for source in (self.filters, self.deep) if source for name in source.names]

    def boxes(
        self, start: Sequence[int] | None = None, stop: Sequence[int] | None = None
    ) -> Iterator[Box]:
        """Return the tiles of the fixed grid, all or those that touch a part, in rows' order."""
        side, dims = SIDES[len(self.shape)], len(self.shape)
        ends = zip(start or (0,) * dims, stop or self.shape, strict=True)
        for corner in product(*[range(a // side * side, b, side) for a, b in ends]):
            yield self.box_at(corner)

    def box_at(self, place: Iterable[SupportsInt], side: int | None = None) -> Box:
        """Return the tile of the grid in which a pixel lies, or its part of another side."""
        side = side or SIDES[len(self.shape)]
        corner = tuple(int(i) // side * side for i in place)
        return corner, tuple(min(a + side, n) for a, n in zip(corner, self.shape, strict=True))

    def at(self, places_NS: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the features of pixels given by their indices, ``(N, F)``."""
        found: list[NDArray[np.float32]] = []
        if self.filters:
            found.append(np.empty((len(places_NS), self.filters.count), np.float32))
            for rows, start, features_FS in self._around(places_NS):
                within_SN = (places_NS[rows] - start).T
                found[0][rows] = features_FS[(slice(None), *within_SN)].T
        if self.deep:
            found.append(self.deep.at(places_NS))
        return np.concatenate(found, axis=1)

    def mixed(
        self, start: tuple[int, ...], stop: tuple[int, ...], mix_GF: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return weighted sums of the features over a tile of the grid, ``(G, *S)``."""
        sums: list[NDArray[np.float32]] = []
        count = self.filters.count if self.filters else 0
        if self.filters:
            features_FS = self._filtered(start, stop)
            flat_FN = features_FS.reshape(count, -1)
            sums.append((mix_GF[:, :count] @ flat_FN).reshape(-1, *features_FS.shape[1:]))
        if self.deep:
            sums.append(self.deep.of(start, stop, mix_GF[:, count:]))
        return sums[0] if len(sums) == 1 else sums[0] + sums[1]

    def _around(
        self, places_NS: NDArray[np.integer]
    ) -> Iterator[tuple[NDArray[np.intp], tuple[int, ...], NDArray[np.float32]]]:
        """Yield which places lie in a box, where it begins, and its features.

        The box is a tile where that is kept or many of its cells are asked for, else a cell.
        """
        assert self.filters is not None
        dims = len(self.shape)
        for tile_rows, place in _grouped(places_NS, SIDES[dims]):
            box, cells = self.box_at(place), _grouped(places_NS[tile_rows], CELLS[dims])
            if box in self._tiles or len(cells) >= _MANY * (SIDES[dims] // CELLS[dims]) ** dims:
                yield tile_rows, box[0], self._filtered(*box)
                continue
            for rows, place_S in cells:
                start, stop = self.box_at(place_S, CELLS[dims])
                yield tile_rows[rows], start, self.filters.of(start, stop)

    def _filtered(self, start: tuple[int, ...], stop: tuple[int, ...]) -> NDArray[np.float32]:
        assert self.filters is not None
        with self._lock:
            if (start, stop) in self._tiles:
                self._tiles.move_to_end((start, stop))
                return self._tiles[start, stop]
        features_FS = self.filters.of(start, stop)
        if features_FS.nbytes <= self._keep:
            with self._lock:
                if (start, stop) not in self._tiles:
                    self._tiles[start, stop] = features_FS
                    self._held += features_FS.nbytes
                while self._held > self._keep:
                    self._held -= self._tiles.popitem(last=False)[1].nbytes
        return features_FS


def _grouped(
    places_NS: NDArray[np.integer], side: int
) -> list[tuple[NDArray[np.intp], NDArray[np.integer]]]:
    """Return for every box of a grid which places lie in it, and its first pixel."""
    boxes_TS, box_N = np.unique(places_NS // side, axis=0, return_inverse=True)
    order = np.argsort(box_N.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(box_N.ravel(), minlength=len(boxes_TS)))[:-1]
    return list(zip(np.split(order, ends), boxes_TS * side, strict=True))
