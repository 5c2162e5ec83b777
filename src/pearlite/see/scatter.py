"""Points and a curve in a small SVG that takes its colours from the page, light or dark."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pearlite.see.html import Html, tag

_WIDTH, _HEIGHT = 520, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 14, 14, 48


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
    ticks_x, ticks_y = _ticks(float(x.min()), float(x.max())), _ticks(0.0, float(y.max()))

    def across(value: float) -> float:
        span = ticks_x[-1] - ticks_x[0]
        return round(_LEFT + (value - ticks_x[0]) / span * (_WIDTH - _LEFT - _RIGHT), 1)

    def down(value: float) -> float:
        share = (value - ticks_y[0]) / (ticks_y[-1] - ticks_y[0])
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)

    steps = np.linspace(x.min(), x.max(), 60)
    heights = np.clip(curve(steps), ticks_y[0], ticks_y[-1])
    path = " ".join(f"{across(a)},{down(b)}" for a, b in zip(steps, heights, strict=True))
    dots = [
        tag("circle", cx=across(a), cy=down(b), r=3, class_="dot")
        for a, b in zip(x, y, strict=True)
    ]
    return tag(
        "svg",
        *_grid(ticks_x, ticks_y, across, down),
        *dots,
        tag("polyline", points=path, class_="fit"),
        tag("text", labels[0], x=(_LEFT + _WIDTH) / 2, y=_HEIGHT - 6, text_anchor="middle"),
        tag(
            "text",
            labels[1],
            transform=f"translate(14 {_HEIGHT / 2}) rotate(-90)",
            text_anchor="middle",
        ),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        class_="plot",
        role="img",
        aria_label=summary,
    )


def _grid(
    ticks_x: Sequence[float],
    ticks_y: Sequence[float],
    across: Callable[[float], float],
    down: Callable[[float], float],
) -> list[Html]:
    bottom = _HEIGHT - _BOTTOM
    parts = [tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=bottom, y2=bottom, class_="axis")]
    for value in ticks_x:
        parts.append(
            tag("text", f"{value:g}", x=across(value), y=bottom + 18, text_anchor="middle")
        )
    for value in ticks_y:
        y = down(value)
        parts.append(tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="axis"))
        parts.append(tag("text", f"{value:g}", x=_LEFT - 8, y=y + 4, text_anchor="end"))
    return parts


def _ticks(low: float, high: float) -> list[float]:
    """Return four to eight round numbers that enclose `low` and `high`."""
    span = high - low or abs(high) or 1.0
    size = 10.0 ** np.floor(np.log10(span / 4))
    step = next(size * factor for factor in (1, 2, 5, 10) if span / (size * factor) <= 6)
    first, last = np.floor(low / step), np.ceil(max(high, low + step) / step)
    return [float(f"{index * step:.12g}") for index in np.arange(first, last + 1)]
