"""Whether masks fit their images: size, values, blank ones, missing ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pearlite.data.collection import Collection
from pearlite.data.labels import is_label_image
from pearlite.errors import InputError
from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.pictures import plane_of
from pearlite.judge.audit.words import NAMED, counted
from pearlite.see.progress import track


@dataclass(frozen=True)
class Masks:
    """What the masks of a collection hold.

    Parameters
    ----------
    shapes
        Rows and columns of the mask of an image, by the image's number.
    values
        Every value that occurs in the masks, ascending.
    shares_NK
        Share of each value in each mask, rows in the order of `shapes`.
    unlike
        Numbers of the images whose mask does not look like one.
    unreadable
        Why a mask could not be read, by the image's number.
    """

    shapes: dict[int, tuple[int, int]]
    values: tuple[float, ...]
    shares_NK: NDArray[np.float64]
    unlike: tuple[int, ...]
    unreadable: dict[int, str]


def read_masks(collection: Collection, progress: bool = False) -> Masks:
    """Read the masks of a collection, one after the other."""
    shapes: dict[int, tuple[int, int]] = {}
    shares: list[dict[float, float]] = []
    unlike, unreadable = [], {}
    numbers = [n for n, image in enumerate(collection.images) if image in collection.masks]
    for number in track(numbers, "Reading masks", len(numbers), progress):
        try:
            plane = plane_of(collection.masks[collection.images[number]])
        except InputError as error:
            unreadable[number] = str(error)
            continue
        if not is_label_image(plane):
            unlike.append(number)
            continue
        shapes[number] = (plane.shape[0], plane.shape[1])
        values, counts = np.unique(plane, return_counts=True)
        shares.append(dict(zip(values.tolist(), (counts / plane.size).tolist(), strict=True)))
    every = tuple(sorted({value for known in shares for value in known}))
    table = np.array([[known.get(value, 0.0) for value in every] for known in shares])
    return Masks(shapes, every, table.reshape(len(shares), len(every)), tuple(unlike), unreadable)


def check_masks(
    collection: Collection, masks: Masks, shapes: dict[int, tuple[int, int]]
) -> list[Finding]:
    """Return what is wrong with the masks.

    Parameters
    ----------
    collection
        The folder.
    masks
        What `read_masks` gave.
    shapes
        Rows and columns of the images, by number.
    """

    def named(numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(collection.name(collection.images[n]) for n in numbers[:NAMED])

    found = []
    wrong = [n for n, shape in masks.shapes.items() if n in shapes and shapes[n] != shape]
    if wrong:
        image, mask = shapes[wrong[0]], masks.shapes[wrong[0]]
        found.append(
            Finding(
                "mask of another size",
                False,
                f"{counted(len(wrong), 'mask')} {_are(wrong)} not as large as the image: "
                f"{image[0]} x {image[1]} pixels against {mask[0]} x {mask[1]}; leave them out or "
                "make them again",
                named(wrong),
                len(wrong),
            )
        )
    if masks.unlike:
        found.append(
            Finding(
                "mask with grey values",
                False,
                f"{counted(len(masks.unlike), 'mask')} {_are(masks.unlike)} no image of labels: "
                "neighbouring pixels differ as in a photograph; a compressed or blurred mask has "
                "to be exported again, losslessly",
                named(masks.unlike),
                len(masks.unlike),
            )
        )
    if masks.unreadable:
        first = next(iter(masks.unreadable.values()))
        numbers = list(masks.unreadable)
        found.append(
            Finding(
                "unreadable mask",
                False,
                f"{counted(len(numbers), 'mask')} cannot be read: {first}",
                named(numbers),
                len(numbers),
            )
        )
    missing = [n for n, image in enumerate(collection.images) if image not in collection.masks]
    if missing and collection.masks:
        found.append(
            Finding(
                "image without a mask",
                False,
                f"{counted(len(missing), 'image')} of {len(collection.images)} have no mask",
                named(missing),
                len(missing),
            )
        )
    if collection.unpaired:
        found.append(_unpaired(collection, collection.unpaired))
    blank = [n for n, row in zip(masks.shapes, masks.shares_NK, strict=True) if row.max() == 1]
    if blank:
        found.append(
            Finding(
                "blank mask",
                False,
                f"{counted(len(blank), 'mask')} of {len(masks.shapes)} hold one value only; a test "
                "that counts pixels is easy there",
                named(blank),
                len(blank),
            )
        )
    return found


def _unpaired(collection: Collection, masks: Sequence[Path]) -> Finding:
    return Finding(
        "mask without an image",
        False,
        f"{counted(len(masks), 'mask')} {'has' if len(masks) == 1 else 'have'} no image of the "
        "same name",
        tuple(collection.name(path) for path in masks[:NAMED]),
        len(masks),
    )


def _are(things: Sequence[object]) -> str:
    return "is" if len(things) == 1 else "are"
