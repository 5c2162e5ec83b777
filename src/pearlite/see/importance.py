"""What a model leans on, and what it makes of it: bars with intervals, curves with their spread."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pearlite.see.style import BLUE, FAINT, INK, SKY, SOFT

SHOWN = 12  # columns at most, the most important first

Values = NDArray[np.floating]


def draw_importance(axis: Axes, names: Sequence[str], loss_C3: Values, label: str) -> None:
    """Draw by how much the error grows when a column, or columns that go together, is shuffled.

    Parameters
    ----------
    axis
        Where to draw.
    names
        A name for each of C columns or groups of columns.
    loss_C3
        Value, lower and upper end of its interval, shape ``(C, 3)``.
    label
        Of the horizontal axis.
    """
    order = np.argsort(-loss_C3[:, 0], kind="stable")[:SHOWN]
    value, low, high = loss_C3[order].T
    rows = np.arange(len(order))
    axis.axvline(0, color=INK, lw=0.9)
    axis.barh(rows, value, height=0.62, color=np.where(low > 0, BLUE, FAINT))
    axis.hlines(rows, low, high, color=INK, lw=1.1)
    axis.set_yticks(rows, [_short(names[int(number)]) for number in order])
    axis.set(ylim=(len(order) - 0.4, -0.6), xlabel=label)
    axis.tick_params(axis="y", length=0)


def draw_dependence(
    axis: Axes,
    values_G: Values | Sequence[str],
    mean_G: Values,
    spread_2G: Values,
    labels: tuple[str, str],
    local_G: Values | None = None,
) -> None:
    """Draw how the mean prediction changes with one column, and how much samples differ in it.

    Parameters
    ----------
    axis
        Where to draw.
    values_G
        Values of the column, ascending numbers or names of categories.
    mean_G
        Mean prediction at each.
    spread_2G
        Lower and upper end of what single samples do at each.
    labels
        Names of the column and of what is predicted.
    local_G
        The mean found from small steps of samples that lie there, drawn dotted.
    """
    low, high = spread_2G
    if isinstance(values_G, np.ndarray) and values_G.dtype.kind in "iuf":
        axis.fill_between(values_G, low, high, color=SKY, alpha=0.25, lw=0)
        axis.plot(values_G, mean_G, color=BLUE)
        if local_G is not None:
            axis.plot(values_G, local_G, ":", color=SOFT)
    else:
        rows = np.arange(len(values_G))
        axis.vlines(rows, low, high, color=SKY, alpha=0.6, lw=6)
        axis.plot(rows, mean_G, "o", color=BLUE, ms=5)
        axis.set_xticks(rows, [_short(str(value), 12) for value in values_G], rotation=30)
    axis.set(xlabel=_short(labels[0], 34), ylabel=labels[1])
    axis.grid(axis="y", color=FAINT)
    axis.set_axisbelow(True)


def _short(name: str, longest: int = 30) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
