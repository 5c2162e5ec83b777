"""What is learned from, what is chosen on, and what is withheld until the end.

Axes: S space, U units that stay together (images, specimens, blocks, strokes), K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from skimage.measure import label

from pearlite.data.filenames import image_groups
from pearlite.data.split import PARTS, Split, split
from pearlite.errors import InputError
from pearlite.recipes.segment.example import UNLABELLED, Example, class_counts
from pearlite.recipes.segment.examples import FEWEST, Gathered
from pearlite.seeds import derived_seed

SHARES = (0.6, 0.2, 0.2)
"""Train, validation and test: with few units a tenth would be none."""

GAP = 8
"""Pixels between what is learned from and what is withheld of the same image, at most."""

_CELLS = 5  # blocks along a side of an image
_SMALLEST = 16  # pixels a side of a block
_JOINED = 3  # pixels between marks that are one stroke
_SAMPLES = 20_000  # pixels that stand for all when units are dealt out
_DEALS = 30  # of which the most even one is taken


@dataclass(frozen=True)
class Parts:
    """Three parts of the labelled pixels.

    Parameters
    ----------
    train, validation, test
        Examples; where parts share an image, its truth is blanked in the other two.
    units
        Of each test example, the unit of every pixel: what an interval draws together.
    split
        Which unit is in which part, and why.
    shared
        Whether parts share images: the test then says little about new ones.
    """

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]
    units: tuple[NDArray[np.int32], ...]
    split: Split
    shared: bool


def divide(gathered: Gathered, *, group: str | ArrayLike | None = None, seed: int = 0) -> Parts:
    """Divide by folders, specimens or images; with fewer than three, by blocks or strokes.

    Parameters
    ----------
    gathered
        The labelled images.
    group
        Specimens: see `pearlite.data.filenames.image_groups`.
    seed
        Decides what is left to chance.

    Raises
    ------
    InputError
        If `group` does not fit the files.
    """
    examples = gathered.examples
    if any(gathered.parts):
        return _by_folder(gathered, seed)
    groups, word = _groups(gathered, group)
    if len(np.unique(groups)) >= len(PARTS):
        numbers = np.unique(groups, return_inverse=True)[1].tolist()
        units = [
            np.full(example.truth_S.shape, unit, np.int32)
            for example, unit in zip(examples, numbers, strict=True)
        ]
        made = _deal(examples, units, len(gathered.classes), word, seed)
        if made is not None:
            return _parts(examples, units, made, shared=False)
    units = _strokes(gathered) if gathered.sparse else _blocks(gathered)
    word = "strokes" if gathered.sparse else "blocks"
    made = _deal(examples, units, len(gathered.classes), word, seed)
    if made is not None:
        parts = _parts(examples, units, made, shared=True)
        if _complete(parts.train, len(gathered.classes)):
            return parts
    why = f"Nothing was withheld: there are too few {word} with every class to test on."
    return Parts(examples, (), (), (), Split(np.array([0]), np.array([]), np.array([]), why), True)


def _groups(gathered: Gathered, group: str | ArrayLike | None) -> tuple[NDArray, str]:
    """Return a label an example for what must stay together, and what to call it."""
    pairs = zip(gathered.sources, gathered.examples, strict=True)
    paths = [source or Path(e.name) for source, e in pairs]
    if group is None:
        names = [str(path) for path in paths]
        if None in gathered.sources:  # planes of an array share what stands before the comma
            names = [example.name.split(",")[0] for example in gathered.examples]
        return np.array(names), "images"
    distinct = list(dict.fromkeys(paths))
    labels = image_groups(distinct, group)
    found = dict(zip(distinct, labels.tolist(), strict=True))
    return np.array([found[path] for path in paths]), "groups"


def _by_folder(gathered: Gathered, seed: int) -> Parts:
    """Divide as the folders train, val and test say."""
    parts = [part or "train" for part in gathered.parts]
    where = {name: [n for n, part in enumerate(parts) if part == name] for name in PARTS}
    if not where["train"]:
        raise InputError(
            "the folders hold images for validation and test, and none to learn from; add a "
            "folder train"
        )
    numbers = [np.array(where[name], dtype=np.int64) for name in PARTS]
    listed = ", ".join(f"{len(where[name])} {name}" for name in PARTS)
    made = Split(*numbers, why=f"The folders say which images belong to which part: {listed}.")
    examples = gathered.examples
    units = [np.full(e.truth_S.shape, n, np.int32) for n, e in enumerate(examples)]
    found = _parts(examples, units, made, shared=False)
    if found.validation or not _complete(found.train, len(gathered.classes)):
        return found
    inner = replace(gathered, examples=found.train, parts=("",) * len(found.train))
    inner = replace(inner, sources=tuple(gathered.sources[n] for n in where["train"]))
    dealt = divide(inner, seed=seed)
    why = f"{made.why} Validation comes from the training folder, with what it withholds left out."
    kept = Split(made.train, made.validation, made.test, why)
    return replace(found, train=dealt.train, validation=dealt.validation, split=kept)


def _blocks(gathered: Gathered) -> list[NDArray[np.int32]]:
    """Return the block of every pixel; the same place in planes of one file is one block."""
    files: dict[str, int] = {}
    units = []
    for source, example in zip(gathered.sources, gathered.examples, strict=True):
        shape = example.truth_S.shape
        number = files.setdefault(str(source or example.name.split(",")[0]), len(files))
        cells = [_cell(length) for length in shape[-2:]]
        rows_Y = np.floor_divide(np.arange(shape[-2]), cells[0])
        columns_X = np.floor_divide(np.arange(shape[-1]), cells[1])
        block_YX = np.add.outer((number * _CELLS + rows_Y) * _CELLS, columns_X)
        units.append(np.broadcast_to(block_YX, shape).astype(np.int32))
    return units


def _strokes(gathered: Gathered) -> list[NDArray[np.int32]]:
    """Return the stroke of every labelled pixel; long ones are cut where blocks are."""
    first, units = 0, []
    for example, block_S in zip(gathered.examples, _blocks(gathered), strict=True):
        truth_S = example.truth_S
        unit_S = np.zeros(truth_S.shape, np.int64)
        for number in range(len(gathered.classes)):
            near = ndimage.binary_dilation(truth_S == number, iterations=_JOINED)
            pieces = np.asarray(label(near), dtype=np.int64)
            unit_S = np.where(truth_S == number, pieces * (block_S.max() + 1) + block_S, unit_S)
            unit_S = np.where(truth_S == number, unit_S * len(gathered.classes) + number, unit_S)
        known, numbers = np.unique(unit_S, return_inverse=True)
        units.append((numbers.reshape(unit_S.shape) + first).astype(np.int32))
        first += len(known)
    return units


def _cell(length: int) -> int:
    return max(_SMALLEST, -(-length // _CELLS))


def _deal(
    examples: Sequence[Example],
    units: Sequence[NDArray[np.int32]],
    classes: int,
    word: str,
    seed: int,
) -> Split | None:
    """Deal units out so that every part has its share of every class, training at least some."""
    count = 1 + max(int(unit.max()) for unit in units)
    table_UK = np.zeros((count, classes), np.int64)
    for example, unit_S in zip(examples, units, strict=True):
        known = example.truth_S != UNLABELLED
        np.add.at(table_UK, (unit_S[known], example.truth_S[known]), 1)
    used = np.flatnonzero(table_UK.any(axis=1))
    if len(used) < len(PARTS):
        return None
    dealt = [_dealt(table_UK, used, derived_seed(seed, n)) for n in range(_DEALS)]
    parts = max(dealt, key=lambda parts: _evenness(table_UK, parts))
    if (table_UK[sorted(parts["train"])].sum(axis=0) < FEWEST // 2).any():
        return None
    listed = ", ".join(f"{len(parts[name])} {name}" for name in PARTS)
    why = f"{len(used)} {word}, dealt out at random with seed {seed} so that every part has its "
    why += f"share of every class: {listed}."
    if word in ("blocks", "strokes"):
        why += " What lies between them and the withheld ones was left out of training."
    numbers = [np.array(sorted(parts[name]), dtype=np.int64) for name in PARTS]
    return Split(*numbers, why=why)


def _dealt(table_UK: NDArray[np.int64], used: NDArray[np.intp], seed: int) -> dict[str, set[int]]:
    """Return the units of each part, by one stratified split of a sample of the pixels."""
    classes = table_UK.shape[1]
    scaled = np.ceil(table_UK[used] * min(1.0, _SAMPLES / table_UK.sum())).astype(np.int64)
    unit_N = np.repeat(np.repeat(used, classes), scaled.ravel())
    class_N = np.repeat(np.tile(np.arange(classes), len(used)), scaled.ravel())
    made = split(len(unit_N), fractions=SHARES, group=unit_N, stratify=class_N, seed=seed)
    return {name: set(unit_N[rows].tolist()) for name, rows in made.parts.items()}


def _evenness(table_UK: NDArray[np.int64], parts: dict[str, set[int]]) -> float:
    """Return how much of its share of every class each part has; training counts twice."""
    share_PK = np.array([table_UK[sorted(parts[name])].sum(axis=0) for name in PARTS])
    wanted_PK = np.outer(SHARES, table_UK.sum(axis=0))
    had_PK = np.minimum(share_PK / np.maximum(wanted_PK, 1), 1)
    return float((np.array([2, 1, 1]) @ np.sqrt(had_PK)).sum())


def _parts(
    examples: Sequence[Example], units: Sequence[NDArray[np.int32]], made: Split, shared: bool
) -> Parts:
    """Blank in every part what belongs to another."""
    found: dict[str, list[Example]] = {name: [] for name in PARTS}
    drawn: list[NDArray[np.int32]] = []
    for example, unit_S in zip(examples, units, strict=True):
        labelled = example.truth_S != UNLABELLED
        inside = {name: labelled & np.isin(unit_S, rows) for name, rows in made.parts.items()}
        if shared:
            inside["train"] &= ~_near(inside["validation"] | inside["test"])
        for name, kept in inside.items():
            if kept.any():
                truth_S = np.where(kept, example.truth_S, UNLABELLED).astype(np.int16)
                found[name].append(replace(example, truth_S=truth_S))
                if name == "test":
                    drawn.append(unit_S)
    train, validation, test = (tuple(found[name]) for name in PARTS)
    return Parts(train, validation, test, tuple(drawn), made, shared)


def _near(withheld_S: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pixels are less than a gap from withheld ones, in the same plane."""
    gap = min(GAP, min(withheld_S.shape[-2:]) // 16)
    if not (withheld_S.any() and gap):
        return withheld_S
    size = (1,) * (withheld_S.ndim - 2) + (2 * gap + 1,) * 2
    return np.asarray(ndimage.maximum_filter(withheld_S, size), dtype=bool)


def _complete(train: Sequence[Example], classes: int) -> bool:
    """Tell whether every class can be learned."""
    return bool((class_counts(train, classes) >= FEWEST // 2).all())
