"""Strokes on one image, and the class of all its pixels within a second.

Axes: C channels, S space, that is HW of an image or DHW of a volume; N points, K classes.
"""

from collections.abc import Sequence
from itertools import pairwise
from threading import Lock, RLock

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from pearlite.errors import InputError
from pearlite.nets.pretrained import encoder
from pearlite.recipes.segment.described import MAPS, Described
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.filters import FEWEST, LEVELS, MOST, per_level
from pearlite.recipes.segment.gather import at_random, choose_labelled, describe_labelled
from pearlite.recipes.segment.head import fit_head
from pearlite.recipes.segment.levels import choose_features
from pearlite.recipes.segment.pixels import PixelSegmenter

_PER_CLASS = 2_000  # labelled pixels that an update learns from
_KEEP = 2**29  # bytes of features that are kept: 4 megapixels of one channel


class Interactive:
    """A session of labelling one image; several threads may speak to it.

    Features are worked out where they are first asked for, and up to 512 MB of them are kept. What
    an update shows is exactly what `segmenter` gives for the image.

    Parameters
    ----------
    image_CS
        Raw values.
    classes
        How many there are.
    head, levels, seed
        See `train_pixels`; `choose_levels` sets the levels by the strokes.
    deep
        Take features of EfficientNet-lite0 as well, which is slower.

    Raises
    ------
    InputError
        If there are fewer than two classes.
    """

    def __init__(
        self,
        image_CS: NDArray[np.generic],
        classes: int,
        *,
        head: str = "forest",
        levels: int = LEVELS,
        deep: bool = False,
        seed: int = 0,
    ) -> None:
        if classes < 2:
            raise InputError(f"classes={classes}: at least two are needed to tell them apart")
        self.image_CS, self.classes, self.head, self.seed = image_CS, classes, head, seed
        self._encoder = None
        if deep:
            generator = torch.Generator().manual_seed(seed)
            self._encoder = encoder("lite0", len(image_CS), generator=generator)
        self._labels_S = np.full(image_CS.shape[1:], UNLABELLED, np.int16)
        self._before: list[tuple[tuple[slice, ...], NDArray[np.int16]]] = []
        self._strokes, self._fit = Lock(), RLock()
        self._segmenter: PixelSegmenter | None = None
        self._see(levels)

    @property
    def labels_S(self) -> NDArray[np.int16]:
        """A copy of what was labelled so far."""
        with self._strokes:
            return self._labels_S.copy()

    def add(self, numbers_S: ArrayLike, corner: Sequence[int] | None = None) -> None:
        """Label pixels.

        Parameters
        ----------
        numbers_S
            Number of the class of every pixel; `UNLABELLED` leaves what was there.
        corner
            Pixel of the image on which the first one lies, where a part is given.

        Raises
        ------
        InputError
            If it does not fit into the image, or holds other numbers.
        """
        given_S = np.asarray(numbers_S)
        first = tuple(corner or (0,) * self._labels_S.ndim)
        last = tuple(np.add(first, given_S.shape)) if given_S.ndim == len(first) else ()
        if not last or min(first) < 0 or np.greater(last, self._labels_S.shape).any():
            raise InputError(
                f"labels of shape {given_S.shape} at {first} do not fit into an image of "
                f"{self._labels_S.shape}"
            )
        self._check(given_S)
        box = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        self._put(box, given_S != UNLABELLED, given_S)

    def stroke(self, points_NS: ArrayLike, radius: float, number: int) -> None:
        """Draw a line through points with a round brush.

        Parameters
        ----------
        points_NS
            Rows and columns (depth before them), in pixels; what lies outside is cut off.
        radius
            Of the brush, in pixels.
        number
            Class; `UNLABELLED` rubs out.

        Raises
        ------
        InputError
            If points have other axes than the image, or there is no such class.
        """
        path_NS = np.asarray(points_NS, dtype=np.float64)
        if path_NS.ndim != 2 or path_NS.shape[1] != self._labels_S.ndim or not len(path_NS):
            raise InputError(
                f"points of shape {path_NS.shape} were given; expected (points, "
                f"{self._labels_S.ndim})"
            )
        self._check(np.asarray(number))
        first = np.floor(path_NS.min(0) - radius).astype(int).clip(0)
        last = np.ceil(path_NS.max(0) + radius + 1).astype(int).clip(0, self._labels_S.shape)
        if (last <= first).any():
            return
        box = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        place_NS = np.argwhere(np.ones(last - first)) + first
        squared = np.full(len(place_NS), np.inf)
        for a, b in pairwise(path_NS if len(path_NS) > 1 else path_NS.repeat(2, 0)):
            along = np.clip((place_NS - a) @ (b - a) / max(float((b - a) @ (b - a)), 1e-12), 0, 1)
            squared = np.minimum(squared, ((place_NS - a - along[:, None] * (b - a)) ** 2).sum(1))
        under_S = (squared <= radius**2).reshape(last - first)
        self._put(box, under_S, np.full(under_S.shape, number))

    def undo(self) -> bool:
        """Take back the last stroke; False if there was none."""
        with self._strokes:
            if not self._before:
                return False
            box, labels_S = self._before.pop()
            self._labels_S[box] = labels_S
            self._segmenter = None
            return True

    def update(
        self, start: Sequence[int] | None = None, stop: Sequence[int] | None = None
    ) -> tuple[NDArray[np.integer], NDArray[np.float32]]:
        """Learn from all strokes, and answer for the image or a part of it.

        Parameters
        ----------
        start, stop
            First pixel of the part, and the one behind its last.

        Returns
        -------
        tuple of arrays
            Number of the class of every pixel, and probabilities ``(K, *S)``.

        Raises
        ------
        InputError
            If fewer than two classes are labelled, or the part lies outside.
        """
        shape = self._labels_S.shape
        first, last = tuple(start or (0,) * len(shape)), tuple(stop or shape)
        if min(first) < 0 or np.greater(last, shape).any() or np.less_equal(last, first).any():
            raise InputError(f"{first} to {last} is no part of an image of {shape}")
        with self._fit:
            segmenter, described = self.segmenter(), self._described
        answer_KS = segmenter.part(described, first, last)
        return answer_KS.argmax(axis=0), answer_KS

    def segmenter(self) -> PixelSegmenter:
        """Return what was learned from the strokes: it gives other images what it gave this one.

        Raises
        ------
        InputError
            If fewer than two classes are labelled.
        """
        with self._fit:
            with self._strokes:
                made, labels_S = self._segmenter, self._labels_S.copy()
            if made is None:
                rng = np.random.default_rng(self.seed)
                places_NS = choose_labelled([labels_S], _PER_CLASS, rng)[0]
                head = fit_head(
                    self.head,
                    self._described.at(places_NS),
                    labels_S[tuple(places_NS.T)],
                    self._others_MF,
                    self.classes,
                    seed=self.seed,
                )
                made = PixelSegmenter(head, len(self.image_CS), self._levels, self._encoder, MAPS)
                with self._strokes:
                    if np.array_equal(labels_S, self._labels_S):
                        self._segmenter = made
            return made

    def choose_levels(self) -> int:
        """Set how far filters look by what tells withheld strokes best, and return it.

        Costs about as much as describing the image, so it is for a pause between strokes.
        """
        drawn = Example(self.image_CS, self.labels_S, "strokes")
        gathered = describe_labelled([drawn], MOST, None, seed=self.seed)
        of_level = per_level(len(self.image_CS), self._labels_S.ndim)
        tried = {n: range(n * of_level) for n in range(FEWEST, MOST + 1)}
        levels = choose_features(
            gathered.x_NF, gathered.y_N, gathered.group_N, tried, usual=LEVELS, seed=self.seed
        )
        with self._fit:
            if levels != self._levels:
                self._see(levels)
        return levels

    def _see(self, levels: int) -> None:
        described = Described(self.image_CS, levels, self._encoder, keep=_KEEP)
        places_MS = at_random(described, 1, np.random.default_rng(self.seed))
        self._levels, self._described = levels, described
        self._others_MF = described.at(places_MS)
        with self._strokes:
            self._segmenter = None

    def _check(self, numbers_S: NDArray[np.generic]) -> None:
        whole = np.issubdtype(numbers_S.dtype, np.integer)
        if not whole or not np.isin(numbers_S, range(UNLABELLED, self.classes)).all():
            raise InputError(
                f"labels are whole numbers from 0 to {self.classes - 1}, or {UNLABELLED} for none"
            )

    def _put(
        self, box: tuple[slice, ...], under_S: NDArray[np.bool_], numbers_S: NDArray[np.generic]
    ) -> None:
        with self._strokes:
            self._before.append((box, self._labels_S[box].copy()))
            self._labels_S[box][under_S] = numbers_S[under_S]
            self._segmenter = None
