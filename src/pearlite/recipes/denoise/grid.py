"""Where patches, and what they are combined with, lie: which part of an image needs which other.

Patches seek their like from a grid that is laid over the whole frame, and the work is cut into
tiles of that grid. A part of a frame, however large the frame, is therefore the same whether it is
worked out alone or with the rest.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

BLOCK = 4  # references per side that share one search window, so that matching is matrix products
TILE = 4  # blocks per side that are worked on at a time; few, so that they stay in the cache

Span = tuple[int, int]  # first and last, the last not included


@dataclass(frozen=True)
class Pass:
    """One round of gathering, combining and averaging.

    Attributes
    ----------
    patch
        Side of a patch, pixels.
    group
        Patches that are combined.
    step
        Distance between the patches that seek their like, pixels.
    window
        Side of the square around them in which they seek, pixels.
    noise
        Share of the removed noise that is put back first, 1 for all of it.
    """

    patch: int
    group: int
    step: int
    window: int = 25
    noise: float = 1.0


@dataclass(frozen=True)
class Axis:
    """Where the references and their search windows lie along one axis of the image.

    Attributes
    ----------
    references
        First pixel of every reference patch, (blocks, `BLOCK`).
    starts
        First pixel of every block's search window, (blocks,).
    side
        Number of patches across a window.
    patch
        Side of a patch.
    """

    references: Tensor
    starts: Tensor
    side: int

    patch: int

    @staticmethod
    def of(length: int, step: Pass) -> "Axis":
        """Lay references and windows along an axis of so many pixels."""
        last = length - step.patch
        blocks = -(-last // (step.step * BLOCK)) if last else 1
        if last > (blocks * BLOCK - 1) * step.step:
            blocks += 1
        references = (torch.arange(blocks * BLOCK) * step.step).clamp(max=last).view(-1, BLOCK)
        side = min(step.window + (BLOCK - 1) * step.step, last + 1)
        middle = torch.arange(blocks) * BLOCK * step.step + (BLOCK - 1) * step.step // 2
        starts = (middle - side // 2).clamp(0, last + 1 - side)
        return Axis(references, starts, side, step.patch)

    def tiles(self, wanted: Span) -> list["Axis"]:
        """Cut into runs of `TILE` blocks; return those that touch the wanted pixels."""
        cut = zip(self.references.split(TILE), self.starts.split(TILE), strict=True)
        tiles = [replace(self, references=r, starts=s) for r, s in cut]
        return [t for t in tiles if t.touched[0] < wanted[1] and wanted[0] < t.touched[1]]

    @property
    def touched(self) -> Span:
        """First and last pixel that any of the blocks reads or changes."""
        return int(self.starts[0]), int(self.starts[-1]) + self.side - 1 + self.patch

    def moved(self, by: int) -> "Axis":
        """Count the pixels from elsewhere."""
        return replace(self, references=self.references + by, starts=self.starts + by)


@dataclass(frozen=True)
class Wanted:
    """Which part of the result is wanted, where only a part of the frames is given.

    Attributes
    ----------
    frames
        First and last of the given frames.
    rows
        First and last of the rows, counted in the whole frame.
    top, height
        Row of the whole frame that is given first, and the number of its rows.
    """

    frames: Span
    rows: Span
    top: int
    height: int

    @property
    def index(self) -> tuple[slice, slice, slice]:
        """Where it lies in the given frames (F, C, Y, X)."""
        first, last = self.rows
        return slice(*self.frames), slice(None), slice(first - self.top, last - self.top)

    @staticmethod
    def all_of(shape: tuple[int, ...]) -> "Wanted":
        """Return everything of frames of the shape (F, C, Y, X)."""
        return Wanted((0, shape[0]), (0, shape[2]), 0, shape[2])


def needed(
    frames: Span, rows: Span, plane: tuple[int, int], passes: tuple[Pass, ...], neighbours: int
) -> list[tuple[Span, Span]]:
    """Return the frames and rows that must be known before each pass, and after the last.

    Parameters
    ----------
    frames, rows
        What is wanted after the last pass.
    plane
        Rows and columns of a whole frame.
    passes, neighbours
        As `combine_patches` takes them.

    Returns
    -------
    list
        Pairs of (first, last); frames are counted on beyond the ends of the stack.
    """
    needs = [(frames, rows)]
    for this in reversed(passes):
        (first, last), rows = needs[0]
        tiles = Axis.of(plane[0], fitting(this, plane)).tiles(rows)
        rows = (tiles[0].touched[0], max(tile.touched[1] for tile in tiles))
        needs.insert(0, ((first - 2 * neighbours, last + 2 * neighbours), rows))
    return needs


def fitting(this: Pass, plane: tuple[int, int]) -> Pass:
    """Return the pass with patches that fit into a plane of so many rows and columns."""
    return replace(this, patch=min(this.patch, *plane), step=min(this.step, *plane))
