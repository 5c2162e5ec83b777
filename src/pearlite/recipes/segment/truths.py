"""The labels of images from masks and outlines: one meaning a value, in the masks' own numbers.

Axes: S space.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pearlite.data.image import Image
from pearlite.data.masks import CLEAR, Mask, read_mask, unify
from pearlite.data.shapes import Shape, draw_labels
from pearlite.errors import InputError
from pearlite.recipes.segment.pairs import Pair
from pearlite.recipes.segment.planes import Planes

_STROKES, _MOST_DRAWN = 0.1, 0.5  # share of pixels that are drawn: scribbles, or perhaps so
_SMOOTH, _APART = 1.5, 4  # pixels: of the smoothing, and between those that are compared
_EDGE = 1.25  # times what changes inside a class, from which on a border is an edge
_OBJECTS = 16  # values beyond which a mask numbers objects, where instances are asked for


@dataclass(frozen=True)
class Labels:
    """Labels of all images, in the masks' own values.

    Parameters
    ----------
    masks
        Values of every pixel.
    values
        Those that are classes, ascending.
    names, colours
        What the annotations call them, and show them in, by value.
    unlabelled
        The value that says nothing.
    objects
        Numbers of objects (0 for none), where they are told apart.
    """

    masks: list[NDArray[np.int32]]
    values: list[int]
    names: dict[int, str]
    colours: dict[int, str]
    unlabelled: int | None
    objects: list[NDArray[np.int32] | None]


def read_labels(
    pairs: list[Pair],
    images: list[Image],
    layouts: list[Planes],
    unlabelled: int | None,
    instances: bool,
    notes: list[str],
) -> Labels:
    """Read the labels of images that have some.

    Parameters
    ----------
    pairs, images, layouts
        The images with their masks, read, and how they lie.
    unlabelled, instances
        See `pearlite.recipes.segment.examples.gather`.
    notes
        Sentences on what was done are added here.

    Raises
    ------
    InputError
        If a mask is none, or does not fit its image.
    """
    drawn = [isinstance(pair.mask, list) for pair in pairs]
    if any(drawn) and not all(drawn):
        raise InputError(
            f"{pairs[drawn.index(False)].name} has a label image and "
            f"{pairs[drawn.index(True)].name} has outlines; give all labels in one way"
        )
    if all(drawn):
        return _draw(pairs, layouts, unlabelled, instances, notes)
    masks = [_mask(pair, layout) for pair, layout in zip(pairs, layouts, strict=True)]
    every = {v for mask in masks for v in np.unique(mask.values_S).tolist()} - {CLEAR}
    if instances and len(every) > _OBJECTS:
        objects: list[Any] = [np.maximum(mask.values_S, 0) for mask in masks]
        truths = [np.minimum(array, 1) for array in objects]
        named = {0: "background", 1: "object"}
        return Labels(truths, [0, 1], named, {}, None, objects)
    unified = unify(masks)
    notes += unified.notes
    values = sorted({v for mask in unified.masks for v in np.unique(mask).tolist()} - {CLEAR})
    arrays = not any(isinstance(pair.mask, str | Path) for pair in pairs)
    if unlabelled is None and arrays and _is_drawn(images, layouts, unified.masks, values):
        unlabelled = 0
        notes.append(
            "The masks are scribbles: 0 was taken for not labelled; give unlabelled=-1 if it is a "
            "class."
        )
    if unlabelled not in (None, CLEAR, *values):
        notes.append(f"No pixel of the masks has the value {unlabelled}, given as unlabelled.")
    values = [value for value in values if value != unlabelled]
    if values and values[-1] > 0xFFFF:
        raise InputError(
            f"the masks hold values up to {values[-1]}; classes are numbered from 0 to 65535: "
            "give instances=True if they number objects"
        )
    nothing: list[NDArray[np.int32] | None] = [None] * len(masks)
    return Labels(list(unified.masks), values, {}, unified.colours, unlabelled, nothing)


def _is_drawn(
    images: Sequence[Image],
    layouts: Sequence[Planes],
    masks: Sequence[NDArray[np.int32]],
    values: list[int],
) -> bool:
    """Tell whether 0 means that nobody drew there: nearly all is 0, or its border is no edge.

    Where 0 is a class, the image changes more across the border of 0 than from one pixel of it to
    another at the same distance.
    """
    share = np.mean([float((mask != 0).mean()) for mask in masks])
    if len(values) < 3 or share > _MOST_DRAWN:
        return False
    if share < _STROKES:
        return True
    across, within = [], []
    for image, layout, mask in zip(images, layouts, masks, strict=True):
        for piece in range(len(layout)):
            pixels_S = layout.read(image.array, piece).astype(np.float32).mean(axis=0)
            smooth_S = ndimage.gaussian_filter(np.nan_to_num(pixels_S), _SMOOTH)
            empty_S = mask[layout.of_labels(piece)] == 0
            for axis in (-1, -2):
                first, second = np.moveaxis(smooth_S, axis, 0), np.moveaxis(empty_S, axis, 0)
                change = np.abs(first[_APART:] - first[:-_APART])
                border = second[_APART:] != second[:-_APART]
                both = second[_APART:] & second[:-_APART]
                across.append((change[border].sum(), border.sum()))
                within.append((change[both].sum(), both.sum()))
    (up, some), (down, others) = np.sum(across, axis=0), np.sum(within, axis=0)
    return bool(up * others < _EDGE * down * some)


def _mask(pair: Pair, layout: Planes) -> Mask:
    mask = read_mask(pair.mask, layout.label_axes if not isinstance(pair.mask, Path) else None)
    if mask.values_S.shape != layout.label_shape:
        sizes = (" x ".join(map(str, s)) for s in (layout.label_shape, mask.values_S.shape))
        image, given = sizes
        raise InputError(
            f"{pair.name} has {image} pixels and its mask {given}; give a mask of the image's size"
        )
    return mask


def _draw(
    pairs: list[Pair],
    layouts: list[Planes],
    unlabelled: int | None,
    instances: bool,
    notes: list[str],
) -> Labels:
    """Draw outlines; what lies outside them is 0: a class, or not labelled."""
    shapes: list[list[Shape]] = [list(pair.mask or ()) for pair in pairs]
    every = [one for some in shapes for one in some]
    labels = sorted({one.label for one in every})
    given = {one.label: one.value for one in every if one.value is not None}
    number = {label: given.get(label, n) for n, label in enumerate(labels, start=1)}
    names = {0: "background"} | {value: label for label, value in number.items()}
    colours = {number[one.label]: one.colour for one in every if one.colour}
    drawn = [
        _drawn(some, [number[one.label] for one in some], layout)
        for some, layout in zip(shapes, layouts, strict=True)
    ]
    objects: list[NDArray[np.int32] | None] = [None] * len(pairs)
    if instances:
        objects = [
            _drawn(some, list(range(1, len(some) + 1)), layout)
            for some, layout in zip(shapes, layouts, strict=True)
        ]
    rois = any(one.partial for one in every)
    if unlabelled is None and len(labels) > 1 and rois:
        unlabelled = 0
        notes.append(
            "What lies outside all regions was taken for not labelled; give unlabelled=-1 if it is "
            "a class, background."
        )
    listed = ", ".join(f"{label} is {number[label]}" for label in labels)
    notes.append(f"The outlines became values: {listed}.")
    values = sorted({v for mask in drawn for v in np.unique(mask).tolist()} - {unlabelled})
    return Labels(drawn, values, names, colours, unlabelled, objects)


def _drawn(shapes: list[Shape], values: list[int], layout: Planes) -> NDArray[np.int32]:
    drawn = np.zeros(layout.label_shape, dtype=np.int32)
    rows, columns = layout.label_shape[-2:]
    planes = drawn.reshape(-1, rows, columns)
    for number in range(len(planes)):
        planes[number] = draw_labels(shapes, values, (rows, columns), number)
    return drawn
