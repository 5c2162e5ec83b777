"""Loss landscapes as pictures: height lines with the optimiser's path, and curves along a line."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure

from pearlite.see.landscape import Floats, Line, Plane

_LEVELS = 24


def draw_plane(plane: Plane, path: str | Path, title: str = "Loss landscape") -> Path:
    """Draw a plane into a PNG or SVG; heights are logarithmic where they span over a decade."""
    figure = Figure(figsize=(6.2, 5), layout="constrained")
    axes = figure.subplots()
    contours = fill(axes, plane)
    ticks = np.asarray(contours.levels)[:: _LEVELS // 6]
    bar = figure.colorbar(contours, label="loss")
    bar.set_ticks(ticks.tolist(), labels=[f"{tick:.2g}" for tick in ticks])
    bar.ax.minorticks_off()
    axes.set_title(title, loc="left", fontsize=11)
    figure.savefig(path, dpi=110)
    return Path(path)


def fill(axes: Axes, plane: Plane) -> QuadContourSet:
    """Draw height lines, and the path if there is one, into axes; return the contours."""
    heights = np.ma.masked_invalid(plane.loss_YX)
    low, high = float(heights.min()), float(heights.max())
    logarithmic = low > 0 and high > 10 * low
    top = high if high > low else low + 1
    levels = (np.geomspace if logarithmic else np.linspace)(low, top, _LEVELS)
    levels[[0, -1]] = low, top
    contours = axes.contourf(
        plane.across,
        plane.down,
        heights,
        levels,
        cmap="viridis",
        norm=LogNorm() if logarithmic else None,
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


def walk(axes: Axes, path_N2: Floats, label: str = "", colour: str = "#ff6b4a") -> None:
    """Draw an optimiser's path: a ring where it begins, a dot where it ends."""
    across, down = path_N2.T
    axes.plot(across, down, "-", color=colour, linewidth=1.4, label=label or None)
    axes.plot(
        across[:1], down[:1], "o", markerfacecolor="none", markeredgecolor=colour, markersize=9
    )
    axes.plot(across[-1:], down[-1:], "o", color=colour, markersize=6)


def draw_lines(
    lines: Mapping[str, Line], path: str | Path, title: str = "Loss along a line"
) -> Path:
    """Draw losses along lines, by name, into a PNG or SVG."""
    figure = Figure(figsize=(6.2, 3.8), layout="constrained")
    axes = figure.subplots()
    for name, line in lines.items():
        axes.plot(line.at, line.loss, label=name)
    losses = np.concatenate([line.loss for line in lines.values()])
    if losses.min() > 0 and losses.max() > 10 * losses.min():
        axes.set_yscale("log")
    for end in (0, 1):
        axes.axvline(end, color="#c9ccd2", linewidth=1, zorder=0)
    axes.set_xlabel("0: first weights, 1: second weights")
    axes.set_ylabel("loss")
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=110)
    return Path(path)
