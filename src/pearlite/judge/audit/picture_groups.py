"""Images that belong together without saying so: fields of one specimen, shown by their names.

A way of reading the file names counts as a group where it holds together the images that show the
same, or where the image most like another one has its name far more often than chance gives it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.stats import binom

from pearlite.data.filenames import NameGroups, name_groups
from pearlite.judge.audit.same_pictures import Same

_SURE = 1e-5  # probability by chance of what is called a group
_FEWEST = 12  # images among which likeness says something
_COVERED = 0.9  # share of the pairs that show the same which a group has to hold together


@dataclass(frozen=True)
class Kin:
    """Groups by name, with the evidence that they are specimens.

    Parameters
    ----------
    groups
        The way of reading the names.
    pairs
        Pairs that show the same and lie in one group.
    agreeing, expected
        Images whose nearest neighbour, by `picture_features`, has their group: share found, share
        that chance gives.
    chance
        Probability that chance gives so many.
    """

    groups: NameGroups
    pairs: int
    agreeing: float
    expected: float
    chance: float


def find_kin(
    stems: Sequence[str],
    features_NF: NDArray[np.float64],
    pairs: Sequence[Same],
    classes: Sequence[str] | None = None,
) -> Kin | None:
    """Return the way of reading the names that best tells what belongs together, if one does.

    Parameters
    ----------
    stems
        File names without suffix.
    features_NF
        Of the images.
    pairs
        Images that show the same, by their place in `stems`.
    classes
        A class an image: likeness is then compared within classes only.
    """
    ways = name_groups(stems)
    if classes is not None:
        ways = [way for way in ways if not _follow(way.labels, classes)]
    neighbour = _neighbours(features_NF, classes)
    judged = [_judged(way, neighbour, pairs, classes) for way in ways]
    if pairs:
        return next((kin for kin in judged if kin.pairs >= _COVERED * len(pairs)), None)
    likely = [kin for kin in judged if kin.chance < _SURE / len(ways)]
    return min(likely, key=lambda kin: kin.chance, default=None)


def _follow(labels: Sequence[str], classes: Sequence[str]) -> bool:
    """Tell whether the groups are the classes again, or hold several of them each."""
    together = len(set(zip(labels, classes, strict=True)))
    return together == len(set(classes))


def _neighbours(features_NF: NDArray[np.float64], classes: Sequence[str] | None) -> np.ndarray:
    """Return the nearest other image of each (of its class), -1 where there is none."""
    nearest = np.full(len(features_NF), -1)
    spread = features_NF.std(axis=0)
    scaled = (features_NF - features_NF.mean(axis=0)) / np.where(spread > 0, spread, 1)
    named = np.array(classes if classes is not None else [""] * len(features_NF))
    for name in np.unique(named):
        members = np.flatnonzero(named == name)
        if len(members) > 1:
            found = np.asarray(KDTree(scaled[members]).query(scaled[members], k=2)[1])
            itself = found[:, 0] == np.arange(len(members))
            nearest[members] = members[np.where(itself, found[:, 1], found[:, 0])]
    return nearest


def _judged(
    way: NameGroups, neighbour_N: np.ndarray, pairs: Sequence[Same], classes: Sequence[str] | None
) -> Kin:
    labels = np.unique(way.labels, return_inverse=True)[1]
    named = np.zeros(len(labels), int)
    if classes is not None:
        named = np.unique(classes, return_inverse=True)[1]
    of_class = np.bincount(named)[named]
    both = np.unique(np.stack([labels, named]), axis=1, return_inverse=True)[1].ravel()
    asked = (neighbour_N >= 0) & (of_class > 1)
    agree = labels[neighbour_N[asked]] == labels[asked]
    expected = ((np.bincount(both)[both] - 1) / np.maximum(of_class - 1, 1))[asked]
    count, mean = int(asked.sum()), float(expected.mean()) if asked.any() else 1.0
    chance = 1.0
    if count >= _FEWEST and mean < 1:
        chance = float(binom.sf(agree.sum() - 1, count, mean))
    within = sum(labels[pair.first] == labels[pair.second] for pair in pairs)
    return Kin(way, within, float(agree.mean()) if count else 0.0, mean, chance)
