"""Shares with their 95 % intervals, in words and as a picture."""

from collections.abc import Mapping

from matplotlib.axes import Axes

from pearlite.judge.interval import Interval
from pearlite.see.style import INK, SOFT


def percent(share: Interval) -> str:
    """Write a share from 0 to 1 with its interval, for people."""
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def draw_intervals(
    axis: Axes, groups: Mapping[str, Mapping[str, Interval]], colours: Mapping[str, str]
) -> None:
    """Draw a line a name, under `pearlite.see.style.styled`.

    Parameters
    ----------
    axis
        Where to.
    groups
        One or two groups of shares by the same names; the first has filled dots, the second
        hollow ones.
    colours
        Of the names.
    """
    names = list(next(iter(groups.values())))
    shifts = (-0.14, 0.14) if len(groups) == 2 else (0,)
    for shift, (group, shares) in zip(shifts, groups.items(), strict=True):
        hollow = shift > 0
        for height, name in enumerate(names):
            got, colour = shares[name], colours[name]
            axis.plot([got.low, got.high], [height + shift] * 2, color=colour, lw=2.2)
            face = "white" if hollow else colour
            axis.plot(got.value, height + shift, "o", color=colour, mfc=face, ms=8, mew=1.8)
        face = "white" if hollow else SOFT
        axis.plot([], [], "o", color=SOFT, mfc=face, ms=8, mew=1.8, label=group)
    axis.set_yticks(range(len(names)), names, fontsize=10.5, color=INK)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.grid(axis="x")
    axis.spines["left"].set_visible(False)
    axis.tick_params(length=0)
