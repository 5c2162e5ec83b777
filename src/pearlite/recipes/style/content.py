"""The content: any image, stack or label map, plane by plane.

Axes: C channels, Y rows, X columns; others as in `pearlite.data.image`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from pearlite.data.image import AXES, Image
from pearlite.errors import InputError
from pearlite.recipes.style.classes import FEW, Matching, find_cuts, match

CUT_ON = 8  # planes at most on which greys are split into phases


@dataclass(frozen=True)
class Content:
    """What is to get a new look.

    Parameters
    ----------
    array_NCYX
        Its planes.
    labels_NYX
        Which phase each pixel is, if that was said apart.
    axes, shape
        Of the image.
    is_map
        Whether it is a label map, whose values are no greys.
    values
        Label values, ascending; empty without labels.
    cuts
        Where greys are split without labels.
    notes
        Sentences.
    """

    array_NCYX: NDArray
    labels_NYX: NDArray | None
    axes: str
    shape: tuple[int, ...]
    is_map: bool
    values: tuple[float, ...]
    cuts: tuple[float, ...]
    notes: tuple[str, ...] = ()

    @property
    def planes(self) -> int:
        """Number of planes."""
        return len(self.array_NCYX)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.array_NCYX.shape[1]

    @property
    def plane_shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.array_NCYX.shape[2], self.array_NCYX.shape[3]

    def plane(self, number: int) -> tuple[NDArray, NDArray | None]:
        """Return a plane ``(C, Y, X)``, and its labels if they were given apart."""
        return self.array_NCYX[number], None if self.labels_NYX is None else self.labels_NYX[number]

    def match(
        self, style_values: Sequence[float] | None, dark_to_bright: Sequence[float] | None
    ) -> Matching:
        """Match the phases with those of a reference; see `classes.match`."""
        marks = self.array_NCYX if self.labels_NYX is None else self.labels_NYX
        shares = [float((marks == value).mean()) for value in self.values]
        return match(self.values, self.cuts, style_values, dark_to_bright, shares)

    def axes_with(self, channels: int) -> str:
        """Return the axes of the result: with channels, where a label map gets colours."""
        if channels == self.channels:
            return self.axes
        return "".join(axis for axis in AXES if axis in self.axes or axis == "C")

    def blank(self, channels: int, dtype: npt.DTypeLike) -> NDArray[Any]:
        """Return the result, still empty."""
        lengths = dict(zip(self.axes, self.shape, strict=True)) | {"C": channels}
        return np.zeros([lengths[axis] for axis in self.axes_with(channels)], dtype)

    def place(self, number: int) -> tuple[Any, ...]:
        """Return where a plane lies in the result."""
        lengths = [
            length for axis, length in zip(self.axes, self.shape, strict=True) if axis in "TZ"
        ]
        return tuple(np.unravel_index(number, lengths)) if lengths else ()


def open_content(image: Image, labels: Image | None, phases: int) -> Content:
    """Look what a content is, and which phases it has.

    Parameters
    ----------
    image
        The content.
    labels
        Which phase each of its pixels is, if it is known.
    phases
        Into how many its greys are split, if it is no label map.

    Raises
    ------
    InputError
        If it is constant, holds NaN, or the labels have another shape.
    """
    array = np.asarray(image.array)
    lengths = dict(zip(image.axes, array.shape, strict=True))
    if array.size == 0:
        raise InputError(f"the content has shape {array.shape}: nothing is in it")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError("the content holds NaN or infinite values; give an image without")
    array_NCYX = array.reshape(-1, lengths.get("C", 1), lengths["Y"], lengths["X"])
    labels_NYX = None if labels is None else _labels(labels, array_NCYX)
    distinct = _few(array_NCYX)
    is_map = distinct is not None and array_NCYX.shape[1] == 1
    marks = distinct if is_map and labels_NYX is None else None
    if labels_NYX is not None:
        marks = np.unique(labels_NYX)
    if distinct is not None and len(distinct) == 1 and (marks is None or len(marks) == 1):
        raise InputError(
            f"the content is constant ({distinct[0]:g} everywhere): it has no phases to be given a "
            "look; give an image or a label map"
        )
    values = () if marks is None else tuple(float(value) for value in marks)
    cuts = ()
    if not values and phases > 1:
        step = -(-len(array_NCYX) // CUT_ON)
        cuts = find_cuts(list(array_NCYX[::step]), phases, "the content")
    return Content(array_NCYX, labels_NYX, image.axes, array.shape, is_map, values, cuts)


def _labels(labels: Image, array_NCYX: NDArray) -> NDArray:
    array = np.asarray(labels.array)
    rows, columns = array_NCYX.shape[2:]
    if "C" in labels.axes or array.shape[-2:] != (rows, columns):
        raise InputError(
            f"the labels have shape {array.shape} ({labels.axes}), the content {columns} × {rows} "
            "pixels; give one whole number for each pixel of it"
        )
    array_NYX = array.reshape(-1, rows, columns)
    if len(array_NYX) != len(array_NCYX):
        raise InputError(
            f"the labels have {len(array_NYX)} planes, the content {len(array_NCYX)}; give one "
            "for each"
        )
    if len(np.unique(array_NYX)) > FEW:
        raise InputError(
            f"the labels hold more than {FEW} classes; number the phases, not the objects"
        )
    return array_NYX


def _few(array_NCYX: NDArray) -> NDArray | None:
    """Return the distinct values, if they are few."""
    found = np.zeros(0, array_NCYX.dtype)
    for plane in array_NCYX:
        found = np.union1d(found, np.unique(plane))
        if len(found) > FEW:
            return None
    return found
