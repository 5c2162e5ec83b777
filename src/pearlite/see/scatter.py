"""Points and a curve in a small SVG that takes its colours from the page, light or dark."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pearlite.see.axes import places, plot, round_ticks
from pearlite.see.html import Html, tag


def scatter(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    curve: Callable[[NDArray[np.floating]], NDArray[np.floating]],
    labels: tuple[str, str],
    summary: str,
) -> Html:
    """Return a plot of points and of the curve that was fitted to them.

    Parameters
    ----------
    x, y
        The points, one-dimensional and finite, at least one.
    curve
        Gives the fitted y for an array of x.
    labels
        Names of the two axes.
    summary
        What the plot shows, for those who cannot see it.
    """
    ticks_x, ticks_y = round_ticks(float(x.min()), float(x.max())), round_ticks(0.0, float(y.max()))
    across, down = places(ticks_x, ticks_y)
    steps = np.linspace(x.min(), x.max(), 60)
    heights = np.clip(curve(steps), ticks_y[0], ticks_y[-1])
    path = " ".join(f"{across(a)},{down(b)}" for a, b in zip(steps, heights, strict=True))
    dots = [
        tag("circle", cx=across(a), cy=down(b), r=3, class_="dot")
        for a, b in zip(x, y, strict=True)
    ]
    fit = tag("polyline", points=path, class_="fit")
    return plot(ticks_x, ticks_y, labels, summary, *dots, fit)
