"""A network learns x² from noisy examples: x → f(x; θ) → ŷ, L(ŷ, y), update θ.

Axes: N examples, D features (one here).
"""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from pearlite.lecture import run
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.training import parameters
from pearlite.nets.mlp import MLP
from pearlite.see import page
from pearlite.see.style import BLUE, FAINT, GREEN, INK, ORANGE, SOFT, VERMILION, panels, styled
from pearlite.task import Task
from pearlite.train.losses import mse
from pearlite.train.optimisers import adam
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss

WIDTHS, RATE, STEPS = (1, 32, 32, 1), 1e-2, 1500
EXAMPLES, NOISE, EDGE = 60, 0.15, 2.0  # drawn from −EDGE to EDGE
SHOWN = (0, 30, 150)  # steps after which the curve is drawn, beside the last

Examples = tuple[Tensor, Tensor]


class Square(Task):
    """An MLP that predicts y from x; squared error."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.net = MLP(WIDTHS, generator=generator)

    def f(self, x: Tensor) -> Tensor:
        """Predict y for every x, shape (N, 1)."""
        return self.net(x)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Mean squared error."""
        return mse(y_hat, y)


class Snapshots:
    """Predicts on a grid at the start and after chosen steps."""

    def __init__(self, x_ND: Tensor, steps: tuple[int, ...]) -> None:
        self.x_ND, self.steps = x_ND, steps
        self.curves: dict[int, NDArray[np.float32]] = {}

    def __call__(self, trainer: Trainer) -> None:
        """Add the present curve, if it is time; belongs to ``"start"`` and ``"step"``."""
        if trainer.step in self.steps:
            self.curves[trainer.step] = predict(trainer.task, self.x_ND)


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Let a network learn x², test it inside and outside of what it has seen; write the page."""
    generator = torch.Generator().manual_seed(seed)
    task = Square(generator)
    training, validation, test = (examples(EXAMPLES, generator) for _ in range(3))
    grid_ND = torch.linspace(-2 * EDGE, 2 * EDGE, 401)[:, None]
    snapshots, schedule = Snapshots(grid_ND, SHOWN), cosine(steps=STEPS, warm_up=10)
    trainer = Trainer(
        task,
        optimiser=adam(RATE),
        validate=mean_loss([validation]),
        every=10,
        events={"start": [snapshots], "step": [schedule, snapshots]},
    )
    trainer.fit(lambda step: training, steps=STEPS)
    curves = {**snapshots.curves, trainer.best_step: predict(task, grid_ND)}

    inside = grid_ND.abs().squeeze() <= EDGE
    wrong_N = (torch.from_numpy(curves[trainer.best_step]) - grid_ND.squeeze() ** 2).double()
    numbers = {
        "parameters": parameters(task),
        "examples": EXAMPLES,
        "noise": NOISE,
        "best_step": trainer.best_step,
        "test_rms": float(np.sqrt(np.mean((predict(task, test[0]) - test[1][:, 0].numpy()) ** 2))),
        "rms_inside": wrong_N[inside].square().mean().sqrt().item(),
        "rms_outside": wrong_N[~inside].square().mean().sqrt().item(),
        "wrong_at_the_far_end": wrong_N[-1].abs().item(),
    }
    sections = [
        Section(
            "Learning from examples",
            [
                f"The network has {numbers['parameters']:,} parameters and was never told what a "
                f"square is. It sees {EXAMPLES} examples of x and x², the latter with an error of "
                f"±{NOISE}, and changes its parameters so that its own answers come closer.",
                Picture(
                    "figure",
                    learning_figure(grid_ND.numpy(), curves, training, trainer.history),
                    "The network's curve after a growing number of steps approaches the parabola; "
                    "beside it the training and validation loss over the steps",
                    "Left: what the network says after so many steps. Right: the loss on the "
                    "examples it learns from and on as many that it does not; below the dashed "
                    "line only noise is left to be learned. The weights of the best validation "
                    "are kept.",
                ),
                page.tiles(
                    [
                        (
                            "error on new examples",
                            f"{numbers['test_rms']:.3f}",
                            f"root mean square; their own noise is {NOISE}",
                        ),
                        (
                            "error against x², inside",
                            f"{numbers['rms_inside']:.3f}",
                            f"root mean square for |x| ≤ {EDGE:g}",
                        ),
                        (
                            "error against x², outside",
                            f"{numbers['rms_outside']:.2f}",
                            f"root mean square for {EDGE:g} < |x| ≤ {2 * EDGE:g}",
                        ),
                    ]
                ),
            ],
        ),
        Section(
            "What it did not learn",
            [
                Picture(
                    "outside",
                    outside_figure(grid_ND.numpy(), curves[trainer.best_step]),
                    "Outside of the examples the network goes on in straight lines while the "
                    "parabola rises",
                    "Outside of the examples the network goes on straight, as its ReLUs do: it "
                    "has learned the curve where it has seen it, not the rule. At x = "
                    f"{2 * EDGE:g} it is wrong by {numbers['wrong_at_the_far_end']:.1f}.",
                )
            ],
        ),
    ]
    question = "Can a network find x² from examples alone? Yes, where there are examples."
    return Page("square", question, sections, numbers, seed).write(folder)


def examples(count: int, generator: torch.Generator) -> Examples:
    """Draw x evenly between the edges, and x² with noise; shapes (N, 1)."""
    x_ND = EDGE * (2 * torch.rand(count, 1, generator=generator) - 1)
    return x_ND, x_ND**2 + NOISE * torch.randn(count, 1, generator=generator)


@torch.no_grad()
def predict(task: Task, x_ND: Tensor) -> NDArray[np.float32]:
    """Return the prediction for every x, shape (N,)."""
    return task(x_ND)[:, 0].numpy().copy()


def learning_figure(
    grid_ND: NDArray[np.float32],
    curves: dict[int, NDArray[np.float32]],
    training: Examples,
    history: list[dict[str, float]],
) -> Figure:
    """Draw the curves on their way beside the losses."""
    figure, axes = panels(1, 2, size=(9, 3.9), width_ratios=(1.2, 1))
    left, right = axes[0]
    left.plot(grid_ND, grid_ND**2, color=FAINT, lw=7, label="x²")
    left.plot(*(part.numpy() for part in training), ".", color=SOFT, ms=5, label="examples")
    last = max(curves)
    on_the_way = zip(SHOWN, ((ORANGE, ":"), (GREEN, "--"), (VERMILION, "-.")), strict=True)
    for step, (colour, style) in on_the_way:
        left.plot(grid_ND, curves[step], style, color=colour, label=f"{step} steps")
    left.plot(grid_ND, curves[last], color=BLUE, label=f"{last} steps")
    left.set(xlim=(-EDGE, EDGE), ylim=(-0.8, 4.6), xlabel="x", ylabel="y")
    left.set_title("The curve on its way")
    left.legend(loc="upper center", ncols=2)
    steps = [row["step"] for row in history]
    right.semilogy(steps, [row["loss"] for row in history], color=SOFT, label="training")
    right.semilogy(steps, [row["val_loss"] for row in history], color=BLUE, label="validation")
    right.axhline(NOISE**2, color=INK, ls="--", lw=1, label="variance of the noise")
    right.set(xlabel="step", ylabel="loss (mean squared error)")
    right.set_title("The loss")
    right.grid(axis="y")
    right.legend()
    return figure


def outside_figure(grid_ND: NDArray[np.float32], curve_N: NDArray[np.float32]) -> Figure:
    """Draw the network's curve far beyond its examples."""
    figure, axes = panels(size=(9, 2.9))
    axis = axes[0, 0]
    axis.axvspan(-EDGE, EDGE, color=FAINT, alpha=0.6, lw=0)
    axis.text(0, 14.5, "examples came from here", color=SOFT, ha="center")
    axis.plot(grid_ND, grid_ND**2, color=INK, lw=1.2, label="x²")
    axis.plot(grid_ND, curve_N, color=BLUE, label="network")
    axis.set(xlim=(-2 * EDGE, 2 * EDGE), xlabel="x", ylabel="y")
    axis.set_title("Beyond the examples")
    axis.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    print(run("square") / "index.html")
