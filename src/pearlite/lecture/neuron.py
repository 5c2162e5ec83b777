"""One artificial neuron: ŷ = σ(w · x + b), its gradient by hand and by autodiff, and its update.

Axes: B samples, D inputs.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from pearlite.lecture import graph, run
from pearlite.lecture.page import Page, Picture, Section
from pearlite.see import page
from pearlite.see.style import BLUE, INK, MAP_AROUND_ZERO, VERMILION, panels, styled
from pearlite.task import Task
from pearlite.train.optimisers import sgd
from pearlite.train.trainer import Trainer

RATE, STEPS = 1.0, 300
SAMPLES = 120  # that train, and as many that are withheld
SPREAD = 0.9  # standard deviation of a kind around its centre; the centres are 2.3 apart
OTHERS = 1000  # random neurons on which the two gradients are compared as well


class Neuron(Task):
    """One neuron with two inputs; its parameters are drawn from N(0, 1)."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.w_D = nn.Parameter(torch.randn(2, generator=generator, dtype=torch.float64))
        self.b = nn.Parameter(torch.randn((), generator=generator, dtype=torch.float64))

    def f(self, x: Tensor) -> Tensor:
        """ŷ = σ(w · x + b), between 0 and 1."""
        return torch.sigmoid(x @ self.w_D + self.b)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Mean squared error."""
        return ((y_hat - y) ** 2).mean()


def gradient_by_hand(
    w_D: NDArray[np.float64], b: float, x_D: NDArray[np.float64], y: float
) -> NDArray[np.float64]:
    """Return ∂L/∂w₁, ∂L/∂w₂ and ∂L/∂b of L = (σ(w · x + b) − y)² by the chain rule."""
    y_hat = 1 / (1 + np.exp(-(w_D @ x_D + b)))
    dL_dy_hat = 2 * (y_hat - y)
    dy_hat_dz = y_hat * (1 - y_hat)
    dz_dw_D, dz_db = x_D, 1.0
    return dL_dy_hat * dy_hat_dz * np.array([*dz_dw_D, dz_db])


def gradient_by_autodiff(neuron: Neuron, x_D: Tensor, y: Tensor) -> NDArray[np.float64]:
    """Return the same three derivatives as torch finds them."""
    dL_dw_D, dL_db = torch.autograd.grad(neuron.loss((x_D, y)), [neuron.w_D, neuron.b])
    return torch.cat([dL_dw_D, dL_db[None]]).numpy()


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Compute one neuron's gradient in two ways, draw its graph, let it learn; write the page."""
    generator = torch.Generator().manual_seed(seed)
    neuron = Neuron(generator)
    x_D = torch.randn(2, generator=generator, dtype=torch.float64)
    y = torch.ones((), dtype=torch.float64)
    hand = gradient_by_hand(*_numbers(neuron), x_D.numpy(), y.item())
    auto = gradient_by_autodiff(neuron, x_D, y)
    others = largest_difference(generator)
    root = computed(neuron, x_D, y)

    learner = Neuron(generator)
    before = _numbers(learner)
    training, withheld = clouds(generator), clouds(generator)
    untrained = share_right(learner, withheld)
    trainer = Trainer(learner, optimiser=sgd(RATE))
    trainer.fit(lambda step: training, steps=STEPS)
    trained = share_right(learner, withheld)
    losses = [row["loss"] for row in trainer.history]

    rows = [
        (name, f"{one:.9f}", f"{other:.9f}", f"{abs(one - other):.1e}")
        for name, one, other in zip(("∂L/∂w₁", "∂L/∂w₂", "∂L/∂b"), hand, auto, strict=True)
    ]
    sections = [
        Section(
            "The gradient, twice",
            [
                "A neuron weighs its inputs, adds a bias, bends the sum: ŷ = σ(w₁x₁ + w₂x₂ + b). "
                "The loss L = (ŷ − y)² says how wrong it is. To learn, it must know how L changes "
                "when w₁, w₂ or b change a little.",
                "By hand, the chain rule gives a product of three simple derivatives: "
                "∂L/∂wᵢ = 2(ŷ − y) · ŷ(1 − ŷ) · xᵢ. Autodiff multiplies the same factors, step by "
                "step, from the loss back to the parameters.",
                page.table(rows, ("", "by hand", "by autodiff", "difference")),
                f"They agree for this neuron, and for {OTHERS} others drawn at random: the largest "
                f"difference there is {others:.1e}.",
            ],
        ),
        Section(
            "What torch remembered on the way",
            [
                Picture(
                    "figure",
                    graph_figure(root),
                    "The computational graph from the parameters at the left to the loss at the "
                    "right, with a value and a gradient in every box",
                    "Read from torch's own graph. Values (grey) are computed from left to right. "
                    "The gradient (red) starts with ∂L/∂L = 1 at the right and is multiplied on "
                    "its way back by the number on each arrow. x and y are missing because they "
                    "are measured, not learned: no gradient is kept for them. Below each box is "
                    "torch's name for the step.",
                )
            ],
        ),
        Section(
            "The update",
            [
                f"A step against the gradient, w ← w − {RATE:g} · ∂L/∂w, makes the loss smaller; "
                f"{STEPS} such steps make the neuron tell two kinds of samples apart. All a single "
                "neuron can do is to draw a straight line.",
                Picture(
                    "learning",
                    learning_figure(learner, before, withheld, losses),
                    "Left: withheld samples of two kinds with the neuron's line before and after "
                    "training; right: the loss falls over the steps",
                    f"Withheld samples, half of them of each kind: the untrained neuron had "
                    f"{untrained:.1%} of them right, the trained one {trained:.1%}. The kinds "
                    "overlap, so no line gets all of them.",
                ),
            ],
        ),
    ]
    numbers: dict[str, Any] = {
        "by_hand": hand,
        "by_autodiff": auto,
        "largest_difference": float(np.abs(hand - auto).max()),
        "largest_difference_of_others": others,
        "others": OTHERS,
        "first_loss": losses[0],
        "last_loss": losses[-1],
        "right_before": untrained,
        "right_after": trained,
    }
    question = "How does a neuron know which way to change? By the chain rule, by hand or by torch."
    return Page("neuron", question, sections, numbers, seed).write(folder)


def largest_difference(generator: torch.Generator) -> float:
    """Return by how much the two gradients differ at most, over random neurons and samples."""
    largest = 0.0
    for _ in range(OTHERS):
        neuron = Neuron(generator)
        x_D = torch.randn(2, generator=generator, dtype=torch.float64)
        y = torch.rand((), generator=generator, dtype=torch.float64)
        hand = gradient_by_hand(*_numbers(neuron), x_D.numpy(), y.item())
        difference = np.abs(hand - gradient_by_autodiff(neuron, x_D, y)).max()
        largest = max(largest, float(difference))
    return largest


def computed(neuron: Neuron, x_D: Tensor, y: Tensor) -> graph.Node:
    """Compute the loss in its smallest steps and return torch's graph of them, gradients in it."""
    w1, w2, b = (parameter.detach().requires_grad_() for parameter in (*neuron.w_D, neuron.b))
    x1, x2 = x_D
    p1, p2 = w1 * x1, w2 * x2
    s = p1 + p2
    z = s + b
    y_hat = torch.sigmoid(z)
    e = y_hat - y
    loss = e**2
    return graph.backward(
        loss,
        {
            "w₁": w1,
            "w₂": w2,
            "b": b,
            "p₁ = w₁x₁": p1,
            "p₂ = w₂x₂": p2,
            "s = p₁ + p₂": s,
            "z = s + b": z,
            "ŷ = σ(z)": y_hat,
            "e = ŷ − y": e,
            "L = e²": loss,
        },
    )


def clouds(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw samples of two kinds around two centres: x of shape (B, 2), y of 0 and 1."""
    y_B = torch.arange(SAMPLES) % 2
    centre_BD = torch.tensor([[-0.9, -0.4], [1.2, 0.6]], dtype=torch.float64)[y_B]
    x_BD = centre_BD + SPREAD * torch.randn(SAMPLES, 2, generator=generator, dtype=torch.float64)
    return x_BD, y_B.double()


def share_right(neuron: Neuron, samples: tuple[Tensor, Tensor]) -> float:
    """Return the share of samples on the right side of the neuron's line."""
    x_BD, y_B = samples
    with torch.no_grad():
        return ((neuron(x_BD) > 0.5) == (y_B > 0.5)).double().mean().item()


def graph_figure(root: graph.Node) -> Figure:
    """Draw the computational graph."""
    figure, axes = panels(size=(9, 3.4))
    graph.draw(axes[0, 0], root)
    return figure


def learning_figure(
    neuron: Neuron,
    before: tuple[NDArray[np.float64], float],
    withheld: tuple[Tensor, Tensor],
    losses: list[float],
) -> Figure:
    """Draw the neuron's output over both inputs with its line, and its loss over the steps."""
    figure, axes = panels(1, 2, size=(9, 3.9), width_ratios=(1.15, 1))
    left, right = axes[0]
    grid = torch.linspace(-4, 4, 161, dtype=torch.float64)
    with torch.no_grad():
        output = neuron(torch.stack(torch.meshgrid(grid, grid, indexing="xy"), -1)).numpy()
    shown = left.imshow(
        output,
        cmap=MAP_AROUND_ZERO,
        alpha=0.55,
        vmin=0,
        vmax=1,
        extent=(-4, 4, -4, 4),
        origin="lower",
        interpolation="bilinear",
        aspect="auto",
    )
    bar = figure.colorbar(shown, ax=left, ticks=[0, 0.5, 1])
    bar.ax.set_title("output ŷ", fontsize=9, loc="left", fontweight="normal")
    x_BD, y_B = withheld
    for kind, colour, marker in ((0, BLUE, "o"), (1, VERMILION, "^")):
        points = x_BD[y_B == kind]
        left.scatter(*points.T, s=22, color=colour, marker=marker, edgecolor="white", lw=0.5)
    for (w_D, b), style, name in ((before, ":", "before"), (_numbers(neuron), "-", "after")):
        foot, along = -b * w_D / (w_D @ w_D), np.array([-w_D[1], w_D[0]]) / np.linalg.norm(w_D)
        ends = foot + np.outer([-20, 20], along)
        left.plot(*ends.T, style, color=INK, label=f"ŷ = ½ {name} training")
    left.set(xlim=(-4, 4), ylim=(-4, 4), xlabel="input $x_1$", ylabel="input $x_2$")
    left.set_title("A neuron draws a line")
    left.legend(loc="upper left", framealpha=0.85, frameon=True, edgecolor="none")
    right.plot(np.arange(1, len(losses) + 1), losses, color=INK)
    right.set(xlabel="step", ylabel="training loss L (mean squared error)", ylim=(0, None))
    right.set_title("The loss falls")
    right.grid(axis="y")
    return figure


def _numbers(neuron: Neuron) -> tuple[NDArray[np.float64], float]:
    return neuron.w_D.detach().numpy().copy(), neuron.b.item()


if __name__ == "__main__":
    print(run("neuron") / "index.html")
