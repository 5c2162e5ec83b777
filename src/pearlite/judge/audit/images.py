"""Audit images: what shows the same, what belongs together, classes, masks, blank and clipped."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pearlite.data.collection import Collection, collect
from pearlite.data.filenames import image_groups
from pearlite.errors import InputError
from pearlite.judge.audit.finding import Finding, Inflation
from pearlite.judge.audit.masks import check_masks, read_masks
from pearlite.judge.audit.picture_classes import check_classes
from pearlite.judge.audit.picture_defects import find_defects, unreadable_files
from pearlite.judge.audit.picture_features import picture_features
from pearlite.judge.audit.picture_groups import Kin, find_kin
from pearlite.judge.audit.picture_set import PictureSet
from pearlite.judge.audit.pictures import look_at
from pearlite.judge.audit.same_pictures import KINDS, Same, clusters, find_same, searched
from pearlite.judge.audit.words import NAMED, counted, listed, quoted

_MANY = 0.05  # share of images that show the same as others from which no split is honest
_MEASURED = 30  # images from which a score says something


def audit_images(
    data: Any,
    *,
    target: npt.ArrayLike | None = None,
    group: str | npt.ArrayLike | None = None,
    seed: int = 0,
    measure: bool = True,
    progress: bool = False,
) -> list[Finding]:
    """Find what would make a test on images dishonest.

    Parameters
    ----------
    data
        A folder as `pearlite.data.collection.collect` reads it; a list of files; or arrays, each
        (Y, X) or with up to 4 channels first or last.
    target
        A class or a number an image; by default the class folders, or else what the masks or the
        outlines hold.
    group
        What belongs together: see `pearlite.data.filenames.image_groups`.
    seed
        Decides the folds of what is measured.
    measure
        Whether to measure how much a finding inflates a score.
    progress
        Show bars.

    Raises
    ------
    InputError
        If there are no images, or `target` or `group` does not fit them.
    """
    collection, sources, names = _sources(data)
    if not names:
        raise InputError(f"{data} holds no image; give a folder of images, or arrays")
    labels = _labels(target, len(names))
    groups = None if group is None else image_groups([Path(name) for name in names], group)
    known, unreadable = look_at(sources, names, progress)
    found = unreadable_files(unreadable)
    label, label_name = labels, "target"
    if collection.masks:
        masks = read_masks(collection, progress)
        found += check_masks(collection, masks, {n: known[n].shape for n in known})
        if label is None and len(masks.shapes) == len(names):
            label, label_name = _share(masks.shares_NK, masks.values)
    elif label is None and collection.outlines:
        label, label_name = _outlined(collection), "outlines an image"
    classes = list(collection.classes) if any(collection.classes) else None
    if labels is not None and labels.dtype.kind in "USOb":
        classes = [str(one) for one in labels.tolist()]
    if label is None and classes is not None:
        label, label_name = np.array(classes), "class"
    if not known:
        return found
    counterparts = {collection.name(clean) for _, clean in collection.pairs}
    numbers = [number for number in known if names[number] not in counterparts]
    pictures = [known[number] for number in numbers]
    images = PictureSet(
        pictures=pictures,
        parts=[collection.parts[n] if collection.parts else "" for n in numbers],
        classes=[classes[n] for n in numbers] if classes else None,
        group=None if groups is None else groups[numbers],
        label=None if label is None else label[numbers],
        label_name=label_name,
        features=picture_features(pictures),
    )
    return [*found, *_checked(images, seed, measure)]


def describe_images(data: Any) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Return how many images there are, in words, and a table of what they are, its head first."""
    collection, _, names = _sources(data)
    said = [counted(len(names), "image")]
    said += [counted(len(collection.masks), "mask")] * bool(collection.masks)
    outlines = sum(one.count for one in collection.outlines)
    said += [counted(outlines, "outline")] * bool(outlines)
    rows = []
    for title, values in (
        ("class", collection.classes),
        ("part", collection.parts),
        ("folder", collection.sets),
    ):
        rows += [(title, one or "–", str(n)) for one, n in Counter(values).items() if any(values)]
    return ", ".join(said), (("what", "name", "images"), *rows) if rows else ()


def _sources(data: Any) -> tuple[Collection, Sequence[Any], list[str]]:
    if isinstance(data, str | Path):
        collection = collect(data)
        return collection, collection.images, [collection.name(p) for p in collection.images]
    listed_ = list(data)
    if all(isinstance(item, str | Path) for item in listed_):
        paths = [Path(item) for item in listed_]
        return Collection(Path(), tuple(paths)), paths, [str(path) for path in paths]
    return Collection(Path()), listed_, [f"image {n}" for n in range(1, len(listed_) + 1)]


def _labels(target: npt.ArrayLike | None, count: int) -> np.ndarray | None:
    if target is None:
        return None
    if isinstance(target, str):
        raise InputError(
            f"the target {target!r} was named, but images have no columns; put the images of each "
            "class into a folder of its own, or give a label an image from Python"
        )
    labels = np.asarray(target)
    if labels.shape != (count,):
        raise InputError(f"target has shape {labels.shape}; one label for each of {count} images")
    return labels


def _share(shares_NK: np.ndarray, values: tuple[float, ...]) -> tuple[np.ndarray | None, str]:
    """Return the share of the value that varies most from mask to mask."""
    if len(values) < 2:
        return None, ""
    most = int(shares_NK.std(axis=0).argmax())
    return shares_NK[:, most], f"share of value {values[most]:g} in the mask"


def _outlined(collection: Collection) -> np.ndarray:
    counts = Counter[str]()
    for outlines in collection.outlines:
        for name, count in outlines.counts.items():
            counts[name] += count
    return np.array([counts[image.name] for image in collection.images], dtype=np.float64)


def _checked(images: PictureSet, seed: int, measure: bool) -> list[Finding]:
    pairs = find_same(dict(enumerate(images.pictures)))
    stems = [Path(picture.name).stem for picture in images.pictures]
    kin = find_kin(stems, images.features, pairs, images.classes)
    found = [*_shown_twice(images, pairs, kin, seed, measure), *_on_two_sides(images)]
    if kin is not None and not pairs and images.group is None:
        found.append(_kin_finding(images, kin, seed, measure))
    if images.classes is not None:
        found += check_classes(images, images.classes, pairs)
    return found + find_defects(images)


def _on_two_sides(images: PictureSet) -> list[Finding]:
    """Find declared groups of which one part trains and another tests."""
    if images.group is None or not any(images.parts):
        return []
    parts: dict[str, set[str]] = {}
    for label, part in zip(images.group.tolist(), images.parts, strict=True):
        parts.setdefault(str(label), set()).add(part)
    split = sorted(label for label, where in parts.items() if len(where) > 1)
    if not split:
        return []
    return [
        Finding(
            "group on two sides",
            True,
            f"{counted(len(split), 'declared group')} of {len(parts)} lie in several of the "
            f"folders {listed(sorted(set(images.parts)))}: move each into one",
            tuple(split[:NAMED]),
            len(split),
        )
    ]


def _shown_twice(
    images: PictureSet, pairs: list[Same], kin: Kin | None, seed: int, measure: bool
) -> list[Finding]:
    """Return a finding a kind of pair that what was declared does not hold together."""
    open_pairs = [pair for pair in pairs if not _held(images, pair)]
    linked = clusters(open_pairs, len(images.pictures))
    declare = f"--group {quoted([kin.groups.pattern])}" if kin and open_pairs else ""
    inflation = None
    if measure and open_pairs:
        together = np.array(kin.groups.labels) if kin else linked
        name = "grouped by name" if kin else "copies kept together"
        inflation = _inflation(images, together, name, seed)
    found = []
    for kind in KINDS:
        some = [pair for pair in open_pairs if pair.kind == kind]
        if not some:
            continue
        across = [pair for pair in some if images.parts[pair.first] != images.parts[pair.second]]
        concerned = len({n for pair in some for n in (pair.first, pair.second)})
        share = concerned / len(images.pictures)
        among = len(images.pictures)
        if kind == KINDS[2]:
            among = len(searched(dict(enumerate(images.pictures))))
        what = f"{counted(len(some), 'pair')} of {among:,} images: {_SAID[kind]} ({some[0].how})"
        if across:
            what += f"; {counted(len(across), 'pair')} between the folders of different parts"
        found.append(
            Finding(
                kind,
                bool(across) or share >= _MANY,
                what,
                tuple(
                    f"{images.pictures[p.first].name} = {images.pictures[p.second].name}"
                    for p in (across or some)[:NAMED]
                ),
                len(some),
                inflation,
                declare,
            )
        )
    return found


_SAID = {
    KINDS[0]: "keep one of each",
    KINDS[1]: "one image, changed in brightness, noise, place or turn: keep one of each",
    KINDS[2]: "they share pixels, as neighbouring fields of one specimen do",
}


def _held(images: PictureSet, pair: Same) -> bool:
    """Tell whether both images are in one declared group, or both in one part that was given."""
    if images.group is not None:
        return images.group[pair.first] == images.group[pair.second]
    part = images.parts[pair.first]
    return part != "" and part == images.parts[pair.second]


def _kin_finding(images: PictureSet, kin: Kin, seed: int, measure: bool) -> Finding:
    labels = np.array(kin.groups.labels)
    inflation = _inflation(images, labels, "grouped by name", seed) if measure else None
    sizes = Counter(kin.groups.labels)
    return Finding(
        "groups in the file names",
        bool(inflation and inflation.real),
        f"the names make {len(sizes)} groups ({listed(sorted(sizes), 3)}): the image most like "
        f"another is of the same group in {kin.agreeing:.0%} of cases, by chance in "
        f"{kin.expected:.0%}; if these are specimens, declare them",
        images.named(range(len(labels))),
        len(sizes),
        inflation,
        f"--group {quoted([kin.groups.pattern])}",
    )


def _inflation(images: PictureSet, together: np.ndarray, name: str, seed: int) -> Inflation | None:
    """Measure a quick model on random folds, and on folds that keep what belongs together."""
    label = images.label
    if label is None or len(label) < _MEASURED or len(np.unique(together)) < 2:
        return None
    import pandas as pd

    from pearlite.judge.audit.inflation import Measure
    from pearlite.judge.audit.prepared import Prepared

    classes: tuple[str, ...] = ()
    truth: np.ndarray = label
    if label.dtype.kind not in "iuf":
        values, truth = np.unique(label, return_inverse=True)
        classes = tuple(map(str, values))
        if len(classes) < 2 or np.bincount(truth).min() < 2:
            return None
    elif not label.std():
        return None
    features = images.features
    prepared = Prepared(
        frame=pd.DataFrame(features),
        kinds=("number",) * features.shape[1],
        codes_ND=np.zeros(features.shape, np.int64),
        numbers_ND=features,
        model_NF=features,
        target=images.label_name,
        truth=truth,
        classes=classes,
    )
    groups = np.unique(together, return_inverse=True)[1].astype(np.int64)
    return Measure(prepared, seed).grouped(groups, name)
