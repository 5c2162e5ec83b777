"""Which mask belongs to which image: by name, by order, or by the layout of folders."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pearlite.data.collection import Collection, bare_name, collect
from pearlite.data.image import Image
from pearlite.data.outlines import read_outlines
from pearlite.data.read import SUFFIXES, find_images
from pearlite.data.rois import SUFFIXES as ROI_SUFFIXES
from pearlite.data.rois import read_rois
from pearlite.data.shapes import Shape
from pearlite.errors import InputError
from pearlite.recipes.segment.planes import given_image

Labels = Any  # a path of a mask, an array, or a list of Shape


@dataclass(frozen=True)
class Pair:
    """An image and what is known of its labels.

    Parameters
    ----------
    name
        What to call the image.
    source
        Its file, or the image itself.
    mask
        A mask's file or array, shapes drawn on the image; ``None`` where there is none.
    part
        ``"train"``, ``"validation"``, ``"test"`` where folders say it, else empty.
    """

    name: str
    source: Path | Image
    mask: Labels | None
    part: str = ""


def find_pairs(data: Any, masks: Any, axes: str | None) -> tuple[list[Pair], list[str]]:
    """Return the images with their masks, and sentences on those that stay alone.

    Parameters
    ----------
    data
        An array, an image's file, a folder, or a list of these.
    masks
        The same for masks, or a COCO, VIA or ImageJ ROI file; ``None`` looks beside the images.
    axes
        Of arrays that are no plane.

    Raises
    ------
    InputError
        If there are no images or no masks, or it is not clear which belong together.
    """
    image = given_image(data, axes)
    if image is not None:
        if masks is None:
            raise InputError(
                "an array was given without masks; give masks=, an array of the same size"
            )
        given = list(masks) if isinstance(masks, list | tuple) else [masks]
        _same_count(1, len(given))
        return [Pair("image", image, _one_mask(given[0]))], []
    if not isinstance(data, str | Path) and any(not isinstance(d, str | Path) for d in data):
        return _arrays(data, masks, axes), []
    listed = [data] if isinstance(data, str | Path) else list(data)
    if not listed:
        raise InputError("an empty list was given; give images, or a folder of them")
    collections = [collect(path) for path in listed]
    if masks is None:
        return _beside(collections)
    if isinstance(masks, str | Path):
        return _by_file(collections, Path(masks))
    paths = [path for one in collections for path in one.images]
    names = [one.name(path) for one in collections for path in one.images]
    if not isinstance(masks, list | tuple):
        masks = [masks]
    _same_count(len(paths), len(masks))
    pairs = [Pair(n, p, _one_mask(m)) for n, p, m in zip(names, paths, masks, strict=True)]
    return pairs, []


def _arrays(data: Sequence[Any], masks: Any, axes: str | None) -> list[Pair]:
    if not isinstance(masks, list | tuple):
        raise InputError(f"{len(data)} arrays were given; give a list of as many masks")
    _same_count(len(data), len(masks))
    images = [given_image(item, axes) for item in data]
    if any(image is None for image in images):
        raise InputError("arrays and paths were given in one list; give only one kind")
    return [
        Pair(f"image {number}", image, _one_mask(mask))
        for number, (image, mask) in enumerate(zip(images, masks, strict=True), start=1)
        if image is not None
    ]


def _same_count(images: int, masks: int) -> None:
    if images != masks:
        raise InputError(f"{masks} masks were given for {images} image(s); give one for each")


def _one_mask(given: Any) -> Labels:
    """Return the mask of a single image, read where it holds shapes."""
    if not isinstance(given, str | Path):
        return given
    path = Path(given)
    if path.suffix.lower() in ROI_SUFFIXES:
        return read_rois(path)
    if path.suffix.lower() == ".json":
        found = read_outlines(path)
        if len(found) != 1:
            raise InputError(f"{path} holds outlines for {len(found)} images, and one was given")
        return next(iter(found.values()))
    return path


def _beside(collections: list[Collection]) -> tuple[list[Pair], list[str]]:
    pairs, unpaired = [], []
    for one in collections:
        shapes: dict[str, list[Shape]] = {}
        for outlines in one.outlines:
            shapes |= read_outlines(outlines.path)
        for image, part in zip(one.images, one.parts, strict=True):
            mask = one.masks.get(image, shapes.get(image.name))
            pairs.append(Pair(one.name(image), image, mask, part))
        unpaired += one.unpaired
    if not any(pair.mask is not None for pair in pairs):
        held = f"holds {len(pairs)} images" if pairs else "holds no image"
        raise InputError(
            f"{collections[0].root} {held} and no masks for them; give --masks, a folder of label "
            "images of the same names"
        )
    return pairs, _alone(pairs, unpaired)


def _by_file(collections: list[Collection], masks: Path) -> tuple[list[Pair], list[str]]:
    """Match images with the masks that a folder or a file holds."""
    if not masks.exists():
        raise InputError(f"{masks} does not exist; give the masks' folder or file")
    known = [
        (one.name(image), image, part)
        for one in collections
        for image, part in zip(one.images, one.parts, strict=True)
        if not image.resolve().is_relative_to(masks.resolve())
    ]
    if not known and collections[0].images:
        raise InputError(f"{masks} is given as image and as mask; give the masks for --masks")
    if not known:
        raise InputError(f"{collections[0].root} holds no image; give a folder of images")
    if masks.is_file() and masks.suffix.lower() == ".json":
        shapes = read_outlines(masks)
        pairs = [Pair(name, path, shapes.get(path.name), part) for name, path, part in known]
        missing = [name for name in shapes if name not in {path.name for _, path, _ in known}]
        return _checked(pairs, masks, [Path(name) for name in missing])
    if masks.is_file():
        if len(known) > 1:
            raise InputError(
                f"{masks} is one mask for {len(known)} images; give a folder that holds one of "
                "the same name for each image"
            )
        name, path, part = known[0]
        return [Pair(name, path, _one_mask(masks), part)], []
    found = _mask_files(masks)
    by_name: dict[str, list[Path]] = {}
    for path in found:
        by_name.setdefault(bare_name(path), []).append(path)
    pairs, used = [], set()
    repeated = Counter(path.stem for _, path, _ in known)
    for name, path, part in known:
        mask = _namesake(path, by_name.get(path.stem, []), repeated[path.stem], masks)
        used.add(mask)
        pairs.append(Pair(name, path, None if mask is None else _one_mask(mask), part))
    return _checked(pairs, masks, [path for path in found if path not in used])


def _mask_files(folder: Path) -> list[Path]:
    """Return every label image and ROI file in a folder and those inside it."""
    found: list[Path] = []
    for where, inside, names in os.walk(folder):
        inside.sort()
        rois = [Path(where) / n for n in sorted(names) if Path(n).suffix.lower() in ROI_SUFFIXES]
        if any(Path(n).suffix.lower() in SUFFIXES for n in (*names, *inside)):
            found += find_images(where)
        found += rois
    if not found:
        raise InputError(f"{folder} holds no mask; put label images of the images' names in it")
    return found


def _namesake(image: Path, masks: list[Path], images: int, folder: Path) -> Path | None:
    """Return the mask of that name; among several, that in a folder named like the image's."""
    if len(masks) > 1 or (images > 1 and masks):
        alike = [mask for mask in masks if mask.parent.name == image.parent.name]
        if len(alike) != 1:
            raise InputError(
                f"{folder} holds {len(masks)} masks for {images} images named {image.stem}; give "
                "masks and images in folders of the same names"
            )
        return alike[0]
    return masks[0] if masks else None


def _checked(pairs: list[Pair], masks: Path, unpaired: list[Path]) -> tuple[list[Pair], list[str]]:
    if not any(pair.mask is not None for pair in pairs):
        example = f" ({unpaired[0].name})" if unpaired else ""
        raise InputError(
            f"no mask in {masks}{example} has the name of an image such as {pairs[0].name}; name "
            "each mask like its image"
        )
    return pairs, _alone(pairs, unpaired)


def _alone(pairs: list[Pair], unpaired: Sequence[Path]) -> list[str]:
    notes = []
    bare = [pair.name for pair in pairs if pair.mask is None]
    if bare:
        notes.append(
            f"{len(bare)} of {len(pairs)} images have no mask and were not learned from, such as "
            f"{bare[0]}."
        )
    if unpaired:
        count = len(unpaired)
        said = "1 mask has" if count == 1 else f"{count} masks have"
        notes.append(f"{said} no image of the same name, such as {unpaired[0].name}.")
    return notes
