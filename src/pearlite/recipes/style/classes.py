"""Which phase a pixel belongs to, in the content and in the reference, so that like meets like.

Patches of the content are only ever compared with patches of the reference that show the same:
the same phase, far from every other phase or across a boundary. That is what keeps the phases
where they are (the spatial tags of Heitz et al., CVPR 2021, section 4.4, by sorting within
each tag alone).

Axes: C channels, Y rows, X columns; K classes, numbered from 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pearlite.errors import InputError

FEW = 8
"""Distinct values up to which a content is a label map."""
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
SMOOTH = 1.5  # pixels, width of the Gaussian before greys are split into phases
SPECKS = 5  # pixels, side of the median filter behind that
UNLIKE = 2.0  # factor between shares of a class from which a split by greys is not believed
SHARES = (0.5, 0.7, 0.85, 0.999)  # of a class in the patch around one of its pixels
KINDS = len(SHARES) + 1
BORDER = 8  # pixels on either side of a boundary that look like it
_DRAWN = 1 << 16  # pixels that the split is found on
_ROUNDS = 100

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class Matching:
    """How the phases of a content are found again in a reference.

    Parameters
    ----------
    values
        Value of each class in the content's labels; empty where the content has none and its
        greys are split.
    cuts
        Greys between the classes of the content, dark to bright; where `values` is empty.
    order
        Class of each phase of the reference from dark to bright; ``None`` where the reference has
        labels of its own.
    shares
        Of each class in the content, where `values` is not empty.
    """

    values: tuple[float, ...]
    cuts: tuple[float, ...]
    order: tuple[int, ...] | None
    shares: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """Number of classes."""
        return len(self.values) or len(self.cuts) + 1

    def of_content(
        self, image_CYX: NDArray[np.floating], labels_YX: Labels | None
    ) -> NDArray[np.int64]:
        """Return the class of every pixel of a plane of the content, by its labels or its greys."""
        if self.values:
            marks_YX = image_CYX[0] if labels_YX is None else labels_YX
            return np.searchsorted(np.array(self.values), marks_YX).astype(np.int64)
        return split(image_CYX, self.cuts)

    def of_reference(
        self, image_CYX: NDArray[np.floating], labels_YX: Labels | None, cuts: Sequence[float]
    ) -> NDArray[np.int64]:
        """Return the class of every pixel of the reference; `count` where it has none."""
        if self.order is None:
            assert labels_YX is not None
            places = np.searchsorted(np.array(self.values), labels_YX).clip(0, self.count - 1)
            known = np.array(self.values)[places] == labels_YX
            return np.where(known, places, self.count).astype(np.int64)
        return np.array(self.order, dtype=np.int64)[split(image_CYX, cuts)]


def match(
    values: Sequence[float],
    cuts: Sequence[float],
    style_values: Sequence[float] | None,
    dark_to_bright: Sequence[float] | None,
    shares: Sequence[float] = (),
) -> Matching:
    """Match the phases of the content with those of the reference.

    Parameters
    ----------
    values
        Label values of the content, ascending; empty if it has none.
    cuts
        Where its greys are split, if it has no labels.
    style_values
        Label values of the reference, if it has labels.
    dark_to_bright
        Label values of the content in the order of the reference's greys, the darkest first;
        ``None`` takes them as they ascend. Not used where the reference has labels.
    shares
        Of each label in the content.

    Raises
    ------
    InputError
        If the reference lacks a class, or the order does not name each class once.
    """
    named = ", ".join(f"{value:g}" for value in values)
    if style_values is not None:
        if not values:
            raise InputError(
                "the reference has labels and the content has none; give a label map as content, "
                "or its labels with --labels"
            )
        if missing := sorted(set(values) - set(style_values)):
            raise InputError(
                f"the reference's labels have no {missing[0]:g}, which the content has; number the "
                f"classes alike in both: the content's are {named}"
            )
        return Matching(tuple(values), (), None)
    if dark_to_bright is None:
        order = tuple(range(len(values) or len(cuts) + 1))
        return Matching(tuple(values), tuple(cuts), order, tuple(shares))
    if sorted(dark_to_bright) != sorted(values):
        given = ", ".join(f"{value:g}" for value in dark_to_bright)
        raise InputError(
            f"--dark-to-bright is {given}; name each label of the content once"
            + (f": {named}" if values else "; this content has no labels")
        )
    order = tuple(list(values).index(value) for value in dark_to_bright)
    return Matching(tuple(values), (), order, tuple(shares))


def luminance(image_CYX: NDArray) -> NDArray[np.float32]:
    """Return the brightness: the grey values, or of red, green and blue their luma (BT.601)."""
    if len(image_CYX) == 3:
        return np.tensordot(np.array(LUMA, np.float32), image_CYX.astype(np.float32), 1)
    return image_CYX.astype(np.float32).mean(axis=0)


def smoothed(image_CYX: NDArray) -> NDArray[np.float32]:
    """Return the brightness without its noise, on which phases are told apart."""
    return np.asarray(
        ndimage.gaussian_filter(luminance(image_CYX), SMOOTH, mode="nearest"), np.float32
    )


def split(image_CYX: NDArray, cuts: Sequence[float]) -> NDArray[np.int64]:
    """Return in which interval between the cuts the brightness lies, without specks of noise."""
    found_YX = np.searchsorted(np.array(cuts, dtype=np.float32), smoothed(image_CYX))
    return ndimage.median_filter(found_YX.astype(np.int64), SPECKS, mode="nearest")


def find_cuts(planes: Sequence[NDArray], classes: int, name: str) -> tuple[float, ...]:
    """Split greys into classes that vary least inside: k-means in one dimension, as Otsu's method.

    Parameters
    ----------
    planes
        Images ``(C, Y, X)`` that are split alike.
    classes
        How many.
    name
        What they are, for the error.

    Returns
    -------
    tuple
        ``classes - 1`` brightnesses, ascending.

    Raises
    ------
    InputError
        If there are not enough different greys.
    """
    grey = _drawn(planes)
    ends = np.linspace(grey[0], grey[-1], 2 * classes + 1)
    centres, cuts, parts = ends[1::2], ends[2:-1:2], [grey]
    for _ in range(_ROUNDS):
        cuts = (centres[1:] + centres[:-1]) / 2
        parts = np.split(grey, np.searchsorted(grey, cuts))
        new = np.array([p.mean() if p.size else c for p, c in zip(parts, centres, strict=True)])
        if np.allclose(new, centres, rtol=0, atol=1e-6 * (grey[-1] - grey[0])):
            break
        centres = new
    if grey[0] == grey[-1] or not all(part.size for part in parts):
        raise InputError(
            f"the greys of {name} do not fall into {classes} phases; say with labels which pixel "
            "is which, or ask for fewer phases"
        )
    return tuple(float(cut) for cut in cuts)


def find_reference_cuts(
    planes: Sequence[NDArray], matching: Matching
) -> tuple[tuple[float, ...], str]:
    """Split the greys of a reference without labels into the classes of a content.

    As `find_cuts` does; but where that gives a class a share that is more than `UNLIKE` times, or
    less than a part of, what it has in the content, the reference is taken to have the content's
    shares. A rare phase has no valley of its own among the greys.

    Returns
    -------
    tuple
        The cuts.
    str
        What was done, in a sentence; empty for a content without labels.
    """
    assert matching.order is not None
    if not matching.shares:
        return find_cuts(planes, matching.count, "the reference"), ""
    wanted = np.array(matching.shares)[list(matching.order)]
    grey = _drawn(planes)
    said = ", ".join(f"{matching.values[number]:g}" for number in matching.order)
    said = f"From dark to bright the reference's phases were taken for the labels {said}"
    try:
        cuts = find_cuts(planes, matching.count, "the reference")
        found = np.diff(np.searchsorted(grey, cuts), prepend=0, append=len(grey)) / len(grey)
        if (np.maximum(found / wanted, wanted / np.maximum(found, 1e-9)) <= UNLIKE).all():
            return cuts, f"{said}, split where its greys part; --style-labels says it surely."
    except InputError:
        if grey[0] == grey[-1]:
            raise
    cuts = tuple(np.quantile(grey, np.cumsum(wanted)[:-1]).tolist())
    return cuts, f"{said}, split by their shares in the content; --style-labels says it surely."


def _drawn(planes: Sequence[NDArray]) -> NDArray[np.float64]:
    """Return smoothed brightnesses, some of them, sorted."""
    grey = np.concatenate([smoothed(plane).ravel() for plane in planes])
    return np.sort(grey[:: max(1, grey.size // _DRAWN)].astype(np.float64))


def states(classes_YX: NDArray[np.int64], scale: int, patch: int) -> NDArray[np.uint8]:
    """Return what the patch around each pixel shows.

    That is its class, times the number of `SHARES`' intervals, plus the interval in which the share
    of that class in the patch lies. Without it, a content with more corners than the reference
    would be given halos, to make up for greys that its boundary patches mix in other shares.

    Parameters
    ----------
    classes_YX
        Class of every pixel.
    scale
        How many pixels are averaged to one of the patch.
    patch
        Side of the patch, in averaged pixels.
    """
    intervals_YX = np.searchsorted(np.array(SHARES), own_share(classes_YX, scale * patch))
    return (KINDS * classes_YX + intervals_YX).astype(np.uint8)


def zones(classes_YX: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class of each pixel, doubled, plus 1 within `BORDER` pixels of another class."""
    near_YX = own_share(classes_YX, 2 * BORDER + 1) < SHARES[-1]
    return 2 * classes_YX + near_YX


def own_share(classes_YX: NDArray[np.int64], side: int) -> NDArray[np.float32]:
    """Return the share that a pixel's class has in the square of `side` pixels around it."""
    own_YX = np.zeros(classes_YX.shape, np.float32)
    for number in np.unique(classes_YX):
        inside_YX = classes_YX == number
        share_YX = ndimage.uniform_filter(inside_YX.astype(np.float32), side)
        own_YX[inside_YX] = share_YX[inside_YX]
    return own_YX
