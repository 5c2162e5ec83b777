"""A confusion matrix as a picture: right answers in grey, mistakes in a colour."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from pearlite.see.style import FAINT, INK, VERMILION


def draw_confusion(axis: Axes, counts_KK: NDArray[Any], colour: str = VERMILION) -> None:
    """Draw counts, a row a true class and a column an answer, into axes; nothing where it is 0."""
    last = len(counts_KK) - 0.5
    for (row, column), count in np.ndenumerate(counts_KK):
        if count:
            right = row == column
            corner = column - 0.46, row - 0.46
            axis.add_patch(Rectangle(corner, 0.92, 0.92, color=FAINT if right else colour, lw=0))
            ink = INK if right else "white"
            axis.text(column, row, str(count), ha="center", va="center", color=ink, fontsize=9)
    classes = range(len(counts_KK))
    axis.set(xlim=(-0.5, last), ylim=(last, -0.5), aspect="equal", xticks=classes, yticks=classes)
    axis.set(xlabel="answer", ylabel="true class")
    axis.tick_params(length=0)
    axis.spines[:].set(visible=True, color=FAINT)
