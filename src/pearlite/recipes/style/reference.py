"""The reference: images of the look that is wanted, on one grey scale, a part of them withheld.

Axes: C channels, Y rows, X columns; K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.errors import InputError
from pearlite.recipes.style.classes import Labels, Matching, find_reference_cuts, luminance
from pearlite.recipes.style.greys import Floats, Scale
from pearlite.recipes.style.patches import FEWEST, SMALLEST, Kind, Piece, piece

WITHHELD = 1 / 4  # of the longer side of each image, in its middle
LEAST_WITHHELD = 64  # pixels; smaller images are fitted as a whole

Part = tuple[Floats, NDArray[np.int64]]  # of an image, and the class of every pixel


@dataclass(frozen=True)
class Style:
    """One image of the reference, or several of the same microscope.

    Parameters
    ----------
    images
        ``(C, Y, X)`` each, with the same channels.
    labels
        Labels of each, if there are any.
    dtype
        Type of the files.
    top
        Largest value.
    """

    images: tuple[NDArray, ...]
    labels: tuple[Labels, ...] | None
    dtype: np.dtype
    top: float

    @classmethod
    def of(cls, images: Sequence[Image], labels: Sequence[Image] | None = None) -> "Style":
        """Take images, and labels of them.

        Raises
        ------
        InputError
            If they do not fit together, or are no single planes.
        """
        planes = tuple(_plane(image, "the reference") for image in images)
        channels = {len(plane) for plane in planes}
        if len(channels) > 1:
            raise InputError(
                f"the references have {' and '.join(map(str, sorted(channels)))} channels; give "
                "images of one kind"
            )
        if len({np.dtype(image.array.dtype) for image in images}) > 1:
            raise InputError("the references have different types; give images of one kind")
        top = max(float(plane.max()) for plane in planes)
        found = None if labels is None else tuple(_plane(one, "the labels")[0] for one in labels)
        for plane, one in zip(planes, found or (), strict=False):
            if one.shape != plane.shape[1:]:
                raise InputError(
                    f"the reference has {plane.shape[2]} × {plane.shape[1]} pixels, its labels "
                    f"{one.shape[1]} × {one.shape[0]}; give labels of the same image"
                )
        return cls(planes, found, np.dtype(images[0].array.dtype), max(top, 1.0))

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.images[0])

    @property
    def label_values(self) -> list[float] | None:
        """The values of the labels."""
        if self.labels is None:
            return None
        return np.unique(np.concatenate([np.unique(one) for one in self.labels])).tolist()

    def grey(self) -> "Style":
        """Return the brightness of the images alone."""
        planes = tuple(luminance(image)[None] for image in self.images)
        return Style(planes, self.labels, self.dtype, self.top)


@dataclass(frozen=True)
class Reference:
    """A style, made ready for the phases of one content.

    Parameters
    ----------
    scale
        Its greys.
    images, classes
        All of it, on the scale, and the class of every pixel.
    taught, taught_classes
        What is fitted to, and the class of every pixel of it.
    rest, withheld
        Two parts that are compared with each other; the result is compared with `withheld`.
    pools
        Greys ``(C, N)`` of each class in `taught`.
    fitted
        Whether `taught` holds what is withheld too, the images being small or lacking a class
        elsewhere; otherwise it is `rest`.
    note
        How its phases were found, where it has no labels.
    """

    scale: Scale
    images: tuple[Floats, ...]
    classes: tuple[NDArray[np.int64], ...]
    taught: tuple[Piece, ...]
    taught_classes: tuple[NDArray[np.int64], ...]
    rest: tuple[Piece, ...]
    withheld: tuple[Piece, ...]
    pools: tuple[Floats, ...]
    fitted: bool
    note: str = ""


def ready(
    style: Style, matching: Matching, kinds: Sequence[Kind], device: torch.device
) -> Reference:
    """Bring a style to its scale, find the classes of its pixels, and withhold a part.

    Raises
    ------
    InputError
        If it is constant, or its greys do not fall into the content's classes.
    """
    scale = Scale.of(style.images)
    cuts, note = (), ""
    if matching.order is not None and matching.count > 1:
        cuts, note = find_reference_cuts(style.images, matching)
    labels = style.labels or (None,) * len(style.images)
    classes = tuple(
        matching.of_reference(image, one, cuts)
        for image, one in zip(style.images, labels, strict=True)
    )
    images = tuple(scale.to(image) for image in style.images)
    whole = list(zip(images, classes, strict=True))
    rest, withheld = _parted(whole, [(1 - WITHHELD) / 2, (1 + WITHHELD) / 2])
    fitted = _too_small(withheld, kinds) or _lacks(rest, matching.count, whole)
    if fitted:
        rest, withheld = _parted(whole, [0.5, 1.0])
    taught = whole if fitted else rest

    def pieces(parts: Sequence[Part]) -> tuple[Piece, ...]:
        return tuple(piece(torch.from_numpy(i.copy()).to(device), c, kinds) for i, c in parts)

    pools = tuple(
        np.concatenate([image[:, one == number] for image, one in taught], axis=1)
        for number in range(matching.count)
    )
    return Reference(
        scale,
        images,
        classes,
        pieces(taught),
        tuple(one for _, one in taught),
        pieces(rest),
        pieces(withheld),
        pools,
        fitted,
        note,
    )


def _plane(image: Image, name: str) -> NDArray:
    """Return the only plane of an image as ``(C, Y, X)``."""
    array = np.asarray(image.array)
    lengths = dict(zip(image.axes, array.shape, strict=True))
    if lengths.get("T", 1) > 1 or lengths.get("Z", 1) > 1:
        raise InputError(
            f"{name} has {array.shape} values along {image.axes}; give one plane, or a folder of "
            "several"
        )
    return array.reshape(lengths.get("C", 1), lengths["Y"], lengths["X"])


def _parted(whole: Sequence[Part], ends: Sequence[float]) -> tuple[list[Part], list[Part]]:
    """Cut images along their longer sides: what lies between the two ends is withheld."""
    rest, withheld = [], []
    for image, classes in whole:
        axis = int(np.argmax(classes.shape))
        places = [round(end * classes.shape[axis]) for end in ends]
        images = np.split(image, places, axis=axis + 1)
        near, middle, far = zip(images, np.split(classes, places, axis=axis), strict=True)
        rest += [part for part in (near, far) if part[1].size]
        withheld.append(middle)
    return rest, withheld


def _too_small(parts: Sequence[Part], kinds: Sequence[Kind]) -> bool:
    largest = max((scale * patch for scale, patch in kinds), default=SMALLEST)
    return min(min(one.shape) for _, one in parts) < max(LEAST_WITHHELD, largest)


def _lacks(rest: Sequence[Part], count: int, whole: Sequence[Part]) -> bool:
    """Tell whether a class of the reference is hardly in the rest of it."""

    def pixels(parts: Sequence[Part]) -> NDArray[np.int64]:
        found = [np.bincount(one.ravel(), minlength=count + 1)[:count] for _, one in parts]
        return np.sum(found, axis=0)

    return bool(((pixels(rest) < FEWEST) & (pixels(whole) >= FEWEST)).any())
