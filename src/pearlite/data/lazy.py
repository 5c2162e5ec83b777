"""An array on disk, seen with its axes in our order; slices are read only when asked for."""

import operator
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class LazyArray:
    """A view of an array on disk with its axes rearranged.

    Takes ints, slices and an ellipsis as index, as NumPy does; what comes out is an ordinary
    array in memory, in native byte order. Assigning to a slice writes through where the source
    can be written.

    Parameters
    ----------
    source
        Memory map or Zarr array.
    order
        For each axis of the view, the axis of `source` that it shows.
    fixed
        Index at which each axis of `source` that is not in `order` is held.
    dtype
        Type of the values that come out; that of `source` when None.
    close
        Called once the view is no longer used.
    """

    def __init__(
        self,
        source: Any,
        order: Sequence[int],
        fixed: dict[int, int] | None = None,
        dtype: npt.DTypeLike | None = None,
        close: Callable[[], object] | None = None,
    ) -> None:
        self.source = source
        self._order = tuple(order)
        self._fixed = dict(fixed or {})
        self.dtype = np.dtype(source.dtype if dtype is None else dtype).newbyteorder("=")
        self.shape = tuple(int(source.shape[axis]) for axis in self._order)
        if close is not None:
            weakref.finalize(self, close)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=object))

    @property
    def nbytes(self) -> int:
        """Memory that the whole array would take, in bytes."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        index, kept = self._source_index(key)
        values = np.asarray(self.source[index])
        return np.array(values.transpose(_ranks(kept)), dtype=self.dtype, order="C")

    def __setitem__(self, key: Any, values: npt.ArrayLike) -> None:
        index, kept = self._source_index(key)
        lengths = [len(range(*index[axis].indices(self.source.shape[axis]))) for axis in kept]
        given = np.broadcast_to(np.asarray(values, dtype=self.dtype), lengths)
        self.source[index] = given.transpose(np.argsort(kept))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        values = self[...]
        return values if dtype is None else values.astype(dtype, copy=False)

    def __repr__(self) -> str:
        return f"LazyArray(shape={self.shape}, dtype={self.dtype})"

    def _source_index(self, key: Any) -> tuple[tuple[Any, ...], list[int]]:
        """Index into the source, and the source axes that stay axes, in the view's order."""
        parts = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in parts:
            place = parts.index(Ellipsis)
            parts[place : place + 1] = [slice(None)] * (self.ndim - len(parts) + 1)
        parts += [slice(None)] * (self.ndim - len(parts))
        if len(parts) > self.ndim:
            raise IndexError(f"{len(parts)} indices for an array of shape {self.shape}")
        index: list[Any] = [slice(None)] * len(self.source.shape)
        for axis, number in self._fixed.items():
            index[axis] = number
        kept = []
        for axis, part in zip(self._order, parts, strict=True):
            if isinstance(part, slice):
                index[axis] = part
                kept.append(axis)
                continue
            number, length = operator.index(part), int(self.source.shape[axis])
            if not -length <= number < length:
                raise IndexError(f"index {number} is outside an axis of length {length}")
            index[axis] = number % length
        return tuple(index), kept


def _ranks(axes: Sequence[int]) -> list[int]:
    return [sorted(axes).index(axis) for axis in axes]
