"""What is wrong with the classes of images: balance, two for one picture, told by the file."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.picture_set import PictureSet
from pearlite.judge.audit.same_pictures import KINDS, Same
from pearlite.judge.audit.words import NAMED, counted

_RARE, _UNEVEN = 10, 10.0  # images of a class, times as many of the largest class
_TELLS, _GAIN = 0.9, 0.2  # accuracy of a class told by the file alone, and above guessing


def check_classes(
    images: PictureSet, classes: Sequence[str], pairs: Sequence[Same]
) -> list[Finding]:
    """Return what is wrong with the classes.

    Parameters
    ----------
    images
        All of them.
    classes
        Of each.
    pairs
        Images that show the same, by their place.
    """
    return [
        *_balance(classes),
        *_two_classes(images, classes, pairs),
        *_told_by_file(images, classes),
    ]


def _balance(classes: Sequence[str]) -> list[Finding]:
    sizes = Counter(classes)
    (_, most), (rarest, least) = sizes.most_common()[0], sizes.most_common()[-1]
    if least >= _RARE and most < _UNEVEN * least:
        return []
    few = sorted(one for one in sizes if sizes[one] * _UNEVEN <= most or sizes[one] < _RARE)
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


def _two_classes(
    images: PictureSet, classes: Sequence[str], pairs: Sequence[Same]
) -> list[Finding]:
    wrong = [p for p in pairs if classes[p.first] != classes[p.second]]
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


def _told_by_file(images: PictureSet, classes: Sequence[str]) -> list[Finding]:
    """Find a class that size, number type or format tells without a look at the picture."""
    guess = max(Counter(classes).values()) / len(classes)
    for what, values in (
        ("size in pixels", [f"{p.shape[0]} x {p.shape[1]}" for p in images.pictures]),
        ("number type", [p.kind for p in images.pictures]),
        ("file format", [Path(p.name).suffix.lower() for p in images.pictures]),
    ):
        if len(set(values)) > len(classes) / 4:
            continue
        both = Counter(zip(values, classes, strict=True))
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
