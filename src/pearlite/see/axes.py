"""Axes of the small SVG plots: round ticks, and where a value lies."""

from collections.abc import Callable, Sequence

import numpy as np

from pearlite.see.html import Html, tag

WIDTH, HEIGHT = 520, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 14, 48
Place = Callable[[float], float]


def places(ticks_x: Sequence[float], ticks_y: Sequence[float]) -> tuple[Place, Place]:
    """Return how far across and down a value lies, in pixels; the ticks' ends are the plot's."""

    def across(value: float) -> float:
        span = ticks_x[-1] - ticks_x[0]
        return round(LEFT + (value - ticks_x[0]) / span * (WIDTH - LEFT - RIGHT), 1)

    def down(value: float) -> float:
        share = (value - ticks_y[0]) / (ticks_y[-1] - ticks_y[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    return across, down


def plot(
    ticks_x: Sequence[float],
    ticks_y: Sequence[float],
    labels: tuple[str, str],
    summary: str,
    *content: Html,
    show_y: Callable[[float], str] = "{:g}".format,
) -> Html:
    """Return the whole plot: lines at the ticks, their numbers, the axes' names, the content.

    Parameters
    ----------
    ticks_x, ticks_y
        Where the ticks are.
    labels
        Names of the two axes.
    summary
        What the plot shows, for those who cannot see it.
    *content
        Points and curves, placed by `places`.
    show_y
        Writes a tick of the vertical axis.
    """
    middle = (LEFT + WIDTH) / 2
    turned = f"translate(14 {HEIGHT / 2}) rotate(-90)"
    return tag(
        "svg",
        *_grid(ticks_x, ticks_y, show_y),
        *content,
        tag("text", labels[0], x=middle, y=HEIGHT - 6, text_anchor="middle"),
        tag("text", labels[1], transform=turned, text_anchor="middle"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        class_="plot",
        role="img",
        aria_label=summary,
    )


def round_ticks(low: float, high: float) -> list[float]:
    """Return four to eight round numbers that enclose `low` and `high`."""
    span = high - low or abs(high) or 1.0
    size = 10.0 ** np.floor(np.log10(span / 4))
    step = next(size * factor for factor in (1, 2, 5, 10) if span / (size * factor) <= 6)
    first, last = np.floor(low / step), np.ceil(max(high, low + step) / step)
    return [float(f"{index * step:.12g}") for index in np.arange(first, last + 1)]


def _grid(
    ticks_x: Sequence[float], ticks_y: Sequence[float], show_y: Callable[[float], str]
) -> list[Html]:
    across, down = places(ticks_x, ticks_y)
    bottom = HEIGHT - BOTTOM
    parts = [tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=bottom, y2=bottom, class_="axis")]
    for value in ticks_x:
        parts.append(
            tag("text", f"{value:g}", x=across(value), y=bottom + 18, text_anchor="middle")
        )
    for value in ticks_y:
        y = down(value)
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="axis"))
        parts.append(tag("text", show_y(value), x=LEFT - 8, y=y + 4, text_anchor="end"))
    return parts
