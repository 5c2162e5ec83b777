"""Three slices through a volume, at right angles to each other.

Axes: Z planes, Y rows, X columns, 3 red, green and blue.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.see.style import BLUE, GREEN, VERMILION, panels, styled
from pearlite.see.volume import Lengths, Volume, describe
from pearlite.see.volume_picture import draw_legend

_AXES = "zyx"
_COLOURS = (BLUE, GREEN, VERMILION)  # of the slices normal to z, y, x
_INCHES = 9.0


@styled
def orthoslices(
    volume: NDArray[Any] | Volume, *, at: Lengths = (0.5, 0.5, 0.5), **about: Any
) -> Figure:
    """Draw three slices of a volume on one scale; lines show where each crosses the others.

    Parameters
    ----------
    volume
        What `describe` takes, or has made.
    at
        Where along z, y, x the slices lie, as shares of the box, 0 to 1.
    **about
        What `describe` takes beside the volume.

    Raises
    ------
    InputError
        If it is no volume, or `at` lies outside.
    """
    if len(at) != 3 or not all(0 <= share <= 1 for share in at):
        raise InputError(f"at is three shares of the box from 0 to 1, not {at!r}")
    ready = describe(volume, **about)
    index = [min(int(share * n), n - 1) for share, n in zip(at, ready.shape, strict=True)]
    place = [(i + 0.5) * cell for i, cell in zip(index, ready.cell, strict=True)]
    z, y, x = ready.size
    widths, tallest = (x, x, y), max(y, z)
    height = _INCHES * tallest / sum(widths) + 0.9
    figure, grid = panels(1, 3, size=(_INCHES, height), width_ratios=widths)
    for axes, normal in zip(grid[0], range(3), strict=True):
        down, across = (axis for axis in range(3) if axis != normal)
        values = np.take(ready.cells_ZYX, index[normal], axis=normal)
        # Seen along x, the slice shows y to the right and z downward, as the one along y shows x.
        extent = (0, ready.size[across], ready.size[down], 0)
        axes.imshow(ready.palette_P3[values], extent=extent, interpolation="nearest")
        axes.axvline(place[across], color=_COLOURS[across], linewidth=0.8)
        axes.axhline(place[down], color=_COLOURS[down], linewidth=0.8)
        axes.set_title(
            f"{_AXES[normal]} = {place[normal]:.4g} {ready.unit}", color=_COLOURS[normal]
        )
        axes.set(xlabel=_AXES[across], ylabel=_AXES[down])
        axes.spines[:].set_visible(True)
        axes.spines[:].set_color(_COLOURS[normal])
        axes.tick_params(length=2)
    draw_legend(figure, ready)
    return figure
