"""Where predictions are wrong: residuals along the prediction, and group by group."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pearlite.see.style import BLUE, FAINT, INK, SOFT, VERMILION

GROUPS, WINDOWS, SHOWN = 14, 12, 1500  # groups named, windows of the running median, points drawn

Values = NDArray[np.floating]


def draw_residuals(axis: Axes, predicted_N: Values, residual_N: Values, name: str = "") -> None:
    """Draw residuals over predictions, with their running median and its middle 80 %.

    Parameters
    ----------
    axis
        Where to draw.
    predicted_N, residual_N
        Predictions, and truth minus prediction; shape ``(N,)``.
    name
        Of what is predicted, with its unit.
    """
    order = np.argsort(predicted_N, kind="stable")
    x, y = predicted_N[order], residual_N[order]
    some = np.linspace(0, len(x) - 1, min(SHOWN, len(x))).astype(int)
    axis.axhline(0, color=INK, lw=0.9)
    axis.scatter(x[some], y[some], s=11, color=BLUE, alpha=0.45, lw=0)
    if len(x) >= 5 * WINDOWS:
        windows = np.array_split(np.arange(len(x)), WINDOWS)
        middle = [np.median(x[window]) for window in windows]
        low, half, high = (
            [np.quantile(y[window], q) for window in windows] for q in (0.1, 0.5, 0.9)
        )
        axis.fill_between(middle, low, high, color=VERMILION, alpha=0.12, lw=0)
        axis.plot(middle, half, color=VERMILION)
    axis.set(xlabel=f"{name}, predicted".lstrip(", "), ylabel="truth − prediction")
    axis.grid(axis="y", color=FAINT)
    axis.set_axisbelow(True)


def draw_residuals_by_group(axis: Axes, residual_N: Values, group_N: NDArray[Any]) -> int:
    """Draw every residual of the groups that are farthest off on average, the worst on top.

    Parameters
    ----------
    axis
        Where to draw.
    residual_N
        Truth minus prediction, shape ``(N,)``.
    group_N
        Name of each sample's group.

    Returns
    -------
    int
        How many groups are drawn, at most `GROUPS`.
    """
    present, place_N = np.unique(group_N, return_inverse=True)
    size_G = np.bincount(place_N)
    mean_G = np.bincount(place_N, residual_N) / size_G
    worst = np.argsort(-np.abs(mean_G), kind="stable")[:GROUPS]
    axis.axvline(0, color=INK, lw=0.9)
    labels = []
    for row, group in enumerate(worst):
        values = residual_N[place_N == group]
        axis.hlines(row, 0, mean_G[group], color=SOFT, lw=1)
        axis.scatter(values, np.full(len(values), row), s=13, color=BLUE, alpha=0.5, lw=0)
        axis.scatter(mean_G[group], row, s=46, marker="|", color=VERMILION, lw=2, zorder=3)
        labels.append(f"{_short(str(present[group]))} ({size_G[group]})")
    axis.set_yticks(range(len(worst)), labels)
    axis.set(ylim=(len(worst) - 0.4, -0.6), xlabel="truth − prediction")
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color=FAINT)
    axis.set_axisbelow(True)
    return len(worst)


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:25]}…"
