"""What a folder of images holds: classes, parts, masks, outlines, pairs, told by its layout.

Nothing is decoded here but JSON; whatever folder names say is taken in the ways that are common:
``train``, ``val``, ``test``; ``masks`` or ``train_annot`` beside ``train``; a folder a class.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pearlite.data.omezarr import is_zarr
from pearlite.data.outlines import Outlines, find_outlines
from pearlite.data.read import SUFFIXES, find_images
from pearlite.errors import InputError

_PARTS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
_MASK = r"annot|annotations?|masks?|labels?|segmaps?|segmentations?|gt|ground[ _-]?truths?"
_MASK_WORD = re.compile(rf"(?:^|.*[ _-])(?:{_MASK})(?:[ _-](?:png|tif|tiff))?$", re.IGNORECASE)
_MASK_END = re.compile(rf"[ _-](?:{_MASK}|seg)$", re.IGNORECASE)
_PLAIN_WORD = re.compile(
    r"(?:^|.*[ _-])(?:images?|imgs?|raw|inputs?|data|pictures?|photos?|micrographs?)"
    r"(?:[ _-](?:png|tif|tiff|jpg|webp))?$",
    re.IGNORECASE,
)
_CLASS_WORDS = {"class", "label", "category", "phase", "type", "grade"}
_NOISY = re.compile(r"^(.*?)[ _-]?(noisy|clean)[^_]*$", re.IGNORECASE)
_MOST = 200_000  # files


@dataclass(frozen=True)
class Collection:
    """The images of a folder, and what its layout says about them.

    Parameters
    ----------
    root
        The folder, or the file.
    images
        Every image that is no mask, in natural order.
    classes, parts, sets
        Of each image: its class, its part (``"train"``, ``"validation"``, ``"test"``), and the
        folder that is neither; empty strings where the layout says nothing.
    masks
        The mask of an image, for those that have one.
    unpaired
        Masks that no image belongs to.
    outlines
        What annotation files hold.
    pairs
        Noisy images with their clean counterparts.
    files
        All other files, by lower-case suffix.
    """

    root: Path
    images: tuple[Path, ...] = ()
    classes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    masks: dict[Path, Path] = field(default_factory=dict)
    unpaired: tuple[Path, ...] = ()
    outlines: tuple[Outlines, ...] = ()
    pairs: tuple[tuple[Path, Path], ...] = ()
    files: dict[str, tuple[Path, ...]] = field(default_factory=dict)

    def name(self, path: Path) -> str:
        """Return a file's name as people would say it: relative to the folder."""
        try:
            return str(path.relative_to(self.root)) if path != self.root else path.name
        except ValueError:
            return str(path)


def collect(path: str | Path, deepest: int = 6) -> Collection:
    """Look through a folder, and the folders inside it.

    Parameters
    ----------
    path
        A folder, or a file.
    deepest
        How many folders inside each other are searched.

    Raises
    ------
    InputError
        If there is no such path, it cannot be read, or holds too many files to look through.
    """
    root = Path(path)
    if not root.exists():
        raise InputError(f"{root} does not exist; give a file or a folder")
    if root.is_file() or is_zarr(root):
        return Collection(root, (root,), ("",), ("",), ("",))
    folders, others = _walk(root, deepest)
    is_mask = {folder for folder in folders if _holds_masks(folder, root)}
    masks_of = {
        folder: partner
        for folder in is_mask
        if (partner := _partner(folder, folders) or _mirrored(folder, root, folders))
    }
    images, masks, unpaired = _paired(folders, is_mask, masks_of)
    outlines = list(find_outlines(others.get(".json", ())))
    if images and not masks and not outlines:
        masks, outlines = _beside(root, images)
    labels = [_labels(image.parent, root) for image in images]
    sets = [name for _, name in labels]
    pairs = tuple(_noise_pairs(images))
    if not masks and not pairs and _are_classes(sets):
        classes, sets = sets, [""] * len(sets)
    else:
        classes = [""] * len(sets)
    return Collection(
        root=root,
        images=tuple(images),
        classes=tuple(classes),
        parts=tuple(part for part, _ in labels),
        sets=tuple(sets),
        masks=masks,
        unpaired=tuple(unpaired),
        outlines=tuple(outlines),
        pairs=pairs,
        files={suffix: tuple(paths) for suffix, paths in sorted(others.items())},
    )


def _beside(root: Path, images: list[Path]) -> tuple[dict[Path, Path], list[Outlines]]:
    """Return the masks of a folder beside this one, and outlines in files there."""
    masks: dict[Path, Path] = {}
    of_name = {image.stem: image for image in images if image.parent == root}
    files = []
    try:
        near = sorted(root.resolve().parent.iterdir())
    except OSError:
        return {}, []
    for other in near:
        named = _MASK_END.sub("", other.name)
        if other.is_dir() and of_name and _MASK_WORD.match(other.name):
            plain = re.sub(r"[ _-](images?|imgs?)$", "", root.resolve().name, flags=re.IGNORECASE)
            if named in (root.resolve().name, plain) or _PLAIN_WORD.match(root.resolve().name):
                found = {path.stem: path for path in _images_in(other)}
                masks |= {of_name[stem]: found[stem] for stem in of_name if stem in found}
        elif other.suffix.lower() == ".json":
            files.append(other)
    names = {image.name for image in images}
    return masks, [one for one in find_outlines(files) if names & one.counts.keys()]


def _images_in(folder: Path) -> list[Path]:
    try:
        return find_images(folder)
    except InputError:
        return []


def _walk(root: Path, deepest: int) -> tuple[dict[Path, list[Path]], dict[str, list[Path]]]:
    """Return the images of every folder that has some, and all other files by suffix."""
    folders: dict[Path, list[Path]] = {}
    others: dict[str, list[Path]] = {}

    count = 0

    def failed(error: OSError) -> None:
        if Path(error.filename) == root:
            raise InputError(f"{root} cannot be opened: {error.strerror}") from error

    for where, inside, names in os.walk(root, onerror=failed):
        folder = Path(where)
        depth = len(folder.relative_to(root).parts)
        zarrs = [name for name in inside if is_zarr(folder / name)]
        hidden = [name for name in inside if name.startswith(".") or name in zarrs]
        count += len(names)
        if count > _MOST:
            raise InputError(f"{root} holds more than {_MOST:,} files; give a folder inside it")
        inside[:] = sorted(set(inside) - set(hidden)) if depth < deepest else []
        if zarrs or any(Path(name).suffix.lower() in SUFFIXES for name in names):
            folders |= {folder: images} if (images := _images_in(folder)) else {}
        for name in sorted(names):
            suffix = Path(name).suffix.lower()
            if suffix not in SUFFIXES and not name.startswith("."):
                others.setdefault(suffix, []).append(folder / name)
    return folders, others


def _holds_masks(folder: Path, root: Path) -> bool:
    """Tell whether the folder's name, or that of one above it, says that it holds masks."""
    names = (*folder.relative_to(root).parts, root.name if folder == root else "")
    return any(_MASK_WORD.match(name) for name in names)


def _partner(folder: Path, folders: Iterable[Path]) -> Path | None:
    """Return the folder of images that a folder of masks beside it belongs to."""
    if not _MASK_WORD.match(folder.name):
        return None
    beside = [
        other
        for other in folders
        if other.parent == folder.parent and not _MASK_WORD.match(other.name)
    ]
    stem = _MASK_END.sub("", folder.name) if _MASK_END.search(folder.name) else ""
    for other in beside:
        bare = re.sub(r"[ _-](images?|imgs?)$", "", other.name, flags=re.IGNORECASE)
        if stem and stem in (other.name, bare):
            return other
    if stem:
        return None
    plain = [other for other in beside if _PLAIN_WORD.match(other.name)] or beside
    if len(plain) == 1:
        return plain[0]
    return folder.parent if not beside and folder.parent in folders else None


def _mirrored(folder: Path, root: Path, folders: Iterable[Path]) -> Path | None:
    """Return ``images/train`` for ``masks/train``."""
    names = folder.relative_to(root).parts
    for other in folders:
        parts = other.relative_to(root).parts
        if len(parts) != len(names) or other == folder:
            continue
        differ = [(a, b) for a, b in zip(names, parts, strict=True) if a != b]
        if len(differ) == 1 and _MASK_WORD.match(differ[0][0]) and _PLAIN_WORD.match(differ[0][1]):
            return other
    return None


def _paired(
    folders: dict[Path, list[Path]], is_mask: set[Path], masks_of: dict[Path, Path]
) -> tuple[list[Path], dict[Path, Path], list[Path]]:
    """Return the images, the mask of each that has one, and masks without an image."""
    images: list[Path] = []
    masks: dict[Path, Path] = {}
    for folder, found in folders.items():
        if folder in is_mask:
            continue
        by_stem = {path.stem: path for path in found}
        for path in found:
            image = by_stem.get(_MASK_END.sub("", path.stem))
            if image is not None and image != path:
                masks[image] = path
            else:
                images.append(path)
    unpaired = []
    known = {(image.parent, bare_name(image)): image for image in images}
    for folder in sorted(is_mask):
        for path in folders.get(folder, ()):
            image = known.get((masks_of[folder], bare_name(path))) if folder in masks_of else None
            if image is None:
                unpaired.append(path)
            else:
                masks[image] = path
    return images, masks, unpaired


def bare_name(path: Path) -> str:
    """Return a file's name without suffix, and without what marks it as a mask (``a_mask.png``)."""
    return _MASK_END.sub("", path.stem)


def _labels(folder: Path, root: Path) -> tuple[str, str]:
    """Return the part and the other name that an image's folders give."""
    part, rest = "", []
    for name in folder.relative_to(root).parts:
        if name.lower() in _PARTS:
            part = _PARTS[name.lower()]
        elif not re.fullmatch(r"(?:images?|imgs?|raw|inputs?|data)", name, re.IGNORECASE):
            rest.append(name)
    return part, "/".join(rest)


def _are_classes(sets: list[str]) -> bool:
    """Tell whether folder names are classes, and not numbered specimens or several data sets."""
    names = set(sets)
    if len(names) < 2 or "" in names or any("/" in name for name in names):
        return False
    if len(sets) < 2 * len(names) or any(_PLAIN_WORD.match(name) for name in names):
        return False
    stems = {re.sub(r"[\d\W_]+", "", name).lower() for name in names}
    return len(stems) > 1 or stems <= _CLASS_WORDS | {""}


def _noise_pairs(images: list[Path]) -> list[tuple[Path, Path]]:
    """Return (noisy, clean) for images whose names differ in that."""
    found: dict[tuple[Path, str], dict[str, Path]] = {}
    for path in images:
        if named := _NOISY.match(path.stem):
            found.setdefault((path.parent, named[1]), {})[named[2].lower()] = path
    return [(two["noisy"], two["clean"]) for two in found.values() if len(two) == 2]
