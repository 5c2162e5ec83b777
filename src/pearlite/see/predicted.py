"""Predictions against the truth: how near they are, and whether their intervals hold it."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pearlite.see.style import BLUE, FAINT, INK, SOFT, VERMILION

SHOWN = 1500  # points drawn at most, evenly chosen along the truth

Values = NDArray[np.floating]


def draw_predicted(
    axis: Axes,
    truth_N: Values,
    predicted_N: Values,
    interval_2N: Values | None = None,
    outside_N: NDArray[np.bool_] | None = None,
    name: str = "",
) -> None:
    """Draw predictions over the truth, with their intervals and the line where both are equal.

    Parameters
    ----------
    axis
        Square axes.
    truth_N, predicted_N
        Finite values in one unit, shape ``(N,)``.
    interval_2N
        Lower and upper ends; a truth outside them is drawn in vermilion.
    outside_N
        Which samples are unlike the training part; drawn hollow.
    name
        Of what is predicted, with its unit.
    """
    chosen = _spread(truth_N)
    truth, predicted = truth_N[chosen], predicted_N[chosen]
    hollow = np.zeros(len(truth), bool) if outside_N is None else outside_N[chosen]
    missed = np.zeros(len(truth), bool)
    if interval_2N is not None:
        low, high = interval_2N[:, chosen]
        missed = (truth < low) | (truth > high)
        axis.vlines(truth, low, high, color=np.where(missed, VERMILION, BLUE), alpha=0.22, lw=1)
    limits = _limits(np.concatenate([truth, predicted]))
    axis.plot(limits, limits, color=INK, lw=0.9, zorder=2)
    for wrong, colour in ((False, BLUE), (True, VERMILION)):
        for empty, face in ((False, colour), (True, "white")):
            some = (missed == wrong) & (hollow == empty)
            axis.scatter(
                truth[some],
                predicted[some],
                s=13,
                facecolor=face,
                edgecolor=colour,
                lw=0.7,
                alpha=0.8,
                zorder=3,
            )
    axis.set(xlim=limits, ylim=limits, aspect="equal")
    axis.set(xlabel=f"{name}, true".lstrip(", "), ylabel=f"{name}, predicted".lstrip(", "))
    axis.grid(color=FAINT)
    axis.set_axisbelow(True)


def draw_probabilities(
    axis: Axes, truth_N: NDArray[np.bool_], probability_N: Values, names: tuple[str, str]
) -> None:
    """Draw how often each predicted probability was given to samples of either class.

    Parameters
    ----------
    axis
        Where to draw.
    truth_N
        Whether a sample belongs to the second class.
    probability_N
        Predicted probability of the second class.
    names
        The two classes.
    """
    edges = np.linspace(0, 1, 21)
    for member, colour, name in ((False, SOFT, names[0]), (True, BLUE, names[1])):
        counts = np.histogram(probability_N[truth_N == member], edges)[0]
        heights = counts if member else -counts
        axis.bar(edges[:-1], heights, 0.046, align="edge", color=colour)
        side, place = ("top", 0.98) if member else ("bottom", 0.02)
        axis.text(
            0.02,
            place,
            f"truly {name}",
            color=colour,
            va=side,
            transform=axis.transAxes,
            weight="bold",
        )
    axis.axhline(0, color=INK, lw=0.8)
    axis.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axis.set(xlim=(0, 1), xlabel=f"predicted probability of {names[1]}", ylabel="samples")
    axis.margins(y=0.12)


def _spread(truth_N: Values) -> NDArray[np.intp]:
    """Return which samples to draw: all, or evenly chosen ones in the order of the truth."""
    order = np.argsort(truth_N, kind="stable")
    return order[np.linspace(0, len(order) - 1, min(SHOWN, len(order))).astype(int)]


def _limits(values: Values) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin
