"""What a reconstruction is given: arrays or files, as planes with one pixel size.

Axes: Y, X of an image, and 3 of a colour.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.errors import InputError

KEPT = ("slice.tif", "slice_y.tif", "slice_x.tif")


@dataclass(frozen=True)
class Slices:
    """One to three images, as arrays and as where they came from.

    Attributes
    ----------
    images
        (Y, X), or (Y, X, 3) in colour.
    sources
        Files; where an array was given, that array.
    pixel_size
        Side of a pixel in `unit`; None where nothing is known.
    unit
        Such as ``"µm"``.
    """

    images: list[NDArray[Any]]
    sources: list[Any]
    pixel_size: float | None
    unit: str


def find_slices(data: Any) -> Slices:
    """Read one image, or a list of two or three.

    Parameters
    ----------
    data
        An array, an `Image` or a file, or a list of these: normal to z; normal to z and along it;
        or normal to z, y and x.

    Raises
    ------
    InputError
        If it is nothing of that kind, or pixels are not squares of one size.
    """
    listed = list(data) if isinstance(data, list | tuple) else [data]
    if not 1 <= len(listed) <= 3:
        raise InputError(
            f"{len(listed)} images came; give one (the same in all directions), two (normal to z, "
            "and along z) or three (normal to z, y and x)"
        )
    found = [_image(item) for item in listed]
    sizes = [_side(image) for image in found]
    known = [size for size in sizes if size is not None]
    if known and (len(known) < len(sizes) or not np.allclose(known, known[0], rtol=1e-3)):
        said = ", ".join("unknown" if s is None else f"{s[0]:g} x {s[1]:g}" for s in sizes)
        raise InputError(
            f"pixels have different sizes along y and x, or from image to image ({said}): a voxel "
            "is a cube, so resample the images to squares of one size"
        )
    sources = [
        np.asarray(image.array) if image.path is None else image.path.resolve() for image in found
    ]
    side = float(known[0][0]) if known else None
    return Slices([_plane(image) for image in found], sources, side, found[0].unit if side else "")


def kept(image: NDArray[Any], slices: Slices) -> Image:
    """Return an image of the size of the given ones' pixels, to be written."""
    size = {} if slices.pixel_size is None else dict.fromkeys("YX", slices.pixel_size)
    if image.ndim == 3:
        return Image(np.moveaxis(image, -1, 0), "CYX", size, slices.unit, meta={"rgb": True})
    return Image(image, "YX", size, slices.unit)


def _image(item: Any) -> Image:
    if isinstance(item, Image):
        return item
    if isinstance(item, str | Path):
        return read(item)
    array = np.asarray(item)
    if array.ndim == 3 and array.shape[-1] == 3:
        return Image(np.moveaxis(array, -1, 0), "CYX")
    if array.ndim != 2:
        raise InputError(f"an array of shape {array.shape} is no slice; give (Y, X) or (Y, X, 3)")
    return Image(array, "YX")


def _plane(image: Image) -> NDArray[Any]:
    named = f"{image.path.name} has" if image.path else "the image has"
    array = np.asarray(image.array)
    kept = [n for axis, n in zip(image.axes, array.shape, strict=True) if axis in "YX" or n > 1]
    array = array.reshape(kept)
    if array.ndim == 3 and "C" in image.axes and len(array) == 3:
        return np.moveaxis(array, 0, -1)
    if array.ndim != 2:
        raise InputError(
            f"{named} axes {image.axes} and shape {tuple(image.array.shape)}; a slice is a grey "
            "image, labels, or a colour image: take a plane of it"
        )
    return array


def _side(image: Image) -> tuple[float, float] | None:
    size = image.pixel_size
    return (size["Y"], size["X"]) if size.keys() >= {"Y", "X"} else None
