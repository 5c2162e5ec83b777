"""TIFF in and out: ImageJ, OME and plain; in memory, memory-mapped, or page by page on demand."""

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr
from tifffile import COMPRESSION, PHOTOMETRIC, TiffFile, TiffFileError, TiffPageSeries

from pearlite.data.arrange import arrange, name_axes, supported
from pearlite.data.disk import claim_room
from pearlite.data.image import Image
from pearlite.data.tiffmeta import read_metadata
from pearlite.data.units import FULL_NAMES
from pearlite.errors import InputError

IMAGEJ_TYPES = ("uint8", "uint16", "float32")
OME_TYPES = (*IMAGEJ_TYPES, "int8", "int16", "int32", "uint32", "float64")
CLASSIC_LIMIT = 2**32 - 2**25
"""Bytes of pixels that a TIFF with 32-bit offsets can hold; beyond, BigTIFF, which ImageJ's own
hyperstack format does not know."""

_DAMAGE = ("invalid page offset", "invalid value offset", "corrupted", "failed to reshape")
_LOSSY = {COMPRESSION.JPEG, COMPRESSION.OJPEG, COMPRESSION.JPEG_LOSSY, COMPRESSION.ALT_JPEG}


def read_tiff(path: Path, lazy: bool, axes: str | None) -> Image:
    """Read the largest series of a TIFF file; see `pearlite.data.read.read`."""
    with _complaints() as complaints:
        try:
            with TiffFile(path) as tif:
                sizes = [series.size for series in tif.series]
                if max(sizes, default=0) == 0:
                    raise InputError(f"{path} is a TIFF file without an image in it")
                index = sizes.index(max(sizes))
                _check_whole(path, tif, tif.series[index], complaints)
                image = _read_series(path, tif, index, lazy, axes)
                _refuse_damage(path, complaints)
                return image
        except (TiffFileError, ValueError, RuntimeError, OSError, struct.error) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{path} cannot be read as TIFF: it is cut short or damaged ({error}); "
                "copy it again from where it was made"
            ) from error


def _read_series(path: Path, tif: TiffFile, index: int, lazy: bool, axes: str | None) -> Image:
    series = tif.series[index]
    said = read_metadata(tif, index)
    dtype = supported(series.dtype, path)
    letters, shape = series.get_axes(squeeze=False), series.get_shape(squeeze=False)
    known = set(said.axes or (letters if series.kind == "shaped" else "YX"))
    if dict(zip(letters, shape, strict=True)).get("S", 1) > 1:
        known.discard("C")  # the samples are the channels
    kept = [length > 1 or letter in known for letter, length in zip(letters, shape, strict=True)]
    close = None
    if not lazy:
        source: Any = series.asarray().reshape(shape)
    elif series.dataoffset is not None:
        stored = np.dtype(tif.byteorder + series.dtype.char)
        source = np.memmap(path, stored, "r", series.dataoffset, shape, "C")
    else:
        store: Any = tifffile.imread(path, aszarr=True, series=index, level=0, squeeze=False)
        source, close = zarr.open_array(store, mode="r"), store.close
    letters, note = name_axes(letters, kept, shape, axes, path)
    notes = [note] if note else []
    array, order = arrange(source, letters, dtype, close)
    if "S" in letters and order.count("C"):
        said.meta["rgb"] = True
    if len(tif.series) > 1:
        notes.append(f"The file holds {len(tif.series)} images; the largest was read.")
    page = series.keyframe
    if page.compression in _LOSSY:
        notes.append("JPEG compression correlates noise between neighbouring pixels.")
    if page.photometric == PHOTOMETRIC.MINISWHITE and series.dtype.kind != "b":
        notes.append("The file shows its lowest values as white; they were read as stored.")
    if page.photometric == PHOTOMETRIC.PALETTE and series.kind != "imagej":
        notes.append("The file has a colour table; the values were read as stored.")
    if series.dtype.kind == "b":
        notes.append("The file holds a yes/no mask; it was read as 0 and 1.")
    pixel_size = {a: said.pixel_size[a] for a in order if a in said.pixel_size}
    unit = said.unit if pixel_size else ""
    return Image(array, order, pixel_size, unit, path, said.meta | {"notes": notes})


def _check_whole(path: Path, tif: TiffFile, series: TiffPageSeries, complaints: list[str]) -> None:
    """Refuse a file whose pixels reach beyond its end, before anything maps them."""
    _refuse_damage(path, complaints)
    size = tif.filehandle.size
    if series.dataoffset is not None:
        reach = series.dataoffset + series.nbytes
    else:
        reach = max(
            offset + count
            for page in series.pages
            if page is not None and page.parent is tif
            for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)
        )
    if reach > size:
        raise InputError(
            f"{path} is cut short: its header promises {reach:,} bytes and it has {size:,}; "
            "copy it again from where it was made"
        )


def _refuse_damage(path: Path, complaints: list[str]) -> None:
    damage = [text for text in complaints if any(word in text for word in _DAMAGE)]
    if damage:
        raise InputError(
            f"{path} is cut short or damaged ({damage[0]}); copy it again from where it was made"
        )


class _Collector(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what tifffile logs about a file that it nevertheless reads, instead of showing it."""
    logger = logging.getLogger("tifffile")
    messages: list[str] = []
    collector, propagate = _Collector(messages), logger.propagate
    logger.addHandler(collector)
    logger.propagate = False
    try:
        yield messages
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate


@contextmanager
def create_tiff(path: Path, image: Image) -> Iterator[Any]:
    """Lay out a TIFF file for an image's shape and metadata; yield the array to fill.

    The pixels are a memory map of the file. Room on the disk is claimed first, because a memory
    map that runs out of room kills the process.
    """
    shape, dtype = image.array.shape, image.array.dtype
    order = list(range(len(shape)))
    axes = image.axes
    rgb = _is_rgb(image)
    if rgb:
        order.append(order.pop(axes.index("C")))
        axes = axes.replace("C", "") + "S"
    layout: dict[str, Any] = {
        "shape": tuple(shape[i] for i in order),
        "dtype": dtype,
        **_colours(image, rgb),
        "bigtiff": image.array.nbytes > CLASSIC_LIMIT,
        **_dialect(path, image, axes, rgb),
    }
    stored = tifffile.memmap(path, **layout)
    claim_room(path)
    yield stored.transpose(np.argsort(order))
    stored.flush()


def _is_rgb(image: Image) -> bool:
    """Whether to store channels as the samples of a colour picture, as they were read."""
    if not image.meta.get("rgb") or "C" not in image.axes:
        return False
    channels = image.array.shape[image.axes.index("C")]
    return channels in (3, 4) and image.array.dtype.name in ("uint8", "uint16")


def _colours(image: Image, rgb: bool) -> dict[str, Any]:
    """Say how viewers shall colour the values; a palette fits 8 bits, and ImageJ knows no other."""
    palette = image.meta.get("palette")
    if palette is None or rgb or image.array.dtype != np.uint8:
        return {"photometric": "rgb" if rgb else "minisblack"}
    return {"photometric": "palette", "colormap": np.asarray(palette, np.uint16).T * 257}


def _dialect(path: Path, image: Image, axes: str, rgb: bool) -> dict[str, Any]:
    """Choose ImageJ's metadata where ImageJ can hold the image, OME's or plain ones elsewhere."""
    dtype, size = image.array.dtype, image.pixel_size
    wants_ome = path.name.lower().endswith((".ome.tif", ".ome.tiff"))
    for_imagej = (
        dtype.name in IMAGEJ_TYPES
        and image.array.nbytes <= CLASSIC_LIMIT
        and (not size or {"Y", "X"} <= size.keys())
        and (not rgb or dtype.name == "uint8")
        and image.array.shape[-1] > 1  # tifffile takes a last axis of 1 for samples
    )
    if for_imagej and not wants_ome:
        return _imagej_layout(image, axes)
    if dtype.name in OME_TYPES:
        return _ome_layout(image, axes)
    if wants_ome:
        raise InputError(
            f"{path} cannot be written: OME-TIFF has no type {dtype}; write .tif or .zarr instead"
        )
    extra = {key: image.meta[key] for key in ("frame_interval",) if key in image.meta}
    return {"metadata": {"axes": axes, "pixel_size": size, "unit": image.unit, **extra}}


def _imagej_layout(image: Image, axes: str) -> dict[str, Any]:
    size = image.pixel_size
    metadata: dict[str, Any] = {"axes": axes, "pearlite_axes": image.axes}
    if image.unit:
        metadata["unit"] = "micron" if image.unit == "µm" else image.unit
    if "Z" in size:
        metadata["spacing"] = size["Z"]
    if "frame_interval" in image.meta:
        metadata["finterval"] = image.meta["frame_interval"]
    metadata |= _still_true(image)
    resolution = (1 / size["X"], 1 / size["Y"]) if "X" in size else (1, 1)
    return {
        "imagej": True,
        "metadata": metadata,
        "resolution": resolution,
        "resolutionunit": "NONE",
    }


def _still_true(image: Image) -> dict[str, Any]:
    """ImageJ's own entries that still fit: those one a plane or channel only if the count does."""
    planes = int(np.prod(image.array.shape[:-2], dtype=object))
    channels = image.array.shape[image.axes.index("C")] if "C" in image.axes else 1
    counts = {"Labels": planes, "LUTs": channels, "Ranges": 2 * channels}
    said = image.meta.get("imagej", {})
    return {key: v for key, v in said.items() if key not in counts or len(v) == counts[key]}


def _ome_layout(image: Image, axes: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "axes": axes,
        "MapAnnotation": {"Namespace": "pearlite", "axes": image.axes},
    }
    unit = image.unit if image.unit in FULL_NAMES else "pixel"
    for axis, size in image.pixel_size.items():
        metadata |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": unit}
    if "frame_interval" in image.meta:
        metadata |= {"TimeIncrement": image.meta["frame_interval"], "TimeIncrementUnit": "s"}
    names = image.meta.get("channels", [])
    if "C" in axes and len(names) == image.array.shape[image.axes.index("C")]:
        metadata["Channel"] = {"Name": names}
    return {"ome": True, "metadata": metadata}
