"""The loss as a landscape over the parameters, and SGD, momentum and Adam walking in it.

Axes: B samples, P parameters, N places on a path.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from pearlite.lecture import run
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.training import parameters
from pearlite.nets.mlp import MLP
from pearlite.see import page
from pearlite.see.landscape import Plane, WeightPath, plane
from pearlite.see.landscape_picture import fill, walk
from pearlite.see.style import BLUE, INK, VERMILION, panels, styled
from pearlite.task import Task
from pearlite.train.losses import mse
from pearlite.train.optimisers import MakeOptimiser, adam, sgd
from pearlite.train.trainer import Trainer

START, SPAN, STEPS_OF_TWO = (-2.6, 1.6), 3.5, 100
WIDTHS, STEPS_OF_NET = (1, 16, 16, 1), 400
# Rates by hand: large enough to arrive, small enough to draw a path without jumps (seed 0).
FOR_TWO = {"SGD": sgd(0.3), "momentum": sgd(0.05, 0.9), "Adam": adam(0.1)}
FOR_NET = {"SGD": sgd(0.1), "momentum": sgd(0.03, 0.9), "Adam": adam(0.01)}
STYLES = {"SGD": (BLUE, "-"), "momentum": (VERMILION, "--"), "Adam": (INK, "-.")}

Batch = tuple[Tensor, Tensor]


class TwoParameters(Task):
    """The smallest network with a hidden neuron: ŷ = v · tanh(w · x)."""

    def __init__(self, w: float, v: float) -> None:
        super().__init__()
        self.wv_P = nn.Parameter(torch.tensor([w, v]))

    def f(self, x: Tensor) -> Tensor:
        """Predict y, shape (B,)."""
        return self.wv_P[1] * torch.tanh(self.wv_P[0] * x)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Mean squared error."""
        return mse(y_hat, y)


class Wave(Task):
    """An MLP that learns a wave."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.net = MLP(WIDTHS, activation="tanh", generator=generator)

    def f(self, x: Tensor) -> Tensor:
        """Predict y, shape (B, 1)."""
        return self.net(x)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Mean squared error."""
        return mse(y_hat, y)


@dataclass(frozen=True)
class Walk:
    """Where an optimiser went: the task at the end, its weights and losses on the way."""

    task: Task
    places: list[Tensor]
    losses: list[float]


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Let three optimisers walk with two parameters and with many; write the page."""
    generator = torch.Generator().manual_seed(seed)
    few = two_samples(generator)
    small = {
        name: go(TwoParameters(*START), few, make, STEPS_OF_TWO) for name, make in FOR_TWO.items()
    }
    axes_PP = torch.eye(2)
    ground = plane(
        TwoParameters(0.0, 0.0), few, directions=(axes_PP[0], axes_PP[1]), span=SPAN, points=81
    )

    many = wave_samples(generator)
    large = {name: go(Wave(seed), many, make, STEPS_OF_NET) for name, make in FOR_NET.items()}
    together = [place for each in large.values() for place in each.places]
    seen = plane(large["Adam"].task, many, path=together)
    around = plane(large["Adam"].task, many, seed=seed)
    assert seen.explained is not None

    weights = parameters(large["Adam"].task)
    rows = [
        (name, f"{small[name].losses[-1]:.4f}", f"{large[name].losses[-1]:.5f}") for name in small
    ]
    sections = [
        Section(
            "Two parameters: all of the landscape",
            [
                "Over every pair of parameters w, v of the network ŷ = v · tanh(w · x) stands its "
                "loss. Training is a walk downhill, step by step, by the slope underfoot.",
                Picture(
                    "figure",
                    two_figure(ground, small),
                    "Height lines of a landscape with two valleys and a saddle between them, three "
                    "paths from the same start, and the loss over the steps",
                    "Two valleys, for changing the sign of both parameters changes nothing, with "
                    "a saddle between them. All start at the ring. SGD steps straight down "
                    "the slope and slows down where it gets flat; momentum adds up slopes, rolls "
                    "and overshoots; Adam steps equally far in both parameters, steep or not.",
                ),
            ],
        ),
        Section(
            f"{weights:,} parameters: a cut through the landscape",
            [
                Picture(
                    "network",
                    net_figure(seen, around, large),
                    "Three paths of a network in the plane in which they spread most, the "
                    "landscape around the end of Adam's path, and the loss over the steps",
                    "Left: the plane in which the three walks spread most holds "
                    f"{sum(seen.explained):.0%} of their extent. What one sees is its height; a "
                    "walker above or below the plane stands at another one, so only Adam's end "
                    "has the height that is drawn there. Middle: around that end in two random "
                    "directions, scaled by the size of the weights (Li et al., NeurIPS 2018).",
                ),
                page.table(
                    rows,
                    (
                        "",
                        f"loss with 2 parameters, {STEPS_OF_TWO} steps",
                        f"loss with {weights:,}, {STEPS_OF_NET} steps",
                    ),
                ),
                "Each optimiser has its own rate, chosen by hand so that its path can be seen: "
                "this is no contest, and on another landscape the order may be another.",
            ],
        ),
    ]
    numbers = {
        "two_parameters": {name: each.losses[-1] for name, each in small.items()},
        "ends": {name: each.places[-1].tolist() for name, each in small.items()},
        "weights": weights,
        "network": {name: each.losses[-1] for name, each in large.items()},
        "explained": seen.explained,
    }
    question = "Where does training walk, and how do SGD, momentum and Adam differ on the way?"
    return Page("landscape", question, sections, numbers, seed).write(folder)


def go(task: Task, batch: Batch, make: MakeOptimiser, steps: int) -> Walk:
    """Train on one batch and remember all places and losses."""
    path = WeightPath()
    trainer = Trainer(task, optimiser=make, events={"start": [path.record], "step": [path.record]})
    trainer.fit(lambda step: batch, steps=steps)
    losses = [row["loss"] for row in trainer.history]
    with torch.no_grad():
        losses.append(task.loss(batch).item())
    return Walk(task, path.weights, losses)


def two_samples(generator: torch.Generator) -> Batch:
    """Draw samples of 1.5 · tanh(0.8 x) with noise; shapes (B,)."""
    x_B = torch.linspace(-3, 3, 60)
    return x_B, 1.5 * torch.tanh(0.8 * x_B) + 0.2 * torch.randn(60, generator=generator)


def wave_samples(generator: torch.Generator) -> Batch:
    """Draw samples of a wave with noise; shapes (B, 1)."""
    x_B1 = torch.linspace(-2, 2, 80)[:, None]
    return x_B1, torch.sin(3 * x_B1) + 0.05 * torch.randn(80, 1, generator=generator)


def two_figure(ground: Plane, walks: dict[str, Walk]) -> Figure:
    """Draw the landscape of two parameters with the paths, beside the losses."""
    figure, axes = panels(1, 2, size=(9, 4), width_ratios=(1.25, 1))
    left, right = axes[0]
    figure.colorbar(fill(left, ground), ax=left, label="loss", format="%.2g")
    for name, each in walks.items():
        places_N2 = torch.stack(each.places).double().numpy()
        walk(left, places_N2, name, *STYLES[name])
    left.set(xlabel="w", ylabel="v")
    left.set_title("Three walks")
    _legend(left)
    _losses(right, walks)
    return figure


def net_figure(seen: Plane, around: Plane, walks: dict[str, Walk]) -> Figure:
    """Draw the plane of the walks, and the surroundings of their last end."""
    assert seen.path_N2 is not None
    figure, axes = panels(1, 3, size=(9, 3.5), width_ratios=(1.15, 1.05, 0.9))
    left, middle, right = axes[0]
    bare = Plane(seen.across, seen.down, seen.loss_YX, explained=seen.explained)
    figure.colorbar(fill(left, bare), ax=left, format="%.2g")
    lengths = [len(each.places) for each in walks.values()]
    parts = np.split(seen.path_N2, np.cumsum(lengths)[:-1])
    for name, part_N2 in zip(walks, parts, strict=True):
        walk(left, part_N2, name, *STYLES[name])
    left.set_title("The walks' own plane")
    _legend(left)
    figure.colorbar(fill(middle, around), ax=middle, format="%.2g")
    middle.set_title("Around Adam's end")
    _losses(right, walks)
    return figure


def _legend(axis: Axes) -> None:
    axis.legend(loc="lower right", fontsize=8, frameon=True, edgecolor="none", framealpha=0.85)


def _losses(axis: Axes, walks: dict[str, Walk]) -> None:
    for name, each in walks.items():
        colour, style = STYLES[name]
        axis.semilogy(each.losses, style, color=colour, lw=1.5, label=name)
    axis.set(xlabel="step", ylabel="loss (mean squared error)")
    axis.set_title("The loss")
    axis.grid(axis="y")


if __name__ == "__main__":
    print(run("landscape") / "index.html")
