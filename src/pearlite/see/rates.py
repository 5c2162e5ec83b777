"""A picture of a learning-rate scan."""

from pathlib import Path

from matplotlib.figure import Figure
from numpy.typing import NDArray

from pearlite.see.style import SOFT, VERMILION, styled


@styled
def draw_rates(
    rates: NDArray, losses: NDArray, smooth: NDArray, suggestion: float, path: Path
) -> None:
    """Draw the loss over the rate, as `pearlite.train.finder.find_rate` saw them, into a PNG.

    Parameters
    ----------
    rates, losses, smooth
        The scan: one-dimensional, equally long.
    suggestion
        The rate to mark.
    path
        Where to.
    """
    figure = Figure(figsize=(5.2, 3.2))
    axes = figure.add_subplot(xscale="log", xlabel="learning rate", ylabel="loss")
    axes.plot(rates, losses, color=SOFT, linewidth=0.8, label="each step")
    axes.plot(rates, smooth, label="smoothed")
    axes.axvline(suggestion, color=VERMILION, label=f"suggestion {suggestion:.2g}")
    span = smooth[0] - smooth.min()
    axes.set_ylim(smooth.min() - 0.1 * span, smooth[0] + 0.6 * span)
    axes.legend()
    figure.savefig(path)
