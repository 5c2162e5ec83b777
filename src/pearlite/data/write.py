"""Write any image: the whole file appears at once, or nothing does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pearlite.data.arrange import supported
from pearlite.data.disk import replacing
from pearlite.data.image import Image
from pearlite.data.npy import create_npy
from pearlite.data.omezarr import create_zarr, is_zarr
from pearlite.data.raster import create_png
from pearlite.data.tiff import create_tiff
from pearlite.errors import InputError

_CREATORS = {
    ".tif": create_tiff,
    ".tiff": create_tiff,
    ".zarr": create_zarr,
    ".png": create_png,
    ".npy": create_npy,
}
_COPY_BYTES = 64 * 2**20


def write(path: str | Path, image: Image) -> None:
    """Write an image in the format that the path's suffix names.

    Lazy arrays are copied piece by piece. A file that was there before is replaced once the new
    one is complete.

    Parameters
    ----------
    path
        Ends in .tif, .tiff, .ome.tif, .zarr, .png or .npy.
    image
        What to write; masks become uint8.

    Raises
    ------
    InputError
        If the format cannot hold the image, the folder does not exist, or the disk is full.
    """
    array = image.array
    dtype = supported(array.dtype, "the image")
    with create(
        path, array.shape, dtype, image.axes, image.pixel_size, image.unit, image.meta
    ) as stored:
        for piece in _pieces(array.shape, dtype.itemsize):
            stored[piece] = array[piece]


@contextmanager
def create(
    path: str | Path,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    axes: str,
    pixel_size: dict[str, float] | None = None,
    unit: str = "",
    meta: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Create an image and fill it by assigning to slices, also when it is larger than memory.

    It is written beside its place under a hidden name, and moved there when the block ends
    without an error; after an error, or Ctrl-C, nothing is left of it.

    Parameters
    ----------
    path, shape, dtype, axes, pixel_size, unit, meta
        As in `write` and `Image`.

    Yields
    ------
    array
        Zeros of `shape`; TIFF, Zarr and .npy are filled on disk, PNG in memory.

    Raises
    ------
    InputError
        As `write` does.

    Examples
    --------
    >>> with create("clean.tif", (500, 2048, 2048), "uint16", "ZYX") as out:  # doctest: +SKIP
    ...     for z in range(500):
    ...         out[z] = clean_plane(z)
    """
    path = Path(path)
    blank = np.broadcast_to(np.zeros((), supported(dtype, "the image")), shape)
    image = Image(blank, axes, dict(pixel_size or {}), unit, path, dict(meta or {}))
    if 0 in shape:
        raise InputError(f"an image of shape {tuple(shape)} has nothing in it to write")
    creator = _CREATORS.get(path.suffix.lower())
    if creator is None:
        raise InputError(
            f"{path} does not end in a format that can be written: {', '.join(_CREATORS)}"
        )
    if path.is_dir() and not (creator is create_zarr and is_zarr(path)):
        raise InputError(f"{path} is a folder and would be overwritten; choose another name")
    with replacing(path) as hidden, creator(hidden, image) as array:
        yield array


def cast_like(values: npt.ArrayLike, dtype: npt.DTypeLike) -> tuple[np.ndarray, float]:
    """Bring computed values back to the type of the measurement.

    Parameters
    ----------
    values
        Real numbers, any shape.
    dtype
        An integer type: values are rounded to the nearest and clipped to its range, NaN becomes
        0. A float type: values are converted, infinities and NaN stay.

    Returns
    -------
    tuple of array and float
        The array of `dtype`, and the share of values that did not fit and were clipped.
    """
    given, dtype = np.asarray(values), np.dtype(dtype)
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            cast = given.astype(dtype)
        lost = np.isinf(cast) & np.isfinite(given)
        largest = np.finfo(dtype).max
        cast[lost] = np.where(given[lost] > 0, largest, -largest)
        return cast, float(lost.mean()) if lost.size else 0.0
    info = np.iinfo(dtype)
    rounded = np.rint(given)
    high, low, none = rounded >= float(info.max) + 1, rounded < info.min, np.isnan(rounded)
    lost = high | low | none
    cast = np.where(lost, 0, rounded).astype(dtype)
    cast[high], cast[low] = info.max, info.min
    return cast, float(lost.mean()) if lost.size else 0.0


def _pieces(shape: tuple[int, ...], itemsize: int) -> Iterator[tuple[slice | int, ...]]:
    """Cut an array into pieces along its leading axes, each of at most about 64 MiB."""
    length, *rest = shape
    inner = int(np.prod(rest, dtype=object)) * itemsize
    if inner > _COPY_BYTES and len(shape) > 2:
        for i in range(length):
            yield from ((i, *piece) for piece in _pieces(tuple(rest), itemsize))
        return
    step = max(1, _COPY_BYTES // inner)
    for start in range(0, length, step):
        yield (slice(start, start + step),)
