"""Whether predicted probabilities mean what they say."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pearlite.see.style import BLUE, FAINT, INK

Values = NDArray[np.floating]


def draw_reliability(
    axis: Axes, predicted_B: Values, observed_B: Values, interval_2B: Values, count_B: Values
) -> None:
    """Draw how often what was predicted with some probability came true, bin by bin.

    Parameters
    ----------
    axis
        Square axes.
    predicted_B, observed_B
        Mean predicted probability of each of B bins, and the share that came true.
    interval_2B
        Lower and upper end of that share.
    count_B
        Samples in each bin; points are drawn as large.
    """
    axis.plot((0, 1), (0, 1), color=INK, lw=0.9)
    axis.vlines(predicted_B, *interval_2B, color=BLUE, alpha=0.45, lw=1.4)
    axis.scatter(predicted_B, observed_B, s=12 + 90 * count_B / count_B.max(), color=BLUE, lw=0)
    axis.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    axis.set(xlabel="predicted probability", ylabel="share that came true")
    axis.grid(color=FAINT)
    axis.set_axisbelow(True)
