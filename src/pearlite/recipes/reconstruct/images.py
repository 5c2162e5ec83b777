"""What a reconstruction learns from: one to three images, as channels, and windows out of them.

One image stands for all three directions (isotropic); two for the plane normal to z and for planes
along z (transversely isotropic); three are normal to z, y and x. The first axis of an image is the
first of the two that remain: an image normal to y has axes (z, x). A texture, which is flat as the
image is, is learned from one that is taken as it lies.

Axes: H, W of an image, C channels (one a phase, or values), Y, X as in the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.errors import InputError
from pearlite.recipes.reconstruct.low import Low

MOST_PHASES = 16
LEAST_SHARE = 0.01  # of a phase in all images together
SMALLEST = 48  # pixels a side: the critic's field, twice the widest patch at half resolution
WINDOW = 512  # pixels a side of what a step looks at, at most
MOST_WINDOWS = 32
_ANY, _MIRRORED, _AS_IS = "any", "mirrored", "as is"
_WAYS: dict[str, list[tuple[bool, tuple[int, ...]]]] = {
    _ANY: [(swapped, m) for swapped in (False, True) for m in ((), (-1,), (-2,), (-1, -2))],
    _MIRRORED: [(False, ()), (False, (-1,))],
    _AS_IS: [(False, ())],
}
"""Whether the axes change places, then along which the image is mirrored."""


@dataclass(frozen=True)
class Meaning:
    """What the channels of images, and of what is made after them, stand for.

    Attributes
    ----------
    kind
        ``"phases"``, ``"grey"`` or ``"colour"``.
    values
        Of phases, by class number; empty otherwise.
    offset, scale
        Of each channel: its mean and standard deviation in the images; empty for phases.
    low, high
        Smallest and largest value in the images.
    dtype
        Of the images.
    """

    kind: str
    values: tuple[int, ...]
    offset: tuple[float, ...]
    scale: tuple[float, ...]
    low: float
    high: float
    dtype: str

    @property
    def channels(self) -> int:
        """Number of channels: one a phase, or one a value of a pixel."""
        return len(self.values) or len(self.offset)


@dataclass(frozen=True)
class Pictures:
    """Images ready for learning, one for each direction.

    Attributes
    ----------
    meaning
        Of their channels.
    planes
        For the normals z, y, x: class numbers (H, W) uint8 of phases, or values (C, H, W) float32
        of mean 0 and variance 1.
    turns
        For each normal whether a window may be turned and mirrored in ``"any"`` way, only be
        ``"mirrored"``, its left for its right, or is taken ``"as is"``.
    notes
        Sentences on what was changed.
    dims
        Axes of what is made after them: 3 of a volume; 2 of a texture, whose planes are the same.
    low
        A low-resolution volume that belongs to them, of which one is made as they show it.
    """

    meaning: Meaning
    planes: tuple[NDArray, NDArray, NDArray]
    turns: tuple[str, str, str]
    notes: tuple[str, ...] = ()
    dims: int = 3
    low: Low | None = None

    @property
    def channels(self) -> int:
        """Channels of a window."""
        return self.meaning.channels

    @property
    def different(self) -> int:
        """Number of different images: 1, 2 or 3."""
        return 1 if self.dims == 2 else {_ANY: 1, _MIRRORED: 2, _AS_IS: 3}[self.turns[2]]

    def shares(self) -> NDArray[np.float64]:
        """Return each phase's fraction, the mean over the three directions."""
        counts = [np.bincount(p.ravel(), minlength=self.channels) / p.size for p in self.planes]
        return np.mean(counts, axis=0)

    def ways(self, normal: int) -> int:
        """In how many ways the image normal to an axis may be turned and mirrored."""
        return len(_WAYS[self.turns[normal]])

    def windows(self, normal: int) -> Iterator[Tensor]:
        """Yield windows that together hold the image, or much of it, in all ways it may turn."""
        random, ways = np.random.default_rng(0), self.ways(normal)
        each = -(-int(np.prod(self.planes[normal].shape[-2:])) // WINDOW**2)
        for number in range(min(ways * each, max(ways, MOST_WINDOWS))):
            yield self.window(normal, random, way=number % ways)

    def window(
        self,
        normal: int,
        random: np.random.Generator,
        side: int = WINDOW,
        way: int | None = None,
    ) -> Tensor:
        """Draw a window normal to an axis, at most `side` pixels wide: (1, C, H, W) float32.

        It is turned in one of the `ways`, at random unless given.
        """
        plane, ways = self.planes[normal], _WAYS[self.turns[normal]]
        height, width = plane.shape[-2:]
        tall, wide = min(side, height), min(side, width)
        top, left = (int(random.integers(n + 1)) for n in (height - tall, width - wide))
        part = plane[..., top : top + tall, left : left + wide]
        swapped, mirrored = ways[int(random.integers(len(ways))) if way is None else way]
        part = np.flip(part.swapaxes(-1, -2) if swapped else part, mirrored)
        window = torch.from_numpy(np.ascontiguousarray(part))
        if self.meaning.kind != "phases":
            return window[None]
        classes = torch.arange(self.channels, dtype=torch.uint8)
        return (window[None, None] == classes[None, :, None, None]).float()


def prepare(
    images: NDArray | Sequence[NDArray],
    *,
    kind: str | None = None,
    clean: bool = False,
    pixel_sizes: Sequence[float] | None = None,
    dims: int = 3,
) -> Pictures:
    """Check images and bring them into the form in which they are learned from.

    Parameters
    ----------
    images
        One array (Y, X) or (Y, X, 3), or two or three of them; see above.
    kind
        ``"phases"``, ``"grey"`` or ``"colour"``; None takes colour where there are three channels,
        phases where there are at most 16 different whole numbers, grey otherwise.
    clean
        Give soft edges and the noise of compression in an image of phases to the nearest phase.
    pixel_sizes
        Of each image, where known.
    dims
        Axes of what shall be made after them: 3 of a volume, 2 of a texture.

    Raises
    ------
    InputError
        If an image is too small, constant, damaged, or does not belong to the others.
    """
    given = [images] if isinstance(images, np.ndarray) else [np.asarray(i) for i in images]
    given = [image if image.dtype != bool else image.astype(np.uint8) for image in given]
    if len(given) not in (1, 2, 3):
        raise InputError(
            f"{len(given)} images came; give one (isotropic), two (normal to z, along z) or three "
            "(normal to z, y and x)"
        )
    if dims == 2 and len(given) > 1:
        raise InputError(
            f"{len(given)} images came for a texture of two axes, which is learned from one: give "
            "that alone, or three sides, Z,Y,X, for a volume"
        )
    _check(given, pixel_sizes)
    kind = kind or _kind_of(given, clean)
    if kind not in ("phases", "grey", "colour"):
        raise InputError(f'kind={kind!r} must be "phases", "grey" or "colour"')
    if (kind == "colour") != (given[0].ndim == 3):
        raise InputError(
            f"images of shape {given[0].shape} do not fit kind={kind!r}: colour has three axes, "
            "the last of length 3; everything else two"
        )
    turns = {1: (_ANY,) * 3, 2: (_ANY, _MIRRORED, _MIRRORED), 3: (_AS_IS,) * 3}[len(given)]
    turns = (_AS_IS, _AS_IS, _AS_IS) if dims == 2 else turns
    low, high = float(min(i.min() for i in given)), float(max(i.max() for i in given))
    dtype = str(given[0].dtype)
    if kind == "phases":
        numbers, values, notes = _classes(given, clean)
        meaning = Meaning(kind, values, (), (), low, high, dtype)
        return Pictures(meaning, _three(numbers), turns, notes, dims)
    planes = [np.moveaxis(np.atleast_3d(i).astype(np.float32), 2, 0) for i in given]
    flat = np.concatenate([p.reshape(len(p), -1) for p in planes], axis=1)
    offset, scale = flat.mean(axis=1), np.maximum(flat.std(axis=1), 1e-6)
    planes = [(p - offset[:, None, None]) / scale[:, None, None] for p in planes]
    meaning = Meaning(kind, (), tuple(offset.tolist()), tuple(scale.tolist()), low, high, dtype)
    return Pictures(meaning, _three(planes), turns, dims=dims)


def _check(given: Sequence[NDArray], pixel_sizes: Sequence[float] | None) -> None:
    for place, image in enumerate(given, start=1):
        name = "the image" if len(given) == 1 else f"image {place}"
        if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise InputError(
                f"{name} has shape {image.shape}; expected (Y, X), or (Y, X, 3) in colour"
            )
        if image.dtype.kind not in "uif":
            raise InputError(f"{name} has values of type {image.dtype}; expected numbers")
        if image.dtype.kind == "f" and not np.isfinite(image).all():
            raise InputError(f"{name} has values that are not finite; replace or crop them")
        if min(image.shape[:2]) < SMALLEST:
            raise InputError(
                f"{name} is {image.shape[0]} x {image.shape[1]} pixels; at least {SMALLEST} along "
                "each side are needed, or nothing is learned of how structures lie to each other"
            )
        if image.min() == image.max():
            raise InputError(
                f"{name} is constant ({image.flat[0]} everywhere): there is no structure in it"
            )
    if len({image.ndim for image in given}) > 1:
        raise InputError("some images are in colour and some are not; bring all to the same form")
    if pixel_sizes is not None and len({round(float(size), 9) for size in pixel_sizes}) > 1:
        raise InputError(
            f"the images have different pixel sizes ({', '.join(map(str, pixel_sizes))}); resample "
            "them to one, as a voxel has the same size in all directions"
        )


def _kind_of(given: Sequence[NDArray], clean: bool) -> str:
    if given[0].ndim == 3:
        return "colour"
    values = np.unique(np.concatenate([np.unique(image) for image in given]))
    whole = given[0].dtype.kind in "ui"
    if clean:
        return "phases"
    levels = _damaged(given) if whole else 0
    if levels and len(values) >= 3 * levels:
        raise InputError(
            f"the image has {len(values)} different values, but nearly all pixels lie close to "
            f"{levels} of them: labels that JPEG or smoothing has damaged; give clean=True to "
            'bring each pixel to the nearest label, or kind="grey" if they are no labels'
        )
    return "phases" if whole and len(values) <= MOST_PHASES else "grey"


def _damaged(given: Sequence[NDArray]) -> int:
    """Return how many narrow peaks of the histogram hold 95 % of the pixels; 0 if over 6."""
    flat = np.concatenate([image.ravel() for image in given]).astype(np.float64)
    reach = 0.02 * (flat.max() - flat.min())
    values, counts = np.unique(flat, return_counts=True)
    left, peaks = counts.astype(np.float64), 0
    while left.sum() > 0.05 * flat.size:
        if (peaks := peaks + 1) > 6:
            return 0
        left[np.abs(values - values[left.argmax()]) <= reach] = 0
    return peaks


def _classes(
    given: Sequence[NDArray], clean: bool
) -> tuple[list[NDArray], tuple[int, ...], tuple[str, ...]]:
    """Return class numbers of each image, the phases' values, and what was changed."""
    values = np.unique(np.concatenate([np.unique(image) for image in given]))
    if not np.array_equal(values, np.round(values)):
        raise InputError("phases must be whole numbers; segment the image first")
    notes: tuple[str, ...] = ()
    numbers = [image.astype(np.int32) for image in given]
    if clean:
        main = _main_values(numbers)
        edges = (main[:-1] + main[1:]) / 2
        changed = np.mean([(~np.isin(image, main)).mean() for image in numbers])
        numbers = [main[np.searchsorted(edges, image)] for image in numbers]
        notes = (f"{changed:.1%} of the pixels were given to the nearest of {len(main)} phases.",)
        values = main
    if len(values) > MOST_PHASES:
        raise InputError(
            f"the image has {len(values)} different values, too many for phases (at most "
            f"{MOST_PHASES}): segment it first, give clean=True if they are damaged labels, or "
            'kind="grey"'
        )
    shares = [np.mean([(image == value).mean() for image in numbers]) for value in values]
    rarest = int(np.argmin(shares))
    if shares[rarest] < LEAST_SHARE:
        raise InputError(
            f"phase {int(values[rarest])} fills {shares[rarest]:.2%} of the image; under "
            f"{LEAST_SHARE:.0%} nothing can be learned of it: join it to another phase, or give "
            "clean=True if it is damage"
        )
    classes = [np.searchsorted(values, image).astype(np.uint8) for image in numbers]
    return classes, tuple(int(value) for value in values), notes


def _main_values(numbers: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return the values of the phases: peaks of the histogram, those under 1 % left out."""
    flat = np.concatenate([image.ravel() for image in numbers])
    values, counts = np.unique(flat, return_counts=True)
    reach = max(1.0, 0.1 * (int(values[-1]) - int(values[0])))
    left, main = counts.astype(np.float64), []
    while left.max() > 0:
        peak = values[left.argmax()]
        near = np.abs(values - peak) <= reach
        if left[near].sum() >= LEAST_SHARE * flat.size:
            main.append(int(peak))
        left[near] = 0
    return np.array(sorted(main), dtype=np.int32)


def _three(planes: Sequence[NDArray]) -> tuple[NDArray, NDArray, NDArray]:
    """Return the planes normal to z, y and x of one, two or three different ones."""
    first, *others = planes
    side = others[0] if others else first
    return first, side, others[-1] if others else first
