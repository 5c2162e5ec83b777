"""Refuse a split in which one part knows what another withholds."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pearlite.data.alike import find_alike
from pearlite.data.overlap import find_overlaps
from pearlite.data.pixels import named_turn, same_pixels
from pearlite.data.split import Split
from pearlite.errors import InputError, Refused

_NAMED = 5  # pairs that a refusal names of each kind
_ROOM = 2**24  # comparisons of boxes at a time
_COLOURS = 4  # a third axis of so many is colour
_FEW = 8  # distinct values from which equal rows of a table are no accident
_MEND = "give what belongs together one label in split(group=…), or leave out one of each pair"


@dataclass(frozen=True)
class Leak:
    """Two samples in different parts that must not be.

    Parameters
    ----------
    kind
        ``"group"``, ``"boxes"``, ``"identical"``, ``"near-identical"`` or ``"overlap"``.
    first, second
        Part and index of either sample, such as ``("train", 12)``.
    reason
        What was measured, for people.
    """

    kind: str
    first: tuple[str, int]
    second: tuple[str, int]
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.first[0]} {self.first[1]} and {self.second[0]} {self.second[1]} {self.reason}"
        )


def check_split(
    split: Split,
    data: Sequence[Any] | np.ndarray | None = None,
    group: npt.ArrayLike | None = None,
    boxes: npt.ArrayLike | None = None,
    image: npt.ArrayLike | None = None,
) -> None:
    """Refuse a split that leaks; the arguments are those of `find_leaks`.

    Raises
    ------
    Refused
        With the pairs named and what was measured.
    InputError
        If an argument does not fit the split.
    """
    leaks = find_leaks(split, data, group, boxes, image)
    if not leaks:
        return
    kinds = list(dict.fromkeys(leak.kind for leak in leaks))
    said = []
    for kind in kinds:
        some = [leak for leak in leaks if leak.kind == kind]
        more = f"; and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
        said.append(f"{kind}: " + "; ".join(map(str, some[:_NAMED])) + more)
    raise Refused(f"the split leaks in {len(leaks)} pairs ({' | '.join(said)}): {_MEND}")


def find_leaks(
    split: Split,
    data: Sequence[Any] | np.ndarray | None = None,
    group: npt.ArrayLike | None = None,
    boxes: npt.ArrayLike | None = None,
    image: npt.ArrayLike | None = None,
) -> list[Leak]:
    """Find samples on two sides of a split that are, or show, the same.

    Parameters
    ----------
    split
        Indices into the samples.
    data
        All samples, one array or a sequence of arrays of any shapes: images (Y, X), with up to 4
        channels first or last, volumes (Z, Y, X), rows of a table. Every two that are byte for
        byte equal are found; images also when they are nearly equal or overlap.
    group
        A label a sample; one leak is named for each group and pair of parts.
    boxes
        Where each sample was cut: first pixel and first pixel beyond along each axis,
        ``(y, x, y_end, x_end)``, shape (samples, 2 axes). One leak is named for each sample.
    image
        Which image each box lies in; one for all unless given.

    Returns
    -------
    list of Leak
        Empty for a clean split.

    Raises
    ------
    InputError
        If an argument does not fit the split.
    """
    count = 1 + max(
        (int(indices.max()) for indices in split.parts.values() if indices.size), default=-1
    )
    part = np.full(count, "", dtype=object)
    for name, indices in split.parts.items():
        part[indices] = name
    found: list[tuple[str, int, int, str]] = []
    if group is not None:
        found += _groups(_fitting(group, count, "group"), split)
    if boxes is not None:
        places = _fitting(boxes, count, "boxes")
        if places.ndim != 2 or places.shape[1] % 2 or not places.shape[1]:
            raise InputError(f"boxes have shape {places.shape}; (samples, 2 x axes) is expected")
        of_image = np.zeros(count) if image is None else _fitting(image, count, "image")
        found += _boxes(places, of_image, split)
    if data is not None:
        if len(data) < count:
            raise InputError(f"the split names sample {count - 1}, the data hold {len(data)}")
        found += _contents(data, split)
    return [Leak(kind, (part[a], a), (part[b], b), reason) for kind, a, b, reason in found]


def _fitting(given: npt.ArrayLike, count: int, name: str) -> np.ndarray:
    values = np.asarray(given)
    if values.ndim == 0 or len(values) < count:
        raise InputError(
            f"{name} has shape {values.shape}; one entry a sample is expected, and the split names "
            f"sample {count - 1}"
        )
    return values


def _sides(split: Split) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each later part and what comes before it."""
    yield split.train, split.validation
    yield np.concatenate([split.train, split.validation]), split.test


def _groups(labels: np.ndarray, split: Split) -> Iterator[tuple[str, int, int, str]]:
    values = labels.tolist()
    where: dict[Any, dict[str, int]] = {}
    for name, indices in split.parts.items():
        for number in indices.tolist():
            where.setdefault(values[number], {}).setdefault(name, number)
    for value, first in where.items():
        numbers = list(first.values())
        for later in numbers[1:]:
            yield "group", numbers[0], later, f"belong to one group, {value!r}"


def _boxes(
    boxes: np.ndarray, of_image: np.ndarray, split: Split
) -> Iterator[tuple[str, int, int, str]]:
    axes = boxes.shape[1] // 2
    low, high = boxes[:, :axes], boxes[:, axes:]
    for known, asked in _sides(split):
        step = max(1, _ROOM // max(1, len(known)))
        for start in range(0, len(asked), step):
            some = asked[start : start + step, None]
            shared = of_image[some] == of_image[known]
            for axis in range(axes):
                shared &= (low[some, axis] < high[known, axis]) & (
                    low[known, axis] < high[some, axis]
                )
            for row in np.flatnonzero(shared.any(axis=1)).tolist():
                a, b = int(known[shared[row].argmax()]), int(some[row, 0])
                size = np.minimum(high[a], high[b]) - np.maximum(low[a], low[b])
                yield "boxes", a, b, f"share {' x '.join(map(str, size.tolist()))} pixels"


def _contents(
    data: Sequence[Any] | np.ndarray, split: Split
) -> Iterator[tuple[str, int, int, str]]:
    named = set()
    first_with: dict[bytes, int] = {}
    for indices in split.parts.values():
        fresh = {}
        for number in indices.tolist():
            sample = np.ascontiguousarray(data[number])
            digest = hashlib.sha256(f"{sample.dtype.str}{sample.shape}".encode())
            digest.update(sample.data)
            key = digest.digest()
            if key not in first_with:
                fresh.setdefault(key, number)
            elif _tells(sample):
                named.add((first_with[key], number))
                yield "identical", first_with[key], number, "are byte for byte equal"
        first_with |= fresh
    pictures = {
        n: p
        for i in split.parts.values()
        for n in i.tolist()
        if (p := _picture(data[n])) is not None
    }
    if not pictures:
        return
    images = [
        pictures.get(number, np.zeros((1, 1), np.float32)) for number in range(max(pictures) + 1)
    ]
    for known, asked in _sides(split):
        known, asked = (i[np.isin(i, list(pictures))] for i in (known, asked))
        for pair in find_alike(images, known, asked):
            if (pair.first, pair.second) not in named:
                named.add((pair.first, pair.second))
                turn = f", {named_turn(pair.turn)}" * (pair.turn > 0)
                moved = f", moved by {pair.shift[0]} and {pair.shift[1]} pixels" * any(pair.shift)
                reason = f"are one image{turn}{moved}: correlation {pair.correlation:.3f}"
                yield "near-identical", pair.first, pair.second, reason
        for pair in find_overlaps(images, known, asked):
            if (pair.first, pair.second) not in named:
                named.add((pair.first, pair.second))
                turn = f", {named_turn(pair.turn)}" * (pair.turn > 0)
                size = f"{pair.rows} x {pair.columns} pixels"
                reason = f"share {size}{turn}: correlation {pair.correlation:.3f}"
                yield "overlap", pair.first, pair.second, reason


def _picture(sample: Any) -> np.ndarray | None:
    """Return an image's grey values (Y, X), None for anything else."""
    array = np.asarray(sample)
    if array.ndim == 3 and min(array.shape[0], array.shape[2]) <= _COLOURS:
        array = array.mean(axis=0 if array.shape[0] <= _COLOURS else 2, dtype=np.float64)
    if array.ndim != 2 or min(array.shape) < 4 or array.dtype.kind not in "biuf":
        return None
    return np.nan_to_num(array.astype(np.float32), posinf=0, neginf=0)


def _tells(sample: np.ndarray) -> bool:
    """Tell whether two samples with these values are hardly equal by accident."""
    picture = _picture(sample)
    if picture is None:
        return len(np.unique(sample)) >= _FEW
    return same_pixels(picture, picture, picture, picture) > 0
