"""Loss landscapes as pictures: height lines with the optimiser's path, and curves along a line."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.contour import QuadContourSet
from matplotlib.patheffects import withStroke

from pearlite.see.landscape import Floats, Line, Plane
from pearlite.see.style import FAINT, VERMILION, panels, styled

_LEVELS = 24


@styled
def draw_plane(plane: Plane, path: str | Path, title: str = "Loss landscape") -> Path:
    """Draw a plane into a PNG or SVG; heights are logarithmic where they span over a decade."""
    figure, grid = panels(size=(6.2, 5))
    axes: Axes = grid[0, 0]
    contours = fill(axes, plane)
    ticks = np.asarray(contours.levels)[:: _LEVELS // 6]
    bar = figure.colorbar(contours, label="loss")
    bar.set_ticks(ticks.tolist(), labels=[f"{tick:.2g}" for tick in ticks])
    bar.ax.minorticks_off()
    axes.set_title(title)
    figure.savefig(path)
    return Path(path)


def fill(axes: Axes, plane: Plane) -> QuadContourSet:
    """Draw height lines, and the path if there is one, into axes; return the contours.

    Like `walk` it takes its look from `pearlite.see.style.styled`, under which it is called.
    """
    heights = np.ma.masked_invalid(plane.loss_YX)
    low, high = float(heights.min()), float(heights.max())
    logarithmic = low > 0 and high > 10 * low
    top = high if high > low else low + 1
    levels = (np.geomspace if logarithmic else np.linspace)(low, top, _LEVELS)
    levels[[0, -1]] = low, top
    contours = axes.contourf(
        plane.across, plane.down, heights, levels, norm=LogNorm() if logarithmic else None
    )
    axes.contour(
        plane.across, plane.down, heights, levels, colors="white", linewidths=0.3, alpha=0.6
    )
    if plane.path_N2 is not None:
        walk(axes, plane.path_N2)
    names = ["direction 1", "direction 2"]
    if plane.explained is not None:
        names = [
            f"{name} ({share:.0%} of the path)"
            for name, share in zip(names, plane.explained, strict=True)
        ]
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    return contours


def walk(
    axes: Axes, path_N2: Floats, label: str = "", colour: str = VERMILION, style: str = "-"
) -> None:
    """Draw an optimiser's path, edged in white: a ring where it begins, a dot where it ends."""
    across, down = path_N2.T
    edge = [withStroke(linewidth=3.2, foreground="white")]
    look = {"color": colour, "path_effects": edge}
    axes.plot(across, down, style, lw=1.6, label=label or None, **look)
    axes.plot(across[:1], down[:1], "o", mfc="none", ms=9, mew=1.6, **look)
    axes.plot(across[-1:], down[-1:], "o", ms=6, **look)


@styled
def draw_lines(
    lines: Mapping[str, Line], path: str | Path, title: str = "Loss along a line"
) -> Path:
    """Draw losses along lines, by name, into a PNG or SVG."""
    figure, grid = panels(size=(6.2, 3.8))
    axes: Axes = grid[0, 0]
    for name, line in lines.items():
        axes.plot(line.at, line.loss, label=name)
    losses = np.concatenate([line.loss for line in lines.values()])
    if losses.min() > 0 and losses.max() > 10 * losses.min():
        axes.set_yscale("log")
    for end in (0, 1):
        axes.axvline(end, color=FAINT, linewidth=1, zorder=0)
    axes.set_xlabel("0: first weights, 1: second weights")
    axes.set_ylabel("loss")
    axes.set_title(title)
    axes.legend()
    figure.savefig(path)
    return Path(path)
