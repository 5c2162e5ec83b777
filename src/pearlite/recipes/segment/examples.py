"""From files and arrays to examples: every image with its labels, checked.

Axes: C channels, S space, K classes.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.palette import MOST
from pearlite.data.read import read
from pearlite.errors import InputError
from pearlite.recipes.segment.classes import Classes, Names, name_classes
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.pairs import Pair, find_pairs
from pearlite.recipes.segment.planes import Planes, opaque, pixel_metres
from pearlite.recipes.segment.truths import read_labels

FEWEST = 20
"""Labelled pixels that a class needs."""


@dataclass(frozen=True)
class Gathered:
    """What there is to learn from.

    Parameters
    ----------
    examples
        Those with labels, in the order of the images.
    classes
        What their numbers mean.
    sources
        File of each example; ``None`` for arrays.
    parts
        Part that folders give each example; empty where they say nothing.
    objects
        Number of the object at every pixel (int32, 0 for none) where masks tell objects apart.
    unlabelled
        Files without a mask.
    notes
        Sentences on what was found, done or left out.
    """

    examples: tuple[Example, ...]
    classes: Classes
    sources: tuple[Path | None, ...]
    parts: tuple[str, ...]
    objects: tuple[NDArray[np.int32] | None, ...]
    unlabelled: tuple[Path, ...]
    notes: tuple[str, ...]

    @property
    def sparse(self) -> bool:
        """Whether less than half of the pixels are labelled: scribbles."""
        labelled = sum(int((example.truth_S >= 0).sum()) for example in self.examples)
        return labelled < sum(example.truth_S.size for example in self.examples) / 2


def gather(
    data: Any,
    masks: Any = None,
    *,
    unlabelled: int | None = None,
    names: Names | None = None,
    axes: str | None = None,
    volume: bool = False,
    instances: bool = False,
    pixel_size: float | None = None,
) -> Gathered:
    """Read images and masks, match and check them.

    Parameters
    ----------
    data
        An array, an image's file, a folder, or a list of these.
    masks
        The same for masks: label images, colours, or ImageJ ROI, COCO and VIA files; ``None``
        takes what lies beside the images.
    unlabelled
        Value that says nothing. By default every value of a file is a class, and so it is in an
        array, unless that is scribbles: two other values on less than a tenth of the pixels, or
        on less than half with a border that is no edge of the image; there, 0 says nothing. -1
        makes every value a class.
    names
        Of the classes: see `name_classes`.
    axes
        Of arrays and files that do not say, such as ``"ZYX"``.
    volume
        Whether stacks along Z are volumes; else every plane is an example.
    instances
        Whether masks with many values, and outlines, number objects; their class is ``object``.
    pixel_size
        In metres, where files do not say.

    Raises
    ------
    InputError
        If images and masks do not fit together, or there is too little to learn from.
    """
    pairs, notes = find_pairs(data, masks, axes)
    labelled = [pair for pair in pairs if pair.mask is not None]
    images = [_image(pair, axes) for pair in labelled]
    layouts = [Planes(tuple(image.array.shape), image.axes, volume) for image in images]
    labels = read_labels(labelled, images, layouts, unlabelled, instances, notes)
    classes = name_classes(labels.values, names, labels.names, labels.colours, labels.unlabelled)
    examples, sources, parts, objects = [], [], [], []
    depth = max(layout.channels for layout in layouts)
    for number, (pair, image, layout) in enumerate(zip(labelled, images, layouts, strict=True)):
        truth = classes.numbers(labels.masks[number])
        if (truth == UNLABELLED).all():
            notes.append(f"The mask of {pair.name} is empty: nothing is labelled in it.")
        for piece in range(len(layout)):
            truth_S = truth[layout.of_labels(piece)]
            if (truth_S == UNLABELLED).all():
                continue
            which = layout.name(piece)
            name = f"{pair.name}, {which}" if which else pair.name
            pixels_CS = _as_deep(layout.read(image.array, piece), depth, name)
            scale = pixel_size or pixel_metres(image)
            examples.append(Example(pixels_CS, np.ascontiguousarray(truth_S), name, scale))
            sources.append(image.path)
            parts.append(pair.part)
            drawn = labels.objects[number]
            objects.append(None if drawn is None else drawn[layout.of_labels(piece)])
    _check_enough(examples, classes)
    notes += [*_constant(examples), *_mixed(examples)]
    bare = (pair.source for pair in pairs if pair.mask is None)
    return Gathered(
        tuple(examples),
        classes,
        tuple(sources),
        tuple(parts),
        tuple(objects),
        tuple(path for path in bare if isinstance(path, Path)),
        tuple(notes),
    )


def _image(pair: Pair, axes: str | None) -> Image:
    image = pair.source if isinstance(pair.source, Image) else read(pair.source, axes=axes)
    return opaque(image)


def _as_deep(pixels_CS: NDArray[Any], channels: int, name: str) -> NDArray[Any]:
    """Return an image with as many channels as the others: grey among colours is repeated."""
    if len(pixels_CS) == channels:
        return np.ascontiguousarray(pixels_CS)
    if len(pixels_CS) == 1 and channels == 3:
        return np.repeat(pixels_CS, channels, axis=0)
    raise InputError(
        f"{name} has {len(pixels_CS)} channels and others have {channels}; give images of one kind"
    )


def _check_enough(examples: list[Example], classes: Classes) -> None:
    """Raise InputError unless there are two classes with enough pixels each."""
    counts = Counter[int]()
    for example in examples:
        numbers, found = np.unique(example.truth_S, return_counts=True)
        counts.update(dict(zip(numbers.tolist(), found.tolist(), strict=True)))
    counts.pop(UNLABELLED, None)
    if not counts:
        raise InputError("the masks are empty: no pixel is labelled; label a few of each class")
    if len(counts) < 2:
        only = next(iter(counts))
        raise InputError(
            f"the masks hold one class only, {classes.names[only]} (value "
            f"{classes.values[only]}); label pixels of a second one, or say which value is "
            "unlabelled"
        )
    few = {number: counts[number] for number in range(len(classes)) if counts[number] < FEWEST}
    if few:
        number, count = next(iter(few.items()))
        raise InputError(
            f"too few examples: {classes.names[number]} (value {classes.values[number]}) has "
            f"{count} labelled pixels, and {FEWEST} are needed; label more of it, or correct the "
            "masks if it is no class"
        )
    if len(classes) > MOST:
        raise InputError(
            f"the masks hold {len(classes)} classes, and at most {MOST} can be learned; give "
            "instances=True if they number objects"
        )


def _constant(examples: list[Example]) -> list[str]:
    """Tell of images that show nothing; raise InputError if all do."""
    empty = [example.name for example in examples if not _varies(example.image_CS)]
    if len(empty) == len(examples):
        raise InputError(
            f"every pixel of {empty[0]} has the same value; give an image that shows something"
        )
    return [
        f"Every pixel of {name} has the same value: nothing can be seen there." for name in empty
    ]


def _varies(image_CS: NDArray[Any]) -> bool:
    known = image_CS[np.isfinite(image_CS)]
    return known.size == 0 or bool((known != known[0]).any())


def _mixed(examples: list[Example]) -> list[str]:
    """Tell of images of several types and pixel sizes."""
    notes = []
    kinds = Counter(str(example.image_CS.dtype) for example in examples)
    if len(kinds) > 1:
        listed = ", ".join(f"{count} of {kind}" for kind, count in kinds.items())
        notes.append(f"Images of several types: {listed}; each is normalised by itself.")
    sizes = {example.pixel_size for example in examples if example.pixel_size}
    if sizes and max(sizes) > 1.25 * min(sizes):
        low, high = (1e9 * size for size in (min(sizes), max(sizes)))
        notes.append(f"Pixel sizes differ from {low:.4g} to {high:.4g} nm.")
    return notes
