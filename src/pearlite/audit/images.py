"""Audit images: what shows the same, what belongs together, classes, masks, blank and clipped."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pearlite.audit.finding import Finding, Inflation
from pearlite.audit.masks import check_masks, read_masks
from pearlite.audit.picture_features import picture_features
from pearlite.audit.picture_groups import Kin, find_kin
from pearlite.audit.pictures import Picture, look_at
from pearlite.audit.same_pictures import KINDS, Same, clusters, find_same, searched
from pearlite.audit.words import NAMED, counted, listed, quoted
from pearlite.data.collection import Collection, collect
from pearlite.data.filenames import image_groups
from pearlite.errors import InputError

_MANY = 0.05  # share of images that show the same as others from which no split is honest
_MEASURED = 30  # images from which a score says something
_RARE, _UNEVEN = 10, 10.0  # images of a class, times as many of the largest class
_CLIPPED = 0.01  # share of clipped pixels
_TELLS, _GAIN = 0.9, 0.2  # accuracy of a class told by the file alone, and above guessing


@dataclass(frozen=True)
class _Set:
    """The images that could be read, in order; every list has one entry an image."""

    pictures: list[Picture]
    parts: list[str]
    classes: list[str] | None
    group: np.ndarray | None
    label: np.ndarray | None
    label_name: str
    features: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    def named(self, numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(self.pictures[n].name for n in list(numbers)[:NAMED])


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
    known, unreadable = look_at(sources, names, progress)
    numbers = list(known)
    labels = _labels(target, len(names))
    found = [_unreadable(unreadable)] if unreadable else []
    classes = list(collection.classes) if any(collection.classes) else None
    label, label_name = labels, "target"
    if labels is None and classes is not None:
        label, label_name = np.array(classes), "class"
    if collection.masks or collection.outlines:
        masks = read_masks(collection, progress)
        shapes = {number: picture.shape for number, picture in known.items()}
        found += check_masks(collection, masks, shapes)
        if label is None and len(masks.shapes) == len(names):
            label, label_name = _share(masks.shares_NK, masks.values)
    if label is None and collection.outlines:
        label, label_name = _outlined(collection), "outlines an image"
    if classes is None and labels is not None and labels.dtype.kind in "USOb":
        classes = [str(one) for one in labels.tolist()]
    groups = None
    if group is not None:
        groups = image_groups([Path(name) for name in names], group)
    pictures = [known[n] for n in numbers]
    images = _Set(
        pictures=pictures,
        parts=[collection.parts[n] if collection.parts else "" for n in numbers],
        classes=[classes[n] for n in numbers] if classes else None,
        group=None if groups is None else groups[numbers],
        label=None if label is None else label[numbers],
        label_name=label_name,
        features=picture_features(pictures) if pictures else np.empty((0, 0)),
    )
    return [*found, *_checked(images, seed, measure)]


def describe_images(data: Any) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Return how many images there are, in words, and a table of what they are, its head first."""
    collection, _, names = _sources(data)
    said = [counted(len(names), "image")]
    said += [counted(len(collection.masks), "mask")] * bool(collection.masks)
    said += [counted(o.count, "outline") for o in collection.outlines]
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


def _checked(images: _Set, seed: int, measure: bool) -> list[Finding]:
    pairs = find_same(dict(enumerate(images.pictures)))
    stems = [Path(picture.name).stem for picture in images.pictures]
    kin = find_kin(stems, images.features, pairs, images.classes)
    found = [*_shown_twice(images, pairs, kin, seed, measure)]
    if kin is not None and not pairs and images.group is None:
        found.append(_kin_finding(images, kin, seed, measure))
    if images.classes is not None:
        found += [*_balance(images.classes), *_two_classes(images, pairs), *_told_by_file(images)]
    return found + _defects(images)


def _shown_twice(
    images: _Set, pairs: list[Same], kin: Kin | None, seed: int, measure: bool
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
        first = images.pictures
        among = len(searched(dict(enumerate(first)))) if kind == KINDS[2] else len(first)
        what = f"{counted(len(some), 'pair')} of {among:,} images: {_SAID[kind]}"
        if across:
            what += f"; {counted(len(across), 'pair')} between the folders of different parts"
        found.append(
            Finding(
                kind,
                bool(across) or share >= _MANY,
                what,
                tuple(
                    f"{first[p.first].name} = {first[p.second].name} ({p.how})"
                    for p in (across or some)[:NAMED]
                ),
                len(some),
                inflation,
                declare,
            )
        )
    return found


_SAID = {
    KINDS[0]: "equal pixel by pixel; keep one of each",
    KINDS[1]: "one image, changed in brightness, noise, place or turn; keep one of each",
    KINDS[2]: "they share pixels, as neighbouring fields of one specimen do",
}


def _held(images: _Set, pair: Same) -> bool:
    """Tell whether both images are in one declared group, or both in one part that was given."""
    if images.group is not None:
        return images.group[pair.first] == images.group[pair.second]
    part = images.parts[pair.first]
    return part != "" and part == images.parts[pair.second]


def _kin_finding(images: _Set, kin: Kin, seed: int, measure: bool) -> Finding:
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


def _inflation(images: _Set, together: np.ndarray, name: str, seed: int) -> Inflation | None:
    """Measure a quick model on random folds, and on folds that keep what belongs together."""
    label = images.label
    if label is None or len(label) < _MEASURED or len(np.unique(together)) < 2:
        return None
    import pandas as pd

    from pearlite.audit.inflation import Measure
    from pearlite.audit.prepared import Prepared

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


def _balance(classes: list[str]) -> list[Finding]:
    sizes = Counter(classes)
    (_, most), (rarest, least) = sizes.most_common()[0], sizes.most_common()[-1]
    if least >= _RARE and most < _UNEVEN * least:
        return []
    few = sorted((one for one in sizes if sizes[one] * _UNEVEN <= most or sizes[one] < _RARE))
    return [
        Finding(
            "class balance",
            False,
            f"class {rarest} has {counted(least, 'image')}, the largest {most:,}: judge by "
            "balanced accuracy and per class",
            tuple(f"{one}: {sizes[one]}" for one in few[:NAMED]),
            len(few),
        )
    ]


def _two_classes(images: _Set, pairs: list[Same]) -> list[Finding]:
    assert images.classes is not None
    wrong = [p for p in pairs if images.classes[p.first] != images.classes[p.second]]
    wrong = [pair for pair in wrong if pair.kind != KINDS[2]]
    if not wrong:
        return []
    return [
        Finding(
            "label noise",
            False,
            f"{counted(len(wrong), 'pair')} of images that are one have two classes: at least one "
            "label of each pair is wrong",
            tuple(
                f"{images.pictures[p.first].name} = {images.pictures[p.second].name}"
                for p in wrong[:NAMED]
            ),
            len(wrong),
        )
    ]


def _told_by_file(images: _Set) -> list[Finding]:
    """Find a class that size, number type or format tells without a look at the picture."""
    assert images.classes is not None
    classes = np.array(images.classes)
    guess = max(Counter(images.classes).values()) / len(classes)
    for what, values in (
        ("size in pixels", [f"{p.shape[0]} x {p.shape[1]}" for p in images.pictures]),
        ("number type", [p.kind for p in images.pictures]),
        ("file format", [Path(p.name).suffix.lower() for p in images.pictures]),
    ):
        if len(set(values)) > len(classes) / 4:
            continue
        both = Counter(zip(values, images.classes, strict=True))
        right = {value: max(n for (v, _), n in both.items() if v == value) for value in set(values)}
        accuracy = sum(right.values()) / len(classes)
        if accuracy >= _TELLS and accuracy >= guess + _GAIN:
            told = [f"{v}: {c} ({n})" for (v, c), n in both.most_common(NAMED)]
            return [
                Finding(
                    "class told by the file",
                    True,
                    f"the {what} alone tells the class of {accuracy:.0%} of the images, guessing "
                    f"{guess:.0%}: a model may learn the instrument instead of the specimen; bring "
                    "all images to one size, type and format",
                    tuple(told),
                    len(classes),
                )
            ]
    return []


def _defects(images: _Set) -> list[Finding]:
    found = []
    blank = [n for n, picture in enumerate(images.pictures) if picture.blank]
    if blank:
        found.append(
            Finding(
                "blank images",
                False,
                f"{counted(len(blank), 'image')} hold one value only; leave them out",
                images.named(blank),
                len(blank),
            )
        )
    clipped = [n for n, p in enumerate(images.pictures) if p.saturated > _CLIPPED and not p.blank]
    if clipped:
        worst = max(images.pictures[n].saturated for n in clipped)
        found.append(
            Finding(
                "saturated images",
                False,
                f"{counted(len(clipped), 'image')} with more than {_CLIPPED:.0%} of clipped pixels, "
                f"{worst:.0%} at most: what lies beyond is lost",
                images.named(sorted(clipped, key=lambda n: -images.pictures[n].saturated)),
                len(clipped),
            )
        )
    kinds = Counter(picture.kind for picture in images.pictures)
    if len(kinds) > 1:
        listed_ = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
        rare = kinds.most_common()[-1][0]
        odd = [n for n, picture in enumerate(images.pictures) if picture.kind == rare]
        found.append(
            Finding(
                "number types",
                False,
                f"the images have different number types ({listed_}): grey levels do not compare "
                "unless they are brought to one scale",
                images.named(odd),
                len(odd),
            )
        )
    return found


def _unreadable(errors: dict[str, str]) -> Finding:
    return Finding(
        "unreadable files",
        False,
        f"{counted(len(errors), 'file')} could not be read: {next(iter(errors.values()))}",
        tuple(errors)[:NAMED],
        len(errors),
    )
