"""The figures of the page `gan`.

Axes: N samples or places, D features of a sample, H rows, W columns.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from pearlite.lecture.rivals import Match, centres, judged
from pearlite.see.style import BLUE, FAINT, INK, ORANGE, SOFT, VERMILION, panels

SHOWN = 500  # samples in a panel
AROUND = 1.35  # of the ring that is shown
CYCLE = "twilight_shifted"


def orbits_figure(paths: dict[str, Tensor], averages: dict[str, Tensor]) -> Figure:
    """Draw the paths of the two-parameter game, a panel each, and that of an average."""
    figure, axes = panels(1, len(paths), size=(9, 2.75), sharex=True, sharey=True)
    for axis, (name, path_N2) in zip(axes[0], paths.items(), strict=True):
        axis.plot(*path_N2.T.numpy(), color=BLUE, lw=0.9)
        if name in averages:
            axis.plot(*averages[name].T.numpy(), color=VERMILION, lw=2)
            axis.plot(*averages[name][-1].numpy(), "o", color=VERMILION, ms=6)
        axis.plot(*path_N2[-1].numpy(), "o", color=BLUE, ms=6, mec="white")
        axis.plot(*path_N2[0].numpy(), "o", mfc="none", mec=INK, ms=7)
        axis.plot(0, 0, "+", color=INK, ms=11, mew=1.5)
        axis.set(xlim=(-2.3, 2.3), ylim=(-2.3, 2.3), xlabel="what is made, θ", title=name)
        axis.set_aspect("equal")
        axis.grid(True)
    axes[0, 0].set_ylabel("the critic's slope, ψ")
    return figure


def cures_figure(matches: Sequence[Match], real_N2: Tensor, seeds_NZ: Tensor) -> Figure:
    """Draw what each game makes in the end, what its average makes, and the way there."""
    figure, axes = panels(3, len(matches), size=(9, 4.6), height_ratios=(1, 1, 0.8), sharey="row")
    for column, match in enumerate(matches):
        for row, (net, colour) in enumerate(((match.last, BLUE), (match.average, VERMILION))):
            with torch.no_grad():
                made_N2 = net(seeds_NZ)
            covered, share = judged(made_N2)
            _cloud(axes[row, column], made_N2, real_N2, colour)
            axes[row, column].set_xlabel(f"{covered} of 8, {share:.0%}", fontsize=9)
        axes[0, column].set_title(match.rules.name, fontsize=9.5)
        _way(axes[2, column], match)
    axes[0, 0].set_ylabel("last weights", color=BLUE, weight="bold")
    axes[1, 0].set_ylabel("average", color=VERMILION, weight="bold")
    axes[2, 0].set_ylabel("good samples")
    return figure


def _cloud(axis: Axes, made_N2: Tensor, real_N2: Tensor, colour: str) -> None:
    axis.scatter(*real_N2[:SHOWN].T.numpy(), s=3, color=FAINT, lw=0)
    axis.scatter(*made_N2[:SHOWN].T.numpy(), s=3, color=colour, alpha=0.5, lw=0)
    axis.set(xlim=(-AROUND, AROUND), ylim=(-AROUND, AROUND), xticks=[], yticks=[])
    axis.set_aspect("equal")
    axis.spines[:].set_visible(False)


def _way(axis: Axes, match: Match) -> None:
    steps = [step for step, _ in match.looks]
    axis.plot(steps, [n[1] for _, n in match.looks], color=BLUE, lw=1)
    axis.plot(steps, [n[3] for _, n in match.looks], color=VERMILION, lw=1.6)
    axis.set(ylim=(0, 1), xlabel="step", xlim=(0, steps[-1]), xticks=[0, steps[-1]])
    axis.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    axis.grid(axis="y")


def losses_figure(matches: Sequence[Match]) -> Figure:
    """Draw both players' losses, a panel a game, with the losses of a draw."""
    figure, axes = panels(1, len(matches), size=(9, 2.9), sharey=True)
    draw = {"critic": (BLUE, 2 * math.log(2)), "generator": (ORANGE, math.log(2))}
    for axis, match in zip(axes[0], matches, strict=True):
        steps = [row["step"] for row in match.history]
        for player, (colour, level) in draw.items():
            losses = [row[f"loss_{player}"] for row in match.history]
            axis.plot(steps, losses, color=colour, lw=1.4, label=player)
            axis.axhline(level, color=colour, ls=":", lw=1)
        axis.set(xlabel="step", xlim=(0, steps[-1]), title=match.rules.name)
        axis.grid(axis="y")
    axes[0, 0].set_ylabel("loss / nats")
    axes[0, -1].legend(loc="upper right", ncols=2)
    return figure


def seeds_figure(match: Match, walk_NZ: Tensor) -> Figure:
    """Draw the plane of seeds, the samples they become, and a straight walk between two seeds."""
    figure, axes = panels(1, 3, size=(9, 3.1))
    line = torch.linspace(-2.5, 2.5, 61)
    plane_NZ = torch.cartesian_prod(line, line)
    with torch.no_grad():
        made_N2, path_N2 = match.average(plane_NZ), match.average(walk_NZ)
    angle_N = torch.atan2(made_N2[:, 1], made_N2[:, 0])
    left, middle, right = axes[0]
    image = angle_N.view(61, 61).T.numpy()
    left.imshow(
        image, origin="lower", extent=(-2.5, 2.5, -2.5, 2.5), cmap=CYCLE, vmin=-np.pi, vmax=np.pi
    )
    left.plot(*walk_NZ.T.numpy(), color="white", lw=3)
    left.plot(*walk_NZ.T.numpy(), color=INK, lw=1.5)
    left.set(title="seeds", xlabel="seed, first number", ylabel="second number")
    near_N = plane_NZ.norm(dim=1) < 2.5
    middle.scatter(
        *made_N2[near_N].T.numpy(), c=angle_N[near_N].numpy(), s=4, cmap=CYCLE, lw=0,
        vmin=-np.pi, vmax=np.pi,
    )  # fmt: skip
    middle.plot(*path_N2.T.numpy(), color=INK, lw=1.2)
    middle.set(xlim=(-AROUND, AROUND), ylim=(-AROUND, AROUND), title="what they become")
    middle.set_aspect("equal")
    apart_N = torch.cdist(path_N2, centres()).min(1).values
    right.plot(torch.linspace(0, 1, len(path_N2)).numpy(), apart_N.numpy(), color=INK)
    right.set(title="on the walk", xlabel="way from one seed to the other", ylim=(0, None))
    right.set_ylabel("distance to the next mode")
    right.grid(axis="y")
    return figure


def digits_figure(real_NHW: Tensor, made_NHW: Tensor, walks_RNHW: Tensor) -> Figure:
    """Draw real digits, made digits, and walks between two seeds, a row each."""
    rows = [("real", real_NHW), ("made", made_NHW)]
    rows += [("walk" if k == 0 else "", walk) for k, walk in enumerate(walks_RNHW)]
    columns = walks_RNHW.shape[1]
    figure, axes = panels(len(rows), columns, size=(9, 0.72 * len(rows)))
    for line, (name, images_NHW) in zip(axes, rows, strict=True):
        line[0].set_ylabel(name, color=SOFT, rotation=0, ha="right", va="center")
        for axis, image_HW in zip(line, images_NHW, strict=False):
            axis.imshow(image_HW.numpy(), cmap="gray_r", vmin=0, vmax=1)
        for axis in line:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
    return figure
