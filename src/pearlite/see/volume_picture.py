"""The lit picture of a volume: its phases in their colours, or its faces, with a corner cut out.

Axes: V rows and U columns of the picture, N ends of lines; a last axis of 3 is z, y, x.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.see.style import INK, SOFT, panels, styled
from pearlite.see.volume import Lengths, Volume, describe
from pearlite.see.volume_render import View, frame, project, render

LONGEST = 1200  # pixels; the figure shows fewer, which smooths edges
_INCHES = 5.2  # of the figure's longer side
_APART = 0.045  # of the picture's width, between an edge and what is written along it
_MOST_IN_A_ROW = 4

Line = tuple[Lengths, Lengths]


def default_shown(volume: Volume) -> list[int]:
    """Return the places of all phases but the first, which is by custom the matrix or the pore."""
    return list(range(min(1, len(volume.phases) - 1), len(volume.phases)))


@styled
def surface_picture(
    volume: NDArray[Any] | Volume,
    *,
    show: Sequence[str] | None = None,
    cut: Lengths | None = (0.5, 0.5, 0.5),
    azimuth: float = 38.0,
    elevation: float = 27.0,
    longest: int = LONGEST,
    **about: Any,
) -> Figure:
    """Draw a volume in space: lit surfaces of its phases, or its faces where it holds no labels.

    Parameters
    ----------
    volume
        What `describe` takes, or has made.
    show
        Names of the phases that are drawn; all but the first by itself.
    cut
        Where, as shares of the box along z, y, x, the corner next to the viewer is cut out;
        ``None`` for no cut.
    azimuth, elevation
        Degrees by which the viewer stands right of the front face, and above the box; 5 to 85.
    longest
        Pixels that are computed along the picture's longer side.
    **about
        What `describe` takes beside the volume.

    Raises
    ------
    InputError
        If it is no volume, or there is no such phase, cut or place to stand.
    """
    ready = describe(volume, **about)
    view = _view(cut, azimuth, elevation)
    shown = default_shown(ready) if show is None else ready.numbers(show)
    wide, tall = frame(ready.size, view)
    drawn_VU4 = render(ready, shown, view, round(longest / max(1, tall / wide)))
    room = 2 * (_APART + 0.04) * wide
    share = (tall + room / 4) / (wide + room / 2)
    across = _INCHES / max(share, 1)
    figure, grid = panels(size=(across, across * share + 0.3))
    axes = grid[0, 0]
    extent = (-wide, wide, -tall, tall)
    back, front = _edges(ready.size, view.cut)
    _draw_lines(axes, back, ready.size, view, zorder=1)
    axes.imshow(drawn_VU4, extent=extent, interpolation="antialiased", zorder=2)
    _draw_lines(axes, front, ready.size, view, zorder=3)
    _write_lengths(axes, ready, view)
    axes.set_axis_off()
    axes.set(xlim=(-wide - room / 2, wide + room / 2), ylim=(-tall - room / 2, tall))
    draw_legend(figure, ready)
    return figure


def draw_legend(figure: Figure, volume: Volume) -> None:
    """Write the names of the phases below a figure, with their colours and shares."""
    if not volume.phases:
        return
    handles = [
        Patch(color=phase.colour, label=f"{phase.name}  {100 * phase.share:.1f} %")
        for phase in volume.phases
    ]
    columns = min(len(handles), _MOST_IN_A_ROW)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=1)


def _view(cut: Lengths | None, azimuth: float, elevation: float) -> View:
    if cut is not None and (len(cut) != 3 or not all(0 < share < 1 for share in cut)):
        raise InputError(f"cut is three shares of the box between 0 and 1, or None; not {cut!r}")
    for name, angle in (("azimuth", azimuth), ("elevation", elevation)):
        if not 5 <= angle <= 85:
            raise InputError(f"{name} is an angle from 5 to 85 degrees, not {angle!r}")
    return View(azimuth, elevation, cut)


def _edges(size: Lengths, cut: Lengths | None) -> tuple[list[Line], list[Line]]:
    """Return the box's edges behind what is drawn, and those before it.

    The hidden corner is the lower, rear, left one: largest z, smallest y and x. The corner next to
    the viewer lies opposite to it, and may be cut out.
    """
    far = (size[0], 0.0, 0.0)
    near = (0.0, size[1], size[2])
    at = None if cut is None else tuple(c * n for c, n in zip(cut, size, strict=True))
    back: list[Line] = []
    front: list[Line] = []
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        for ends in ((0, 0), (0, 1), (1, 0), (1, 1)):
            start, end = list(far), list(far)
            end[axis] = near[axis]
            for other, is_near in zip(others, ends, strict=True):
                start[other] = end[other] = near[other] if is_near else far[other]
            if ends == (1, 1) and at is not None:
                end[axis] = at[axis]
            (back if ends == (0, 0) else front).append(_line(start, end))
        if at is not None:
            front += _cut_edges(axis, near, at)
    return back, front


def _cut_edges(axis: int, near: Lengths, at: tuple[float, ...]) -> list[Line]:
    """Return the three edges along one axis of the corner that was cut out."""
    first, second = (other for other in range(3) if other != axis)
    lines = []
    for a, b in ((at, at), (near, at), (at, near)):
        start, end = list(at), list(at)
        end[axis] = near[axis]
        start[first] = end[first] = a[first]
        start[second] = end[second] = b[second]
        lines.append(_line(start, end))
    return lines


def _line(start: list[float], end: list[float]) -> Line:
    return (start[0], start[1], start[2]), (end[0], end[1], end[2])


def _draw_lines(axes: Axes, lines: list[Line], size: Lengths, view: View, zorder: int) -> None:
    for line in lines:
        across, up = project(np.array(line), size, view)
        axes.plot(across, up, color=SOFT, linewidth=0.7, alpha=0.75, zorder=zorder)


def _write_lengths(axes: Axes, volume: Volume, view: View) -> None:
    """Write the three lengths along the lower edges and the left one."""
    z, y, x = volume.size
    wide, _ = frame(volume.size, view)
    along = {
        "x": (((z, y, 0.0), (z, y, x)), x, -1),
        "y": (((z, y, x), (z, 0.0, x)), y, -1),
        "z": (((z, y, 0.0), (0.0, y, 0.0)), z, 1),
    }
    for name, (line, length, side) in along.items():
        across, up = project(np.array(line), volume.size, view)
        run, rise = float(across[1] - across[0]), float(up[1] - up[0])
        gap = side * 2 * _APART * wide / np.hypot(run, rise)
        axes.text(
            float(across.mean()) - rise * gap,
            float(up.mean()) + run * gap,
            f"{name}   {length:.3g} {volume.unit}",
            rotation=float(np.degrees(np.arctan2(rise, run))),
            ha="center",
            va="center",
            color=INK,
            fontsize=8.5,
        )
