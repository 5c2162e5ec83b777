"""OME-Zarr 0.4 and 0.5 folders and plain Zarr arrays in, OME-Zarr 0.5 out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import zarr
import zarr.errors

from pearlite.data.arrange import arrange, name_axes, supported
from pearlite.data.image import Image
from pearlite.data.lazy import LazyArray
from pearlite.data.tiffmeta import one_unit
from pearlite.data.units import FULL_NAMES, normalise
from pearlite.errors import InputError

MARKS = ("zarr.json", ".zarray", ".zgroup")
"""A folder that holds one of these files is a Zarr array or group."""

_ORDER = "TCZYX"  # the order that OME-Zarr prescribes; ours has Z before C
_TYPES = {"T": "time", "C": "channel", "Z": "space", "Y": "space", "X": "space"}
_CARRIED = ("channels", "frame_interval", "description", "rgb")
_TILE = 1024


def is_zarr(path: Path) -> bool:
    """Tell whether a folder is a Zarr array or group."""
    return path.is_dir() and any((path / mark).exists() for mark in MARKS)


def read_zarr(path: Path, lazy: bool, axes: str | None) -> Image:
    """Read the full-resolution level of an OME-Zarr image, or a plain Zarr array."""
    try:
        node = zarr.open(path, mode="r")
        if isinstance(node, zarr.Array):
            return _read_array(path, node, {}, lazy, axes)
        return _read_group(path, node, lazy, axes)
    except InputError:
        raise
    except (zarr.errors.BaseZarrError, ValueError, KeyError, TypeError, OSError, RuntimeError) as e:
        raise InputError(
            f"{path} cannot be read as Zarr ({e}); an OME-Zarr image of version 0.4 or 0.5, or a "
            "plain Zarr array, is expected"
        ) from e


def _read_group(path: Path, group: zarr.Group, lazy: bool, axes: str | None) -> Image:
    attributes: dict[str, Any] = dict(group.attrs)
    ome = attributes.get("ome", attributes)
    if "multiscales" not in ome:
        if "0" in group and isinstance(group["0"], zarr.Group):
            return read_zarr(path / "0", lazy, axes)
        raise InputError(
            f"{path} is a Zarr group without an image of its own; give the folder of one image "
            f"in it ({', '.join(sorted(group)[:5]) or 'it is empty'})"
        )
    image = ome["multiscales"][0]
    level = image["datasets"][0]
    array = group[level["path"]]
    if not isinstance(array, zarr.Array):
        raise InputError(f"{path} names {level['path']!r} as its image, which is not an array")
    said = _said(image, level, array.ndim)
    channels = [c.get("label") for c in ome.get("omero", {}).get("channels", [])]
    if channels and all(channels):
        said["channels"] = channels
    said |= attributes.get("pearlite", {})
    return _read_array(path, array, said, lazy, axes)


def _said(image: dict[str, Any], level: dict[str, Any], ndim: int) -> dict[str, Any]:
    """Axes, scale and units of one image; "names", "scale" and "units" are keyed alike."""
    listed = image.get("axes", list(_ORDER.lower()))
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in listed]
    names = "".join(axis["name"].upper() if len(axis["name"]) == 1 else "Q" for axis in axes)
    scale = np.ones(ndim)
    for holder in (level, image):
        for step in holder.get("coordinateTransformations", []):
            if step.get("type") == "scale":
                scale = scale * np.asarray(step["scale"], dtype=float)
    units = {n: axis.get("unit") for n, axis in zip(names, axes, strict=True)}
    return {"names": names, "scale": dict(zip(names, scale.tolist(), strict=True)), "units": units}


def _read_array(
    path: Path, array: zarr.Array, said: dict[str, Any], lazy: bool, axes: str | None
) -> Image:
    dtype = supported(array.dtype, path)
    shape = tuple(array.shape)
    letters = said.pop("names", "QQQQQYX"[-len(shape) :] if shape else "")
    scale, units = said.pop("scale", {}), said.pop("units", {})
    named, note = name_axes(letters, [True] * len(shape), shape, axes, path)
    source: Any = array if lazy else np.asarray(array[...])
    values, order = arrange(source, named, dtype)
    known = {
        ours: scale[theirs]
        for ours, theirs in zip(named, letters, strict=True)
        if theirs in scale and (units.get(theirs) or scale[theirs] != 1)
    }
    pixel_size, unit = one_unit(
        {a: known[a] for a in order if a in "ZYX" and a in known},
        {ours: normalise(units.get(t)) for ours, t in zip(named, letters, strict=True)},
    )
    if units.get("T") == "second" and "T" in known:
        said["frame_interval"] = known["T"]
    return Image(values, order, pixel_size, unit, path, said | {"notes": [note] if note else []})


@contextmanager
def create_zarr(path: Path, image: Image) -> Iterator[LazyArray]:
    """Lay out an OME-Zarr 0.5 folder for an image's shape and metadata; yield the array to fill."""
    axes = [axis for axis in _ORDER if axis in image.axes]
    shape = [image.array.shape[image.axes.index(axis)] for axis in axes]
    group = zarr.create_group(path, zarr_format=3, attributes=_attributes(path, image, axes))
    stored = group.create_array(
        "0",
        shape=shape,
        dtype=image.array.dtype,
        chunks=_chunks(axes, shape),
        dimension_names=[axis.lower() for axis in axes],
    )
    yield LazyArray(stored, [axes.index(axis) for axis in image.axes])


def _chunks(axes: list[str], shape: list[int]) -> tuple[int, ...]:
    """Tiles of one plane; small planes are stacked in depth to about a million values a chunk."""
    tile = {axis: min(length, _TILE) for axis, length in zip(axes, shape, strict=True)}
    tile |= {"T": 1, "C": 1}
    if "Z" in tile:
        tile["Z"] = max(1, min(tile["Z"], _TILE**2 // (tile["Y"] * tile["X"])))
    return tuple(tile[axis] for axis in axes)


def _attributes(path: Path, image: Image, axes: list[str]) -> dict[str, Any]:
    interval = image.meta.get("frame_interval")
    scale = [image.pixel_size.get(axis, 1.0) for axis in axes]
    described: list[dict[str, str]] = []
    for place, axis in enumerate(axes):
        entry = {"name": axis.lower(), "type": _TYPES[axis]}
        if axis == "T" and interval:
            entry["unit"], scale[place] = "second", float(interval)
        if axis in image.pixel_size and image.unit:
            entry["unit"] = FULL_NAMES.get(image.unit, image.unit)
        described.append(entry)
    transformations = [{"type": "scale", "scale": scale}]
    multiscales = {
        "name": path.name.split(".")[0],
        "axes": described,
        "datasets": [{"path": "0", "coordinateTransformations": transformations}],
    }
    carried = {key: image.meta[key] for key in _CARRIED if key in image.meta}
    return {"ome": {"version": "0.5", "multiscales": [multiscales]}, "pearlite": carried}
