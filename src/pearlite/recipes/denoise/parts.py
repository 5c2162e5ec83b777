"""An image cut into parts that are cleaned one by one: here, or on many machines.

A part is read with all that its result depends on, so that it comes out as it would from the whole
image, however the image is cut.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.recipes.denoise.estimator import Estimator
from pearlite.recipes.denoise.grid import Wanted
from pearlite.recipes.denoise.layout import Frames, Layout
from pearlite.recipes.denoise.noise2fast import noise2fast
from pearlite.recipes.denoise.prepared import Prepared, prepare
from pearlite.recipes.denoise.remedies import binning

SAMPLED = 4  # frames or strips, evenly spread, from which the noise of an image is fitted


class Parts:
    """The parts of an image, counted in its frames and rows after the remedies.

    Parameters
    ----------
    image, axes
        Anything with ``shape``, ``dtype`` and NumPy slicing, and what its axes are.
    remedies
        What is done to every plane as it is read.
    pixels
        Frames that have more, all channels together, are cut into strips of half as many; frames
        are taken together up to a quarter of it, since their neighbours come on top.

    Raises
    ------
    InputError
        If a remedy cannot be applied to such an image.
    """

    def __init__(self, image: Any, axes: str, remedies: Sequence[str], pixels: int) -> None:
        self.image, self.remedies = image, tuple(remedies)
        *leading, rows, columns = image.shape
        self.factor = binning(remedies)
        binned = (*leading, rows // self.factor, columns // self.factor)
        if 0 in binned:
            raise InputError(f"an image of {rows} × {columns} pixels is too small to be binned.")
        self.before, self.after = Layout(tuple(image.shape), axes), Layout(binned, axes)
        frame = self.before.channels * rows * columns
        self.whole = frame <= pixels
        if "lines" in remedies and not self.whole:
            raise InputError(
                f"a plane of {rows} × {columns} pixels is too large for the remedy lines, which "
                f"takes whole planes of up to {pixels} pixels; cut the image up."
            )
        self.pixels = (max(frame, pixels // 4) if self.whole else pixels // 2) // self.factor**2

    def __iter__(self) -> Iterator[Frames]:
        yield from self.after.chunks(self.pixels)

    def within(self, most: tuple[int, int, int]) -> bool:
        """Tell whether the image has no more than so many frames, rows and columns."""
        size = self.after
        have = (size.stacks * size.frames, size.rows, size.columns)
        return all(n <= limit for n, limit in zip(have, most, strict=True))

    def read(self, part: Frames) -> Prepared:
        """Read a part, and nothing around it."""
        return prepare(self.before.read(self.image, self._source(part)), self.remedies, self.whole)

    def sample(self) -> list[Prepared]:
        """Read some single frames, or strips of them, evenly spread."""
        pixels = self.pixels if self.whole else self.pixels // SAMPLED
        return [self.read(part) for part in self.after.spread(SAMPLED, pixels)]

    def middle(self, frames: int, rows: int, columns: int) -> NDArray[np.float64]:
        """Read so many frames, rows and columns from the middle of the image, or all there are."""
        first, last = _middle(self.after.frames, frames)
        top, bottom = _middle(self.after.rows, rows)
        left, right = _middle(self.after.columns, columns)
        part = Frames(self.after.stacks // 2, first, last, top, bottom)
        if not self.whole:
            return self.read(part).values[..., left:right]
        ready = self.read(replace(part, top=0, bottom=self.after.rows))
        return ready.values[:, :, top:bottom, left:right]

    def piece(self, part: Frames, near: Frames) -> "Piece":
        """Read a part, and what lies near it, in a form that can be sent to another process."""
        wanted = Wanted(
            (part.first - near.first, part.last - near.first),
            (part.top, part.bottom),
            near.top,
            self.after.rows,
        )
        frames = self.before.read(self.image, self._source(near))
        return Piece(frames, wanted, self.remedies, self.whole)

    def _source(self, part: Frames) -> Frames:
        """Return where a part lies in the image before it is binned."""
        bottom = part.bottom * self.factor
        if part.bottom == self.after.rows:
            bottom = self.before.rows
        return replace(part, top=part.top * self.factor, bottom=bottom)


@dataclass(frozen=True)
class Piece:
    """Frames as they were read, and what of the result is wanted."""

    frames_FCYX: NDArray
    wanted: Wanted
    remedies: tuple[str, ...]
    whole: bool

    def finish(self, ready: Prepared, clean: NDArray) -> NDArray:
        """Return the clean part with what was not to be touched, as floats."""
        clean = ready.keep_empty(clean, self.wanted.index)
        return clean.astype(np.promote_types(self.frames_FCYX.dtype, np.float32))


class Jobs(Mapping[str, tuple[Any, ...]]):
    """The arguments with which each part is worked on, by its number; read when they are asked for.

    Parameters
    ----------
    parts
        Of the image.
    near
        Tells on which part of the image the result for a part depends.
    arguments
        What follows the piece.
    """

    def __init__(self, parts: Parts, near: Callable[[Frames], Frames], *arguments: Any) -> None:
        self.parts, self.near, self.arguments = parts, near, arguments
        self.places = {str(number): part for number, part in enumerate(parts)}

    def __getitem__(self, name: str) -> tuple[Any, ...]:
        part = self.places[name]
        return (self.parts.piece(part, self.near(part)), *self.arguments)

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def combine(
    piece: Piece, estimator: Estimator, keep: bool, progress: bool
) -> tuple[NDArray, NDArray[np.float32] | None]:
    """Denoise a part by combining similar patches.

    Returns
    -------
    tuple
        The clean part, floats of at least 32 bits in the unit of the image; and, if it is to be
        kept, that on the scale where the noise has standard deviation 1.
    """
    ready = prepare(piece.frames_FCYX, piece.remedies, piece.whole)
    stable = estimator(estimator.stabilise(ready.values), progress, piece.wanted)
    clean = estimator.restore(stable, ready.values[piece.wanted.index])
    return piece.finish(ready, clean), stable if keep else None


def train(
    piece: Piece, seed: int, device: str, state: Path | None, progress: bool
) -> tuple[NDArray, None]:
    """Denoise a part by a network trained on each of its frames, which are whole planes."""
    ready = prepare(piece.frames_FCYX, piece.remedies, piece.whole)
    clean = [
        noise2fast(
            frame.astype(np.float32), seed=seed, device=device, state=state, progress=progress
        )
        for frame in ready.values
    ]
    return piece.finish(ready, np.stack(clean)), None


def _middle(length: int, most: int) -> tuple[int, int]:
    start = max(0, length - most) // 2
    return start, min(start + most, length)
