"""Files of a segmentation that ImageJ, napari and Python open: labels, probabilities, instances.

Axes: S space, that is YX, ZYX or TYX; K classes.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.write import write
from pearlite.errors import InputError
from pearlite.recipes.segment.classes import Classes

_COLOURS = 256
_DEEPEST = 2**16 - 1
_CARRIED = ("frame_interval", "description")


def label_meta(classes: Classes, like: Image) -> dict[str, Any]:
    """Return the ``meta`` with which `pearlite.data.write` writes a label image.

    TIFF and PNG get a palette; ImageJ tells the names under Image > Show Info.

    Parameters
    ----------
    classes
        Values, names and colours.
    like
        The image that was segmented.
    """
    meta = _kept(like)
    named = zip(classes.values, classes.names, strict=True)
    said = "\n".join(f"{value} = {name}" for value, name in named)
    before = like.meta.get("imagej", {}).get("Info", "")
    meta["imagej"] = {"Info": f"{said}\n{before}".strip(), "min": 0.0, "max": _COLOURS - 1.0}
    if max(classes.values) < _COLOURS:
        meta["palette"] = palette(classes)
    return meta


def palette(classes: Classes) -> NDArray[np.uint8]:
    """Return the colour of every 8-bit value, shape ``(256, 3)``; black where there is no class."""
    table = np.zeros((_COLOURS, 3), np.uint8)
    for value, colour in zip(classes.values, classes.colours, strict=True):
        table[value] = tuple(bytes.fromhex(colour.removeprefix("#")))
    return table


def write_instances(path: str | Path, instances_S: NDArray[np.integer], like: Image) -> None:
    """Write a map of instances (0 is none) with the input's pixel size: 16 bits where they do.

    Raises
    ------
    InputError
        If the sizes differ, or the format cannot hold so many instances.
    """
    _check_space(instances_S.shape, like)
    deep = np.uint16 if instances_S.max(initial=0) <= _DEEPEST else np.uint32
    array = instances_S.astype(deep)
    write(
        path,
        Image(array, like.axes.replace("C", ""), like.pixel_size, like.unit, None, _kept(like)),
    )


def probability_meta(classes: Classes, like: Image) -> dict[str, Any]:
    """Return the ``meta`` of probabilities that have a channel a class: the classes' names."""
    others = zip(like.array.shape[:-2], like.axes[:-2], strict=True)
    planes = math.prod(length for length, axis in others if axis != "C")
    labels = list(classes.names) * planes
    return _kept(like) | {
        "channels": list(classes.names),
        "imagej": {"Labels": labels, "min": 0.0, "max": 1.0},
    }


def uncertainty_meta(like: Image) -> dict[str, Any]:
    """Return the ``meta`` of a map from 0 (sure) to 1."""
    return _kept(like) | {"imagej": {"min": 0.0, "max": 1.0}}


def _kept(like: Image) -> dict[str, Any]:
    return {key: like.meta[key] for key in _CARRIED if key in like.meta}


def _check_space(shape: tuple[int, ...], like: Image) -> None:
    expected = tuple(n for n, axis in zip(like.array.shape, like.axes, strict=True) if axis != "C")
    if tuple(shape) != expected:
        raise InputError(
            f"labels of shape {tuple(shape)} do not fit an image of {expected} pixels; "
            "give the image that they were made from"
        )
