"""See what images are: one or many, with masks, outlines or classes, labels or grey values."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pearlite.data.collection import Collection
from pearlite.data.filenames import name_groups
from pearlite.data.image import Image
from pearlite.data.labels import is_label_image
from pearlite.data.read import read
from pearlite.data.table import read_table
from pearlite.errors import InputError
from pearlite.fieldguide.answer import Seen, quoted
from pearlite.fieldguide.noise import see_noise
from pearlite.judge.audit.words import counted, listed

_LOOKED_AT = 3  # images of a folder that are opened
_NAMED = 0.5  # share of a column's entries that are images
_FEW = 20  # images of a class
_MANY = 300  # images from which a network can be pretrained


def see_image(image: Image, name: str) -> Seen:
    """See what one image, stack or volume is.

    Parameters
    ----------
    image
        As it was read.
    name
        How to type it.
    """
    array, axes = image.array, image.axes
    sizes = dict(zip(axes, array.shape, strict=True))
    pixels = f"{sizes['Y']} x {sizes['X']} pixels of {array.dtype}"
    notes = list(image.meta.get("notes", ()))
    colour = f", {sizes['C']} channels" if sizes.get("C", 1) > 1 else ""
    if image.pixel_size.get("X"):
        colour += f", {image.pixel_size['X']:g} {image.unit} a pixel"
    labels = "rgb" not in image.meta and is_label_image(array)
    values = len(np.unique(_middle(array))) if labels else 0
    names = {"data": name, "axes": axes}
    if sizes.get("T", 1) > 1:
        return Seen("time stack", f"{sizes['T']} frames of {pixels}{colour}", names, tuple(notes))
    if sizes.get("Z", 1) > 1:
        if image.path is not None and any("were taken as planes in depth" in n for n in notes):
            notes.append("if the planes are frames over time, type --axes TYX instead")
        kind = "label volume" if labels else "volume"
        what = f"a volume of {sizes['Z']} x {pixels}{colour}"
        return Seen(kind, what + f", {values} phases" * labels, names, tuple(notes))
    if labels and values < 2:
        raise InputError(f"{name} holds one value only; an image with something in it is expected")
    if labels:
        what = f"a segmented image, {pixels}, {values} {'phases' if values <= 8 else 'labels'}"
        kind = "labels" if values <= 8 else "label maps"
        return Seen(kind, what, names, tuple(notes))
    kind = _by_noise(_middle(array), "", names, notes)
    return Seen(kind, f"an image, {pixels}{colour}", names, tuple(notes))


def see_collection(found: Collection) -> Seen:
    """See what the images of a folder are."""
    root = quoted(found.root)
    notes = [*_parts(found), *_specimens(found), *_manifest(found)]
    names = {"data": root, "folder": root}
    if found.pairs and len(found.pairs) >= len(found.images) / 4:
        noisy, clean = found.pairs[0]
        names |= {"noisy": quoted(noisy), "clean": quoted(clean)}
        given = f"{counted(len(found.pairs), 'pair')} of a noisy and a clean image"
        return Seen("noisy and clean", given, names, (*notes, "the command is for the first pair"))
    if found.masks and len(found.masks) >= len(found.images) / 4:
        return _masked(found, names, notes)
    outlines = [one for one in found.outlines if one.counts.keys() & {p.name for p in found.images}]
    if outlines:
        categories = sorted({name for one in outlines for name in one.categories})
        count = sum(one.count for one in outlines)
        given = f"{counted(len(found.images), 'image')} with {counted(count, 'outline')}"
        given += f" of {listed(categories)}" if categories else ""
        names |= {"images": quoted(found.images[0].parent), "masks": quoted(outlines[0].path)}
        files = ", ".join(f"{one.path.name} ({one.kind}, {one.count})" for one in outlines)
        return Seen("images with outlines", given, names, (f"outlines: {files}", *notes))
    if any(found.classes):
        sizes = Counter(found.classes)
        given = f"{counted(len(found.images), 'image')} in {len(sizes)} classes: " + listed(
            [f"{name} ({count})" for name, count in sizes.most_common()]
        )
        if min(sizes.values()) < _FEW:
            notes.append(f"the smallest class has {min(sizes.values())} images: few to test on")
        return Seen("class folders", given, names, tuple(notes))
    if not found.images and found.unpaired:
        return _masks_alone(found, names)
    if len(found.images) == 1:
        return see_image(read(found.images[0]), quoted(found.images[0]))
    return _plain(found, names, notes)


def _masked(found: Collection, names: dict[str, str], notes: list[str]) -> Seen:
    known = zip(found.parts, found.images, strict=True)
    trains = [image for part, image in known if part == "train" and image in found.masks]
    image = (trains or list(found.masks))[0]
    mask = found.masks[image]
    values = np.unique(_middle(read(mask).array))
    given = f"{counted(len(found.images), 'image')}, {len(found.masks)} of them with a mask"
    given += f", values {listed([f'{value:g}' for value in values.tolist()])} in the first"
    if found.unpaired:
        notes.append(f"{counted(len(found.unpaired), 'mask')} without an image of the same name")
    names |= {"images": quoted(image.parent), "masks": quoted(mask.parent)}
    sets = [name for name in Counter(found.sets) if name]
    if len(sets) > 1:
        notes.append(f"the folder holds {len(sets)} sets ({listed(sets)}): train one model each")
    return Seen("images with masks", given, names, tuple(notes))


def _masks_alone(found: Collection, names: dict[str, str]) -> Seen:
    if not is_label_image(read(found.unpaired[0]).array):
        images = Collection(found.root, images=found.unpaired)
        return _plain(images, names, ["the folder is named like masks, but holds grey images"])
    values = np.unique(_middle(read(found.unpaired[0]).array))
    given = f"{counted(len(found.unpaired), 'mask')}, {len(values)} labels in the first, no images"
    where = found.unpaired[0].parent
    return Seen("label maps", given, names | {"data": quoted(where)}, ())


def _plain(found: Collection, names: dict[str, str], notes: list[str]) -> Seen:
    known, damaged = _readable(found.images)
    looked = list(known.values())
    if damaged:
        notes.append(f"{listed(damaged)} cannot be read; pearlite audit names all such files")
    axes = {image.axes for image in looked}
    if axes <= {"YX"} and all(is_label_image(image.array) for image in looked):
        values = max(len(np.unique(_middle(image.array))) for image in looked)
        given = f"{counted(len(found.images), 'segmented image')}, {values} labels"
        return Seen("labels", given, names, tuple(notes))
    shapes = {" x ".join(map(str, image.array.shape)) for image in looked}
    given = f"{counted(len(found.images), 'image')}, no labels; the first {len(looked)}: "
    given += f"{listed(sorted(shapes))} ({', '.join(sorted(axes))})"
    first = next(iter(known))
    kind = _by_noise(first, f"{first.name}: ", names, notes)
    if kind == "image":
        return Seen("images", given, names, tuple(notes))
    return Seen("many images" if len(found.images) >= _MANY else kind, given, names, tuple(notes))


def _readable(paths: Sequence[Path]) -> tuple[dict[Path, Image], list[str]]:
    """Return the first few images that can be read, and the names of those that cannot."""
    known: dict[Path, Image] = {}
    damaged: list[str] = []
    for path in paths:
        if len(known) == _LOOKED_AT:
            break
        try:
            known[path] = read(path)
        except InputError:
            damaged.append(path.name)
    if not known:
        read(paths[0])
    return known, damaged


def _by_noise(source: object, name: str, names: dict[str, str], notes: list[str]) -> str:
    """Return whether an image asks to be denoised; note its noise and what it needs."""
    noise = see_noise(source)
    if noise.sentence:
        notes.append(name + noise.sentence)
    if noise.remedy:
        names["remedy"] = noise.remedy
        notes.append("denoise refuses such noise without the remedy; the raw file is better still")
    return "clean image" if noise.weak else "image"


def _parts(found: Collection) -> list[str]:
    sizes = Counter(part for part in found.parts if part)
    if not sizes:
        return []
    parts = ", ".join(f"{count} {part}" for part, count in sizes.items())
    return [f"the folders say what trains and what tests ({parts}); audit checks that they may"]


def _specimens(found: Collection) -> list[str]:
    stems = [path.stem for path in found.images]
    sets = {name for name in found.sets if name}
    if len(sets) > 1 and not found.masks and not found.pairs:
        return [f"folders {listed(sorted(sets))}: if they are specimens, declare --group folder"]
    if len(stems) < 6 or found.pairs or len(sets) > 1:
        return []
    ways = [way for way in name_groups(stems) if len(set(way.labels)) <= len(stems) / 3]
    if not ways:
        return []
    groups = list(dict.fromkeys(ways[0].labels))
    return [
        f"the names make {len(groups)} groups ({listed(groups, 3)}); if these are specimens, audit "
        f"with --group {quoted(ways[0].pattern)}"
    ]


def _manifest(found: Collection) -> list[str]:
    """Say which tables name the images."""
    tables = (*found.files.get(".csv", ()), *found.files.get(".tsv", ()))
    return [said for path in tables if (said := describes(path, found))]


def describes(path: Path, found: Collection) -> str:
    """Say how a table of text names the images of a folder; empty if it does not."""
    images = (*found.images, *found.unpaired)
    known = {image.name for image in images} | {image.stem for image in images}
    try:
        table = read_table(path)
    except InputError:
        return ""
    for column in table.columns:
        if np.mean([str(value) in known for value in table[column]]) > _NAMED:
            others = [str(name) for name in table.columns if name != column]
            if not others:
                return f"{path.name} lists images"
            return (
                f"{path.name} describes the images named in {column} by {listed(others)}; a column "
                "that says where they come from is a group"
            )
    return ""


def _middle(array: np.ndarray) -> np.ndarray:
    """Return the last two axes, or three of which one is colour, in the middle of the others."""
    return np.asarray(array[tuple(n // 2 for n in array.shape[:-2])])


def is_image(path: Path) -> bool:
    """Tell whether a file can be read as an image."""
    try:
        read(path, lazy=True)
    except InputError:
        return False
    return True
