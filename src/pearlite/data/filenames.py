"""What file names say about which images belong together: ``specimen_03_field_2.tif``."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pearlite.errors import InputError

_SEPARATORS = ("_", "-", " ", r"\.", "#")
_PARTED = 0.9  # share of the names that a way of reading them has to part
_DEEPEST = 4  # parts of a name that a group is looked for in


@dataclass(frozen=True)
class NameGroups:
    """Groups that the names of files make.

    Parameters
    ----------
    pattern
        Regular expression whose match at the start of a name, or whose bracket, is its group.
    labels
        The group of each name.
    """

    pattern: str
    labels: tuple[str, ...]


def name_groups(names: Sequence[str]) -> list[NameGroups]:
    """Return the ways in which names fall into groups, the finest first.

    A way is a number of first parts of a name, or what stands before its last number; it makes at
    least two groups, and on average at least two names a group.

    Parameters
    ----------
    names
        Without folders and suffixes.
    """
    patterns = []
    for separator in _SEPARATORS:
        part = rf"[^{separator}]+"
        patterns += [rf"{separator}".join([part] * count) for count in range(1, _DEEPEST)]
    patterns.append(r"(.*?)[\W_]*\d+$")
    found: dict[tuple[int, ...], NameGroups] = {}
    for pattern in patterns:
        labels = tuple(_matched(pattern, name) or name for name in names)
        distinct = len(set(labels))
        parted = sum(label != name for label, name in zip(labels, names, strict=True))
        if parted < _PARTED * len(names):
            continue
        if 2 <= distinct <= len(names) / 2 and min(map(len, labels)) > 0:
            numbers = np.unique(labels, return_inverse=True)[1]
            found.setdefault(tuple(numbers.tolist()), NameGroups(pattern, labels))
    return sorted(found.values(), key=lambda way: -len(set(way.labels)))


def image_groups(paths: Sequence[Path], group: str | npt.ArrayLike) -> np.ndarray:
    r"""Return the group of each image.

    Parameters
    ----------
    paths
        The images.
    group
        One of: a label an image; ``"folder"``, the folder that an image lies in; a CSV file whose
        first column names the images and whose second their group; a regular expression such as
        ``"[^_]+"``: what it matches at the start of a name (its bracket, if it has one); a name
        that it does not match is a group of its own.

    Returns
    -------
    array
        Labels of shape (images,).

    Raises
    ------
    InputError
        If an image has no group, or all have one.
    """
    if not isinstance(group, str):
        labels = np.asarray(group)
        if labels.shape != (len(paths),):
            raise InputError(
                f"group has shape {labels.shape}; one label for each of {len(paths)} images"
            )
        return labels
    if group == "folder":
        found: list[str | None] = [str(path.parent) for path in paths]
    elif group.lower().endswith((".csv", ".tsv", ".txt")):
        listed = _listed(Path(group))
        found = [listed.get(path.name, listed.get(path.stem)) for path in paths]
    else:
        found = [_matched(group, path.stem) for path in paths]
        if any(found):
            found = [label or path.stem for label, path in zip(found, paths, strict=True)]
    missing = [path.name for path, label in zip(paths, found, strict=True) if not label]
    if missing:
        raise InputError(
            f"group {group!r} says nothing of {missing[0]} and {len(missing) - 1} others; give "
            "folder, a CSV file (image, group), or a pattern of the names such as [^_]+"
        )
    if len(set(found)) == 1:
        raise InputError(f"group {group!r} puts all {len(paths)} images into one group, {found[0]}")
    return np.array(found)


def _matched(pattern: str, name: str) -> str | None:
    try:
        match = re.match(pattern, name)
    except re.error as error:
        raise InputError(
            f"group {pattern!r} is no column here and no pattern of file names ({error}); give "
            "folder, a CSV file (image, group), or a pattern such as [^_]+"
        ) from error
    return (match[1] if match.re.groups else match[0]) if match else None


def _listed(path: Path) -> dict[str, str]:
    from pearlite.data.table import read_table

    table = read_table(path)
    if table.shape[1] < 2:
        raise InputError(f"{path} has one column; the images and their groups are expected")
    named, labels = (
        ["" if value != value else str(value) for value in table[column]]
        for column in table.columns[:2]
    )
    repeated = [name for name, count in Counter(named).items() if count > 1]
    if repeated:
        raise InputError(f"{path} names {repeated[0]} more than once; one row an image")
    return dict(zip(named, labels, strict=True))
