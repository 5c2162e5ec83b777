"""A low-resolution volume as the generator's condition: its voxels are cells of one level.

A voxel of the volume covers ``factor`` voxels along each axis of what is made, as a cell of level
log2(factor) does, so both grids are one. Beyond its faces the outermost voxels are repeated.

Axes: C channels, B batch, S space (ZYX), L values of labels. A *span* is (first cell, end).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.nets.pyramid import Span, fast_layout


@dataclass(frozen=True)
class Encoding:
    """How the values of a low-resolution volume become channels of mean 0 and variance 1.

    Attributes
    ----------
    factor
        Voxels along a voxel of the low-resolution volume.
    values
        Of labels, in rising order, one channel each; empty where values are greys.
    offset, scale
        Mean and standard deviation of each channel.
    """

    factor: int
    values: tuple[int, ...]
    offset: tuple[float, ...]
    scale: tuple[float, ...]

    @property
    def condition(self) -> tuple[int, int]:
        """Level and channels, as `NoisePyramid` takes them."""
        return self.factor.bit_length() - 1, len(self.offset)

    def channels(self, values_S: NDArray[Any]) -> Tensor:
        """Return the channels of some voxels: (C, *S)."""
        if self.values:
            found_CS = values_S[None] == np.reshape(self.values, (-1, 1, 1, 1))
        else:
            found_CS = values_S[None]
        offset, scale = (np.reshape(v, (-1, 1, 1, 1)) for v in (self.offset, self.scale))
        return torch.from_numpy(((found_CS - offset) / scale).astype(np.float32))


@dataclass(frozen=True)
class Low:
    """A low-resolution volume, in memory or on disk.

    Attributes
    ----------
    array
        (Z, Y, X), anything that NumPy's slices can be taken of.
    encoding
        Of its values.
    """

    array: Any = field(repr=False)
    encoding: Encoding

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along z, y and x of what is made of it."""
        return tuple(side * self.encoding.factor for side in self.array.shape)

    def cells(self, spans: Sequence[Span]) -> Tensor:
        """Return the channels of its voxels in a block, whose ends may lie outside: (C, *S)."""
        nearest = [
            np.arange(*span).clip(0, side - 1)
            for span, side in zip(spans, self.array.shape, strict=True)
        ]
        inside_S = np.asarray(self.array[tuple(slice(n[0], n[-1] + 1) for n in nearest)])
        return self.encoding.channels(inside_S[np.ix_(*(n - n[0] for n in nearest))])

    def beside(self, noise_BCS: Sequence[Tensor], axes: Sequence[Sequence[Span]]) -> list[Tensor]:
        """Return the noise of all levels with the volume's channels behind those of its level.

        Parameters
        ----------
        noise_BCS
            Of each level, the finest first.
        axes
            Cells of each level along each axis: `NoisePyramid.spans`.
        """
        level, _ = self.encoding.condition
        noise, both = noise_BCS[level], list(noise_BCS)
        cells_CS = self.cells([axis[level] for axis in axes]).to(noise.device)
        cells_BCS = cells_CS.expand(len(noise), -1, -1, -1, -1)
        both[level] = fast_layout(torch.cat([noise, cells_BCS], dim=1))
        return both

    def place(self, sides: Sequence[int], random: np.random.Generator) -> tuple[int, ...]:
        """Draw the first voxel, that of a cell, of a box of what is made; inside where it fits."""
        factor = self.encoding.factor
        rooms = (max(0, n - side) // factor for n, side in zip(self.shape, sides, strict=True))
        return tuple(factor * int(random.integers(room + 1)) for room in rooms)
