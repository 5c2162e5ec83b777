"""Masks of any kind as whole numbers: label images, palettes, colours, soft edges, yes and no.

Axes: S space.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import tifffile
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.palette import find_levels, pack, written
from pearlite.data.raster import PNG_START
from pearlite.data.read import read
from pearlite.errors import InputError

CLEAR = -1
"""What a transparent pixel has, or one that an array says -1 of: nobody labelled it."""

_LARGEST = 2**31 - 1
_DEEP = 257  # a 16-bit value for each of an 8-bit mask that was stretched to 16 bits


@dataclass(frozen=True)
class Mask:
    """What one file or array says of every pixel.

    Parameters
    ----------
    values_S
        int32: the values, or packed colours; `CLEAR` where nothing is said.
    axes
        Such as ``"ZYX"``.
    name
        What to call it.
    coloured
        Whether `values_S` are colours.
    palette
        The packed colour of a value, where the file has a colour table.
    """

    values_S: NDArray[np.int32]
    axes: str
    name: str
    coloured: bool = False
    palette: dict[int, int] = field(default_factory=dict)

    @property
    def highest(self) -> int:
        """The largest value."""
        return int(self.values_S.max())


@dataclass(frozen=True)
class Unified:
    """Masks whose values mean the same in all of them.

    Parameters
    ----------
    masks
        int32 values, `CLEAR` where nothing is said.
    colours
        Colour of a value, ``"#rrggbb"``, where the masks show one.
    notes
        Sentences on what was done to the values.
    """

    masks: tuple[NDArray[np.int32], ...]
    colours: dict[int, str]
    notes: tuple[str, ...] = ()


def read_mask(source: Any, axes: str | None = None, name: str = "") -> Mask:
    """Read one mask.

    Parameters
    ----------
    source
        A path, an `Image`, or an array.
    axes
        Of an array, or of a file that does not say.
    name
        What to call it in errors; the file's name by default.

    Raises
    ------
    InputError
        If it is no image, or holds values that cannot be classes.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        name = name or path.name
        if (indexed := _indexed(path)) is not None:
            return Mask(indexed[0], "YX", name, palette=indexed[1])
        image = read(path, lazy=False, axes=axes)
        return _from_image(image, name, _tiff_palette(path, image))
    if isinstance(source, Image):
        return _from_image(source, name or "the mask", {})
    return _from_image(_array_image(np.asarray(source), axes), name or "the mask", {})


def unify(masks: Sequence[Mask]) -> Unified:
    """Give the same meaning the same value in all masks.

    Colours are numbered in the order of their codes (black, if it occurs, is 0), unless the masks
    are indices into one colour table; the mapping is told.

    Raises
    ------
    InputError
        If a mask is no mask; see `pearlite.data.palette.find_levels`.
    """
    coloured = any(mask.coloured for mask in masks) or _conflicting(masks)
    if coloured:
        arrays, notes = [_as_colours(mask) for mask in masks], []
    else:
        arrays, notes = _one_depth(masks)
    others = len(masks) - 1
    named = masks[0].name + (f" and {others} other{'s' * (others > 1)}" if others else "")
    levels = find_levels(arrays, coloured, named)
    notes += [levels.note] * bool(levels.note)
    arrays = [_replaced(array, levels.nearest) for array in arrays]
    if not coloured:
        tables = {value: code for mask in masks for value, code in mask.palette.items()}
        colours = {value: written(tables[value]) for value in levels.main if value in tables}
        return Unified(tuple(arrays), colours, tuple(notes))
    numbers = {code: number for number, code in enumerate(levels.main)}
    colours = {number: written(code) for code, number in numbers.items()}
    listed = ", ".join(f"{colour} is {number}" for number, colour in colours.items())
    notes.append(f"The masks are coloured; their colours became values: {listed}.")
    return Unified(tuple(_replaced(array, numbers) for array in arrays), colours, tuple(notes))


def _array_image(array: NDArray[Any], axes: str | None) -> Image:
    if array.ndim == 3 and array.shape[-1] in (3, 4) and len(axes or "YX") == 2:
        return Image(np.moveaxis(array, -1, 0), "CYX", meta={"rgb": True})
    named = axes if axes and len(axes) == array.ndim else {2: "YX", 3: "ZYX"}.get(array.ndim)
    if named is None or array.dtype.kind not in "biuf":
        raise InputError(
            f"a mask of shape {array.shape} and type {array.dtype} was given; expected is a whole "
            "number for every pixel of the image"
        )
    return Image(array, named)


def _from_image(image: Image, name: str, palette: dict[int, int]) -> Mask:
    array = np.asarray(image.array)
    if "C" in image.axes and image.meta.get("rgb") and array.dtype == np.uint8:
        samples_SC = np.moveaxis(array, image.axes.index("C"), -1)
        codes = pack(samples_SC)
        if samples_SC.shape[-1] == 4:
            codes[samples_SC[..., 3] < 128] = CLEAR
        return Mask(codes, image.axes.replace("C", ""), name, coloured=True)
    if "C" in image.axes:
        raise InputError(
            f"{name} has {array.shape[image.axes.index('C')]} channels of {array.dtype}; a mask "
            "has one value a pixel, or 8-bit red, green and blue"
        )
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array % 1 == 0).all()):
        raise InputError(
            f"{name} holds values that are no whole numbers; a mask numbers its classes: "
            "export labels instead of probabilities or grey values"
        )
    if array.size == 0:
        raise InputError(f"{name} has no pixel: its shape is {array.shape}")
    low, high = int(array.min()), int(array.max())
    if low < CLEAR or high > _LARGEST:
        raise InputError(
            f"{name} holds values from {low} to {high}; classes are numbered from 0 to 65535"
        )
    return Mask(array.astype(np.int32), image.axes, name, palette=palette)


def _indexed(path: Path) -> tuple[NDArray[np.int32], dict[int, int]] | None:
    """Return indices and the colours of those in use, of a PNG with a colour table."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        start = file.read(26)
        if not start.startswith(PNG_START) or start[25:26] != b"\x03":
            return None
    try:
        with PIL.Image.open(io.BytesIO(path.read_bytes())) as picture:
            indices = np.array(picture).astype(np.int32)
            table = np.array(picture.getpalette("RGB")).reshape(-1, 3)
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(
            f"{path} cannot be decoded: it is cut short or damaged ({error}); copy it again"
        ) from error
    used = [value for value in np.unique(indices).tolist() if value < len(table)]
    return indices, {value: int(pack(table[value])) for value in used}


def _tiff_palette(path: Path, image: Image) -> dict[int, int]:
    """Return the packed colour of every value in use, where a TIFF has a table of real colours."""
    table = None
    if path.is_file() and path.suffix.lower() in (".tif", ".tiff"):
        with tifffile.TiffFile(path) as tif:
            found = tif.pages.first.colormap
            table = None if found is None else np.asarray(found) // 256
    tables = image.meta.get("imagej", {}).get("LUTs")
    if table is None and tables is not None:
        table = np.asarray(tables).reshape(-1, 3, 256)[0]
    array = np.asarray(image.array)
    if table is None or array.dtype != np.uint8 or (np.ptp(table, axis=0) == 0).all():
        return {}
    return {value: int(pack(table[:, value])) for value in np.unique(array).tolist()}


def _conflicting(masks: Sequence[Mask]) -> bool:
    """Tell whether the same index has different colours, so that only colours mean something."""
    tables: dict[int, int] = {}
    return any(
        tables.setdefault(value, code) != code
        for mask in masks
        for value, code in mask.palette.items()
    )


def _as_colours(mask: Mask) -> NDArray[np.int32]:
    if mask.coloured:
        return mask.values_S
    if mask.highest > 255:
        raise InputError(
            f"{mask.name} holds values up to {mask.highest}, and other masks are coloured; save "
            "all masks in one way"
        )
    grey = np.arange(256)
    table = {int(v): int(pack(np.array([v] * 3))) for v in grey} | mask.palette
    return _replaced(mask.values_S, table)


def _one_depth(masks: Sequence[Mask]) -> tuple[list[NDArray[np.int32]], list[str]]:
    """Bring masks that were stretched to 16 bits back to the 8-bit values of the others."""
    shallow = {v for m in masks if m.highest <= 255 for v in np.unique(m.values_S).tolist()}
    deep = [
        mask.highest > 255
        and {v // _DEEP for v in np.unique(mask.values_S).tolist() if v % _DEEP == 0} <= shallow
        and not (mask.values_S[mask.values_S != CLEAR] % _DEEP).any()
        for mask in masks
    ]
    arrays = [
        np.where(mask.values_S == CLEAR, CLEAR, mask.values_S // _DEEP)
        if is_deep
        else mask.values_S
        for mask, is_deep in zip(masks, deep, strict=True)
    ]
    if not any(deep):
        return arrays, []
    return arrays, [
        f"{sum(deep)} of {len(masks)} masks have 16 bits, their values 257 times those of the "
        "others; they were read as the same classes."
    ]


def _replaced(array_S: NDArray[np.int32], table: dict[int, int]) -> NDArray[np.int32]:
    """Return values replaced by the table; those that it lacks, and `CLEAR`, stay."""
    if not table:
        return array_S
    values, numbers = np.unique(array_S, return_inverse=True)
    new = np.array(
        [table.get(value, value) if value != CLEAR else CLEAR for value in values.tolist()]
    )
    return new.astype(np.int32)[numbers].reshape(array_S.shape)
