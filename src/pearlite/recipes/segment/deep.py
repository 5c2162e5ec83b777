"""Describe every pixel by what a pretrained network makes of its surroundings.

Axes: C channels, H rows, W columns, N places; F features, G mixtures of features.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.nets.staged import StagedEncoder
from pearlite.recipes.segment.normalise import Scale
from pearlite.recipes.segment.pyramid import Pyramid
from pearlite.train.threads import on_all_cores, one_thread

TILE = 128  # side of a tile of every feature map
_KEPT = 512 * 2**20  # bytes of feature maps that are kept
_BAND = 256  # rows of the image that are looked up at once


class DeepFeatures:
    """Feature maps of an encoder over an image, worked out where they are asked for, and kept.

    Each stage of the encoder is worked off in tiles of a fixed grid of its own, with as much
    around them as the stage looks at: they are what the encoder makes of the whole image. Maps are
    held in half precision and never enlarged as a whole; between their pixels values are
    interpolated linearly (as in hypercolumns, Hariharan et al., CVPR 2015). Of a large image only
    the tiles that were used last are kept, about 500 MB. Several threads may ask at once; however
    many there are, each tile is worked out by one.

    Parameters
    ----------
    image_CS
        Raw values, ``(C, H, W)``; beyond its right and lower border it goes on as its mirror
        image, up to a multiple of the coarsest stride.
    scale
        Takes the image's gain and offset out.
    encoder
        See `pearlite.nets.pretrained`; it is put into evaluation mode.
    levels
        How many of its maps are used, finest first.

    Raises
    ------
    InputError
        If the image is a volume.
    """

    def __init__(
        self,
        image_CS: NDArray[np.generic],
        scale: Scale,
        encoder: StagedEncoder,
        levels: int = 5,
    ) -> None:
        if image_CS.ndim != 3:
            raise InputError(
                f"pretrained features need an image (C, H, W), got {image_CS.ndim - 1} axes of "
                "space; take filters for volumes"
            )
        self._image = Pyramid(image_CS, scale, levels=1)
        self.encoder = encoder.eval()
        self.channels, self.strides = encoder.channels[:levels], encoder.strides[:levels]
        coarsest = self.strides[-1]
        self._sides = tuple(-(-side // coarsest) * coarsest for side in image_CS.shape[1:])
        self._tiles: OrderedDict[tuple[int, int, int], NDArray[np.float16]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._making: dict[tuple[int, int, int], Lock] = {}

    @property
    def count(self) -> int:
        """Number of features."""
        return sum(self.channels)

    @property
    def names(self) -> list[str]:
        """A name for each feature: the side in pixels of its map's pixel, and its number."""
        return [
            f"network at {stride} px, {number + 1}"
            for channels, stride in zip(self.channels, self.strides, strict=True)
            for number in range(channels)
        ]

    def of(
        self,
        start: Sequence[int],
        stop: Sequence[int],
        mix_GF: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return the features of the pixels from `start` to `stop`, ``(F, H, W)``.

        Parameters
        ----------
        start, stop
            First row and column, and those behind the last.
        mix_GF
            Weights of a linear map of the features; it is applied before maps are enlarged, which
            is the same and takes a small part of the time. The result is ``(G, H, W)`` then.
        """
        rows, columns = (np.arange(a, b) for a, b in zip(start, stop, strict=True))
        found: list[NDArray[np.float32]] = []
        first = 0
        for level, channels in enumerate(self.channels):
            above, row_share = self._between(level, rows, 0)
            left, column_share = self._between(level, columns, 1)
            corner = above[0], left[0]
            map_CHW = self._window(level + 1, corner, (above[-1] + 2, left[-1] + 2))
            if mix_GF is not None:
                mix_GC = mix_GF[:, first : first + channels]
                map_CHW = np.tensordot(mix_GC, map_CHW, 1).astype(np.float32)
            down_CHW = _blend(map_CHW, above - corner[0], row_share, 1)
            found.append(_blend(down_CHW, left - corner[1], column_share, 2))
            first += channels
        return np.concatenate(found) if mix_GF is None else np.sum(found, 0)

    def at(self, places_N2: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the features of pixels given by row and column, ``(N, F)``."""
        found_NF = np.empty((len(places_N2), self.count), np.float32)
        band_N = places_N2[:, 0] // _BAND

        def look_up(band: int) -> None:
            here_N = np.flatnonzero(band_N == band)
            found_NF[here_N] = self._at(places_N2[here_N])

        on_all_cores(look_up, np.unique(band_N).tolist())
        return found_NF

    def _at(self, places_N2: NDArray[np.integer]) -> NDArray[np.float32]:
        found: list[NDArray[np.float32]] = []
        for level in range(len(self.channels)):
            above_N, down_N = self._between(level, places_N2[:, 0], 0)
            left_N, along_N = self._between(level, places_N2[:, 1], 1)
            corner = above_N.min(), left_N.min()
            map_CHW = self._window(level + 1, corner, (above_N.max() + 2, left_N.max() + 2))
            row_N, column_N = above_N - corner[0], left_N - corner[1]
            upper_CN, lower_CN = (
                map_CHW[:, row_N + below, column_N] * (1 - along_N)
                + map_CHW[:, row_N + below, column_N + 1] * along_N
                for below in (0, 1)
            )
            found.append(np.asarray(upper_CN * (1 - down_N) + lower_CN * down_N, np.float32))
        return np.concatenate(found).T

    def _between(
        self, level: int, pixels: NDArray[np.integer], axis: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return between which pixels of a map those of the image lie, and how far behind."""
        last = self._sides[axis] // self.strides[level] - 1
        place = np.clip((pixels - self.encoder.offsets[level]) / self.strides[level], 0, last)
        before = np.minimum(place.astype(np.intp), max(last - 1, 0))
        return before, (place - before).astype(np.float32)

    def _window(self, stage: int, start: Sequence[int], stop: Sequence[int]) -> NDArray[np.float32]:
        """Return a part of the map that a stage gives; stage 0 is the image.

        A map that is one pixel wide is given as if it were two.
        """
        if stage == 0:
            return self._image.window(0, start, stop)
        sides = [side // self.strides[stage - 1] for side in self._sides]
        end = [min(b, side) for b, side in zip(stop, sides, strict=True)]
        window_CHW = np.empty(
            (self.channels[stage - 1], end[0] - start[0], end[1] - start[1]), np.float32
        )
        for row in range(start[0] // TILE, -(-end[0] // TILE)):
            for column in range(start[1] // TILE, -(-end[1] // TILE)):
                tile_CHW = self._tile(stage, row, column)
                into, out = [slice(None)], [slice(None)]
                for number, a, b, side in zip(
                    (row, column), start, end, tile_CHW.shape[1:], strict=True
                ):
                    first, last = max(a, number * TILE), min(b, number * TILE + side)
                    into.append(slice(first - a, last - a))
                    out.append(slice(first - number * TILE, last - number * TILE))
                window_CHW[tuple(into)] = tile_CHW[tuple(out)]
        missing = [(0, b - e) for b, e in zip(stop, end, strict=True)]
        return np.pad(window_CHW, [(0, 0), *missing], mode="edge") if stop != end else window_CHW

    def _tile(self, stage: int, row: int, column: int) -> NDArray[np.float16]:
        """Return a tile of the map that a stage gives, kept or new.

        Several threads may ask for it: the first one works it out, the others wait.
        """
        key = (stage, row, column)
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                if key in self._tiles:
                    self._tiles.move_to_end(key)
                    return self._tiles[key]
            made_CHW = self._made(stage, (row, column))
            with self._lock:
                self._making.pop(key, None)
                self._tiles[key] = made_CHW
                self._bytes += made_CHW.nbytes
                while self._bytes > _KEPT:
                    self._bytes -= self._tiles.popitem(last=False)[1].nbytes
        return made_CHW

    def _made(self, stage: int, tile: tuple[int, int]) -> NDArray[np.float16]:
        stride, reach = self.encoder.sight(stage - 1)
        reach = -(-reach // stride) * stride  # so that all windows begin at its steps
        before = 1 if stage == 1 else self.strides[stage - 2]
        start, stop, inside = [], [], []
        for number, side in zip(tile, self._sides, strict=True):
            first = number * TILE
            last = min(first + TILE, side // self.strides[stage - 1])
            start.append(max(0, first * stride - reach))
            stop.append(min(side // before, last * stride + reach))
            inside.append(slice(first - start[-1] // stride, last - start[-1] // stride))
        x_CHW = torch.from_numpy(self._window(stage - 1, start, stop))
        device = next(self.encoder.parameters()).device
        with one_thread(), torch.inference_mode():
            x_1CHW = x_CHW[None].to(device, memory_format=torch.channels_last)
            made_CHW = self.encoder.stage(stage - 1)(x_1CHW)[0].to(torch.float16).cpu().numpy()
        return np.ascontiguousarray(made_CHW[(slice(None), *inside)])


def _blend(
    map_CHW: NDArray[np.float32], before: NDArray[np.intp], share: NDArray[np.float32], axis: int
) -> NDArray[np.float32]:
    """Interpolate along an axis between pixels `before` and the ones behind them."""
    shape = [1, 1, 1]
    shape[axis] = len(share)
    behind = np.take(map_CHW, before + 1, axis)
    here = np.take(map_CHW, before, axis)
    behind -= here
    behind *= share.reshape(shape)
    behind += here
    return behind
