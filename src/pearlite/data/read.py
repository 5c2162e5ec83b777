"""Read any image: what the file is, is told by its first bytes, not by its name."""

import re
from pathlib import Path

import numpy as np

from pearlite.data.image import Image
from pearlite.data.npy import read_npy
from pearlite.data.omezarr import is_zarr, read_zarr
from pearlite.data.raster import PNG_START, read_raster
from pearlite.data.tiff import read_tiff
from pearlite.errors import InputError

LAZY_BYTES = 256 * 2**20
"""Files larger than this stay on disk and are read slice by slice."""

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".npy", ".zarr")
_FORMATS = "TIFF, OME-Zarr, PNG, JPEG, WebP, BMP or .npy"
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read(path: str | Path, *, lazy: bool | None = None, axes: str | None = None) -> Image:
    """Read an image, stack, time series or volume with its axes, type and pixel size.

    A colour picture whose channels are all equal is a screenshot of a grey image: it becomes one
    grey channel. What was done to the file's content, or is wrong with it, is said in sentences
    in ``meta["notes"]``.

    Parameters
    ----------
    path
        A TIFF, PNG, JPEG, WebP, BMP or .npy file, or a Zarr folder.
    lazy
        Whether to leave the array on disk and read the slices asked for (TIFF, Zarr and .npy
        only); by default files above 256 MiB.
    axes
        What the axes of the array in the file are, such as ``"TYX"``, where the file does not
        say it or says it wrongly; axes of length 1 are counted only if the file keeps them.

    Returns
    -------
    Image
        With ``array`` in native byte order and our axis order.

    Raises
    ------
    InputError
        If there is no such file, it is no image, cut short, or of an unsupported type.

    Examples
    --------
    >>> image = read("stack.tif")  # doctest: +SKIP
    >>> image.axes, image.pixel_size, image.unit  # doctest: +SKIP
    ('ZYX', {'Z': 0.5, 'Y': 0.02, 'X': 0.02}, 'µm')
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist; give the path of an image")
    if path.is_dir():
        return _collapsed(_read_folder(path, lazy, axes))
    try:
        with path.open("rb") as file:
            start = file.read(16)
        stays = path.stat().st_size > LAZY_BYTES if lazy is None else lazy
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}") from error
    if not start:
        raise InputError(f"{path} is empty (0 bytes); an image is expected: {_FORMATS}")
    if start.startswith(_TIFF_STARTS):
        image = read_tiff(path, stays, axes)
    elif start.startswith(b"\x93NUMPY"):
        image = read_npy(path, stays, axes)
    elif start.startswith((PNG_START, b"\xff\xd8\xff", b"BM")) or (
        start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    ):
        image = read_raster(path)
    else:
        raise InputError(f"{path} is not an image that can be read here: {_FORMATS} is expected")
    return _collapsed(image)


def find_images(path: str | Path) -> list[Path]:
    """List the images of a folder in natural order (``img2`` before ``img10``), or a file itself.

    Hidden files and files of other kinds are left out; folders inside are not searched.

    Raises
    ------
    InputError
        If there is no such path, or no image in the folder.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist; give an image or a folder of images")
    if path.is_file() or is_zarr(path):
        return [path]
    found = [
        child
        for child in path.iterdir()
        if not child.name.startswith(".")
        and child.suffix.lower() in SUFFIXES
        and (child.is_file() or is_zarr(child))
    ]
    if not found:
        raise InputError(f"{path} holds no image; put {_FORMATS} files in it, or give another")
    return sorted(found, key=lambda child: _natural(child.name))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _read_folder(path: Path, lazy: bool | None, axes: str | None) -> Image:
    if not is_zarr(path):
        raise InputError(
            f"{path} is a folder, neither an image nor a Zarr folder; give one image in it"
        )
    image = read_zarr(path, True, axes)
    stays = image.array.nbytes > LAZY_BYTES if lazy is None else lazy
    return image if stays else read_zarr(path, False, axes)


def _collapsed(image: Image) -> Image:
    """Drop opaque alpha, and two of three equal colour channels; say so in the notes."""
    array, axes, meta = image.array, image.axes, dict(image.meta)
    if not meta.get("rgb") or not isinstance(array, np.ndarray):
        return image
    notes = list(meta["notes"])
    channels = np.moveaxis(array, axes.index("C"), 0)
    if len(channels) in (2, 4):
        if (channels[-1] == _opaque(array.dtype)).all():
            channels = channels[:-1]
        else:
            notes.append("The picture is partly transparent; its last channel is the opacity.")
    if len(channels) == 1 or (
        len(channels) == 3
        and np.array_equal(channels[0], channels[1])
        and np.array_equal(channels[0], channels[2])
    ):
        if len(channels) == 3:
            notes.append("The three colour channels are equal; it was read as one grey channel.")
        array, axes = np.ascontiguousarray(channels[0]), axes.replace("C", "")
    else:
        array = np.ascontiguousarray(np.moveaxis(channels, 0, axes.index("C")))
    if "C" not in axes or len(channels) == 2:
        meta.pop("rgb")
    return Image(array, axes, image.pixel_size, image.unit, image.path, meta | {"notes": notes})


def _opaque(dtype: np.dtype) -> float:
    return np.iinfo(dtype).max if dtype.kind in "ui" else 1.0
