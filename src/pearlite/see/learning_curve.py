"""Error against the number of training samples, with the law fitted to it."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pearlite.see.style import BLUE, FAINT, SKY, SOFT

Values = NDArray[np.floating]


def draw_learning_curve(
    axis: Axes,
    size_M: Values,
    error_M: Values,
    size_G: Values,
    law_3G: Values,
    labels: tuple[str, str] = ("training samples", "error"),
) -> None:
    """Draw measured errors, and the fitted law beyond them.

    Parameters
    ----------
    axis
        Where to draw; its horizontal axis becomes logarithmic.
    size_M, error_M
        Number of training samples and error of each measurement.
    size_G, law_3G
        Sizes at which the law is given: value, lower and upper end.
    labels
        Names of the two axes.
    """
    value, low, high = law_3G
    last = size_M.max()
    axis.fill_between(size_G, low, high, color=SKY, alpha=0.25, lw=0)
    known = size_G <= last
    axis.plot(size_G[known], value[known], color=BLUE)
    axis.plot(size_G[size_G >= last], value[size_G >= last], ":", color=BLUE)
    axis.scatter(size_M, error_M, s=16, color=BLUE, alpha=0.8, lw=0, zorder=3)
    axis.axvline(last, color=SOFT, lw=0.9, ls=(0, (2, 3)))
    axis.annotate(
        "today",
        (last, 0.98),
        xycoords=axis.get_xaxis_transform(),
        xytext=(-4, 0),
        textcoords="offset points",
        color=SOFT,
        fontsize=8.5,
        va="top",
        ha="right",
    )
    axis.set_xscale("log")
    ticks = [size for size in np.unique(size_M)[::-1]][::2]
    axis.set_xticks([*ticks, size_G[-1]], [f"{size:,.0f}" for size in (*ticks, size_G[-1])])
    axis.minorticks_off()
    axis.set(xlabel=labels[0], ylabel=labels[1], ylim=(0, None))
    axis.grid(axis="y", color=FAINT)
    axis.set_axisbelow(True)
