"""A picture of what is being learned, while it is learned: three slices, and how far they are off.

Axes: HWC of a picture, 3 red, green and blue.
"""

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image as Pillow

from pearlite.folders import replacing
from pearlite.recipes.reconstruct.watch import GOAL, Watch
from pearlite.see.curves import History, draw_panel
from pearlite.see.curves import panels as sorted_columns
from pearlite.see.figure import png
from pearlite.see.style import panels, styled
from pearlite.see.volume import describe
from pearlite.train.trainer import Trainer

PAUSE = 10.0  # seconds between two pictures, at least
_WIDE, _HIGH = 9.0, 2.6  # inches
_GAP = 16  # pixels between two slices


class Preview:
    """Draws the newest volume that was watched, and the history so far.

    Parameters
    ----------
    path
        The PNG file; every picture takes the place of the one before.
    watch
        Has made the volume.
    """

    def __init__(self, path: Path, watch: Watch) -> None:
        self.path, self.watch = path, watch
        self.drawn = -PAUSE

    def follow(self, trainer: Trainer) -> None:
        """Draw, if the last picture is old enough: a ``"validate"`` event."""
        if time.monotonic() - self.drawn >= PAUSE:
            self.draw(trainer)

    def draw(self, trainer: Trainer) -> None:
        """Draw, if there is anything to see: an ``"end"`` event."""
        if not self.watch.volume.size:
            return
        below = np.asarray(Pillow.open(io.BytesIO(png(curves(trainer.history)))).convert("RGB"))
        picture = np.concatenate([middle_slices(self.watch.volume, below.shape[1]), below])
        content = io.BytesIO()
        Pillow.fromarray(picture).save(content, "png")
        with replacing(self.path) as hidden:
            hidden.write_bytes(content.getvalue())
        self.drawn = time.monotonic()


def middle_slices(volume: NDArray[Any], wide: int) -> NDArray[np.uint8]:
    """Return the slices in the middle of z, y and x side by side; a texture as it is.

    Parameters
    ----------
    volume
        (Z, Y, X) or (Y, X), in colour with an axis of 3 more; equally long along z, y and x.
    wide
        Pixels across the picture.
    """
    flat = volume.ndim == 2 or (volume.ndim == 3 and volume.shape[-1] == 3)
    ready = describe(volume[None] if flat else volume)
    cells = ready.cells_ZYX
    planes = [np.take(cells, cells.shape[axis] // 2, axis) for axis in range(1 if flat else 3)]
    times = (wide - 4 * _GAP) // (3 * cells.shape[-1])
    drawn = [plane_HW.repeat(times, 0).repeat(times, 1) for plane_HW in planes]
    picture = np.full((drawn[0].shape[0] + 2 * _GAP, wide, 3), 255, np.uint8)
    for number, drawn_HW in enumerate(drawn):
        left = _GAP + number * (drawn_HW.shape[1] + _GAP)
        place = slice(_GAP, -_GAP), slice(left, left + drawn_HW.shape[1])
        picture[place] = ready.palette_P3[drawn_HW]
    return picture


@styled
def curves(history: History) -> Figure:
    """Draw the losses and the distances to the images of a history side by side."""
    shown = sorted_columns(history, GOAL)
    figure, grid = panels(1, len(shown), size=(_WIDE, _HIGH))
    for axes, panel in zip(grid[0], shown, strict=True):
        draw_panel(axes, panel)
        axes.set_xlabel("step")
    return figure
