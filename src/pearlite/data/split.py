"""Divide samples into train, validation and test: 70/20/10 unless the data says otherwise.

Axes: U units that stay together (samples or groups), K classes, P parts.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pearlite.data.disk import replacing
from pearlite.errors import InputError

PARTS = ("train", "validation", "test")
Fractions = tuple[float, float, float]
USUAL: Fractions = (0.7, 0.2, 0.1)
"""Shares of train, validation and test unless asked otherwise."""


@dataclass(frozen=True)
class Split:
    """Which samples train, which choose, and which are withheld until the end.

    Parameters
    ----------
    train, validation, test
        Sample indices, int64, ascending; no sample is in two parts.
    why
        One or a few sentences for people: how the parts were made.

    Raises
    ------
    InputError
        If an index is negative, not whole, or in more than one place.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    why: str

    def __post_init__(self) -> None:
        for name, given in self.parts.items():
            indices = np.asarray(given)
            if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
                raise InputError(f"the {name} part must be a list of whole sample indices")
            object.__setattr__(self, name, np.sort(indices.astype(np.int64)))
        together = np.concatenate(list(self.parts.values()))
        if together.size and together.min() < 0:
            raise InputError(f"sample index {together.min()} is negative; count from 0")
        values, counts = np.unique(together, return_counts=True)
        if (counts > 1).any():
            raise InputError(
                f"sample {values[counts > 1][0]} is more than once in the split; "
                "every sample belongs to one part"
            )

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """The three index arrays by name."""
        return {name: getattr(self, name) for name in PARTS}

    @property
    def hash(self) -> str:
        """SHA-256 of the three index sets; equal splits have equal hashes on every machine."""
        digest = hashlib.sha256()
        for name, indices in self.parts.items():
            digest.update(f"{name} {len(indices)}\n".encode() + indices.astype("<i8").tobytes())
        return digest.hexdigest()

    def save(self, path: str | Path) -> None:
        """Write the split as JSON, with its hash."""
        known = {name: indices.tolist() for name, indices in self.parts.items()}
        text = json.dumps({"why": self.why, "hash": self.hash, **known})
        with replacing(Path(path)) as hidden:
            hidden.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "Split":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is no split, or its indices do not have the hash that it states.
        """
        try:
            known = json.loads(Path(path).read_text(encoding="utf-8"))
            parts = [np.array(known[name], dtype=np.int64) for name in PARTS]
            split, stated = cls(*parts, why=known["why"]), known["hash"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} cannot be read as a split ({error}); give a file that Split.save wrote"
            ) from error
        if split.hash != stated:
            raise InputError(f"{path} was changed after it was saved: its hash does not fit")
        return split


def split(
    count: int,
    *,
    fractions: Fractions = USUAL,
    group: npt.ArrayLike | None = None,
    stratify: npt.ArrayLike | None = None,
    time: npt.ArrayLike | None = None,
    seed: int = 0,
) -> Split:
    """Divide `count` samples; the same arguments give the same split.

    Parameters
    ----------
    count
        Number of samples.
    fractions
        Share of train, validation and test. A share of 0 leaves validation or test empty.
    group
        A label a sample (specimen, patient, paper): a group is never on two sides. The fractions
        hold in samples, as well as the groups allow.
    stratify
        A class a sample: every part gets its share of every class, as well as counts allow.
    time
        A number or date a sample: train is the earliest, test the latest; equal times, and groups
        that overlap in time, stay together. `seed` then has no effect.
    seed
        Decides everything that is left to chance.

    Raises
    ------
    InputError
        If parts cannot be filled, labels are missing, or `stratify` is no classes.
    """
    shares = _checked(fractions)
    parts = np.count_nonzero(shares)
    groups = np.arange(count) if group is None else _labels(group, count, "group")[1]
    units = len(np.unique(groups))
    if units < parts:
        raise InputError(
            f"{units} {'samples' if group is None else 'groups'} cannot fill {parts} parts; give "
            "more, or set the fraction of validation or test to 0"
        )
    if time is not None:
        if stratify is not None:
            raise InputError("a split by time cannot be stratified; give time or stratify")
        return _by_time(np.asarray(time), groups, shares)
    random = np.random.default_rng(seed)
    kept = "" if group is None else ", no group in two parts"
    if stratify is None:
        part = _place(np.bincount(groups)[:, None], shares, random)[groups]
        return _described(part, shares, f"at random with seed {seed}{kept}")
    names, classes = _labels(stratify, count, "stratify")
    sizes_K = np.bincount(classes)
    if (sizes_K < parts).sum() > len(sizes_K) / 2:
        raise InputError(
            f"stratify has {len(names)} different values for {count} samples, most of them too "
            "rare to be in every part; give classes, or bin a continuous quantity first"
        )
    table_UK = np.zeros((units, len(names)), dtype=np.int64)
    np.add.at(table_UK, (groups, classes), 1)
    part = _place(table_UK, shares, random)[groups]
    made = _described(part, shares, f"stratified, at random with seed {seed}{kept}")
    absent = ""
    for number in np.flatnonzero(shares):
        missing = names[np.bincount(classes[part == number], minlength=len(names)) == 0]
        if missing.size:
            listed = ", ".join(map(str, missing[:5])) + (" …" if missing.size > 5 else "")
            absent += f" Too few to be in {PARTS[number]}: class {listed}."
    return Split(*made.parts.values(), why=made.why + absent)


def split_by_key(keys: Iterable[object], fractions: Fractions = USUAL) -> Split:
    """Give each sample the part that its key's hash says, whatever other samples there are.

    Order and later samples move none; equal keys go together. Fractions hold on average.

    Parameters
    ----------
    keys
        What identifies a sample for ever: a name, a DOI, a number; its text is hashed.
    fractions
        Share of train, validation and test.

    Raises
    ------
    InputError
        If a part that should hold something stays empty.
    """
    shares = _checked(fractions)
    digests = [hashlib.sha256(str(key).encode()).digest() for key in keys]
    place = np.array([int.from_bytes(digest[:6], "big") / 2**48 for digest in digests])
    part = 2 - np.searchsorted(np.cumsum(shares[::-1])[:2], place, side="right")
    for number, name in enumerate(PARTS):
        if shares[number] > 0 and not (part == number).any():
            raise InputError(
                f"none of {len(digests)} keys falls into the {name} part; "
                "with few samples use split(count, group=keys)"
            )
    return _described(part, shares, "by the hash of each sample's key")


def _checked(fractions: Sequence[float]) -> np.ndarray:
    shares = np.asarray(fractions, dtype=float)
    if shares.shape != (3,) or min(shares) < 0 or not shares[0] or not abs(sum(shares) - 1) < 1e-6:
        raise InputError(
            f"fractions {tuple(fractions)} must be the shares of train, validation and test: "
            "three numbers of 0 or more that sum to 1, train above 0"
        )
    return shares


def _labels(given: npt.ArrayLike, count: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct labels and, a sample, the number of its label."""
    labels = np.asarray(given)
    if labels.shape != (count,):
        raise InputError(f"{name} has shape {labels.shape}; one label for each of {count} samples")
    missing = np.array([label is None or label != label for label in labels.tolist()])
    if missing.any():
        raise InputError(
            f"{name} of sample {int(missing.argmax())} is missing; give every sample a label"
        )
    return np.unique(labels.astype(str) if labels.dtype == object else labels, return_inverse=True)


def _place(table_UK: np.ndarray, shares_P: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a part for each unit, so that each part has its share of samples and of each class.

    Largest first, each where it lowers chi squared most; every part gets a unit.
    """
    sizes_U = table_UK.sum(axis=1)
    order = random.permutation(len(sizes_U))
    order = order[np.argsort(-sizes_U[order], kind="stable")]
    used = np.flatnonzero(shares_P)
    part = np.full(len(order), -1)
    if sizes_U.max() == 1:  # single samples: whole shares of each class at once, greed for the rest
        for counts_U in table_UK.T:
            members = order[counts_U[order] > 0]
            ends = np.floor(shares_P[used] * len(members) + 1e-9).astype(int).cumsum()
            part[members[: ends[-1]]] = np.repeat(used, np.diff(ends, prepend=0))
        if len(np.unique(part[part >= 0])) < len(used):
            part[:] = -1
    table_UK = np.column_stack([table_UK, sizes_U])
    want_PK = shares_P[used, None] * table_UK.sum(axis=0)
    have_PK = np.stack([table_UK[part == number].sum(axis=0) for number in used])
    waiting = order[part[order] < 0]
    for done, unit in enumerate(waiting):
        empty = have_PK[:, -1] == 0
        counts_K = table_UK[unit]
        worse_P = (counts_K * (2 * (have_PK - want_PK) + counts_K) / want_PK).sum(axis=1)
        if empty.sum() >= len(waiting) - done:
            worse_P[~empty] = np.inf
        best = int(worse_P.argmin())
        part[unit] = used[best]
        have_PK[best] += counts_K
    return part


def _by_time(times: np.ndarray, groups: np.ndarray, shares_P: np.ndarray) -> Split:
    if times.shape != groups.shape or times.dtype.kind not in "iufM" or (times != times).any():
        raise InputError(
            f"time (shape {times.shape}, {times.dtype}) must give each of {len(groups)} samples "
            "a number or a date (numpy.datetime64)"
        )
    order = np.argsort(times, kind="stable")
    _, first = np.unique(groups[order], return_index=True)
    last = len(order) - 1 - np.unique(groups[order[::-1]], return_index=True)[1]
    depth = np.zeros(len(order) + 1, dtype=np.int64)  # groups that have begun and not ended
    np.add.at(depth, first + 1, 1)
    np.add.at(depth, last + 1, -1)
    later = times[order[1:]] > times[order[:-1]]
    cuts = 1 + np.flatnonzero((depth.cumsum()[1:-1] == 0) & later)
    used = np.flatnonzero(shares_P)
    if len(cuts) < len(used) - 1:
        raise InputError(
            f"the samples have {len(cuts) + 1} stretches of time without a shared time or group, "
            f"too few for {len(used)} parts; give finer times, or split by group alone"
        )
    part = np.zeros(len(order), dtype=np.int64)
    lowest = 0
    for number, target in enumerate(shares_P[used].cumsum()[:-1] * len(order)):
        allowed = cuts[lowest : len(cuts) - (len(used) - 2 - number)]
        nearest = int(np.abs(allowed - target).argmin())
        part[order[allowed[nearest] :]] = used[number + 1]
        lowest += nearest + 1
    return _described(part, shares_P, "by time, the earliest in train and the latest in test")


def _described(part: np.ndarray, shares_P: Sequence[float] | np.ndarray, how: str) -> Split:
    """Return the split with a sentence on how it was made and how near it is to the fractions."""
    sizes = np.bincount(part, minlength=3)
    got = sizes / len(part)
    listed = ", ".join(f"{n} {name}" for n, name in zip(sizes, PARTS, strict=True))
    why = f"{len(part)} samples {how}: {listed}."
    if np.abs(got - shares_P).max() > 0.02:
        said, asked = ("/".join(f"{share:.0%}" for share in shares) for shares in (got, shares_P))
        why += f" That is {said} where {asked} was asked."
    return Split(*(np.flatnonzero(part == number) for number in range(3)), why=why)
