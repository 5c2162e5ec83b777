"""Universal approximation: one hidden layer comes as close to a curve as one likes, if wide enough.

Cybenko (Math. Control Signals Systems 2, 303, 1989) and Leshno et al. (Neural Networks 6, 861,
1993) prove that such weights exist. Here they are built, then sought by training. Axes: N places
on the curve, W hidden neurons.
"""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from pearlite.lecture import run
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.training import trained
from pearlite.nets.mlp import MLP
from pearlite.see import page
from pearlite.see.style import BLUE, FAINT, INK, VERMILION, styled
from pearlite.task import Task
from pearlite.train.losses import mse
from pearlite.train.optimisers import adam

WIDTHS, SHOWN = (2, 4, 8, 16, 32, 64, 128, 256), (4, 16, 256)
STARTS, STEPS, RATE = 2, 800, 3e-2
PLACES = 512  # on the curve, from 0 to 1, of which the even ones train and all test


class Curve(Task):
    """One hidden layer of ReLU neurons."""

    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.net = MLP((1, width, 1), generator=generator)

    def f(self, x: Tensor) -> Tensor:
        """Predict the height at places x, shape (N, 1), from 0 to 1."""
        return self.net(4 * x - 2)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Mean squared error."""
        return mse(y_hat, y)


def target(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a wave with a kink in it."""
    return np.sin(9 * x) + 2 * np.abs(x - 0.35)


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Build and train networks of growing width, measure how far they are; write the page."""
    x_N = np.linspace(0, 1, PLACES)
    built = {width: construct(width, x_N) for width in WIDTHS}
    trained = {
        width: [train(width, x_N, [seed, width, start]) for start in range(STARTS)]
        for width in WIDTHS
    }
    built_errors = {width: rms(curve_N, x_N) for width, curve_N in built.items()}
    trained_errors = {
        width: [rms(curve_N, x_N) for curve_N in curves] for width, curves in trained.items()
    }
    best = {
        width: curves[int(np.argmin(trained_errors[width]))] for width, curves in trained.items()
    }
    narrow, wide = WIDTHS[0], WIDTHS[-1]
    orders = {"built": decay(built_errors), "trained": decay(lowest(trained_errors))}
    rows = [
        (width, 3 * width + 1, *(f"{e:.4f}" for e in (built_errors[width], *trained_errors[width])))
        for width in WIDTHS
    ]
    starts = tuple(f"trained, start {start + 1}" for start in range(STARTS))
    sections = [
        Section(
            "More neurons, less error",
            [
                "Every ReLU neuron of a hidden layer adds one kink to a curve of straight pieces. "
                "With enough kinks such a curve follows any other as closely as one likes: that "
                "is the theorem of universal approximation.",
                Picture(
                    "figure",
                    growth_figure(x_N, built, best, built_errors, trained_errors),
                    "The curve and the networks of three widths; below, the error against the "
                    "width, of built and of trained networks",
                    "Above: the wanted curve (grey), the network whose kinks were placed by hand "
                    f"(red) and the better of {STARTS} trained ones (blue). Below: their distance "
                    "from the curve; both axes are logarithmic.",
                ),
                "With kinks placed evenly by hand, the error falls with the width to the power "
                f"−{-orders['built']:.1f}; the theory of straight pieces says −2. Training has to "
                f"find the kinks, and its error falls to the power −{-orders['trained']:.1f}. The "
                "theorem promises that good weights exist, not that training finds them: with "
                f"{wide} neurons and {STEPS} steps the better trained network is "
                f"{min(trained_errors[wide]) / built_errors[wide]:.0f} times as far from the "
                "curve as the built one.",
            ],
        ),
        Section(
            "The numbers",
            [
                "Root mean square distance from the curve, whose own standard deviation is "
                f"{target(x_N).std():.3f}.",
                page.table(rows, ("neurons", "parameters", "built", *starts)),
            ],
        ),
    ]
    numbers = {
        "widths": WIDTHS,
        "built": list(built_errors.values()),
        "trained": list(trained_errors.values()),
        "powers": orders,
        "gain_by_width": min(trained_errors[narrow]) / min(trained_errors[wide]),
    }
    question = "Which curves can a network draw? All of them, says the theorem. What does training?"
    return Page("approximation", question, sections, numbers, seed).write(folder)


def construct(width: int, x_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the best curve of a network whose kinks are spaced evenly; shape (N,).

    The hidden layer is fixed, so the output layer is found by linear least squares.
    """
    kinks_W = np.arange(width) / width
    hidden_NW = np.maximum(x_N[:, None] - kinks_W, 0)
    design = np.column_stack([hidden_NW, np.ones_like(x_N)])
    weights, *_ = np.linalg.lstsq(design, target(x_N), rcond=None)
    return design @ weights


def train(width: int, x_N: NDArray[np.float64], seeds: list[int]) -> NDArray[np.float64]:
    """Return the curve of a network after training; shape (N,)."""
    start = int(np.random.default_rng(seeds).integers(2**62))
    task = Curve(width, torch.Generator().manual_seed(start))
    x_N1 = torch.from_numpy(x_N).float()[:, None]
    y_N1 = torch.from_numpy(target(x_N)).float()[:, None]
    batch = x_N1[::2], y_N1[::2]
    trained(task, lambda step: batch, STEPS, adam(RATE), warm_up=20)
    with torch.no_grad():
        return task(x_N1)[:, 0].double().numpy()


def rms(curve_N: NDArray[np.float64], x_N: NDArray[np.float64]) -> float:
    """Return the root mean square distance of a curve from the target."""
    return float(np.sqrt(np.mean((curve_N - target(x_N)) ** 2)))


def decay(errors: dict[int, float]) -> float:
    """Return the power of the width with which the error goes, by a line in logarithms."""
    widths = np.log(list(errors))
    return float(np.polyfit(widths, np.log(list(errors.values())), 1)[0])


def lowest(errors: dict[int, list[float]]) -> dict[int, float]:
    """Return the error of the better start at every width."""
    return {width: min(starts) for width, starts in errors.items()}


def growth_figure(
    x_N: NDArray[np.float64],
    built: dict[int, NDArray[np.float64]],
    trained: dict[int, NDArray[np.float64]],
    built_errors: dict[int, float],
    trained_errors: dict[int, list[float]],
) -> Figure:
    """Draw three widths above, the error against the width below."""
    figure = Figure(figsize=(9, 6))
    axes = figure.subplot_mosaic([list("abc"), list("ddd")], height_ratios=(1, 1.15))
    for name, width in zip("abc", SHOWN, strict=True):
        axis = axes[name]
        axis.plot(x_N, target(x_N), color=FAINT, lw=6)
        axis.plot(x_N, built[width], "--", color=VERMILION, lw=1.4)
        axis.plot(x_N, trained[width], color=BLUE, lw=1.4)
        axis.set(xlabel="x", ylim=(-1.3, 2.4))
        axis.set_title(f"{width} neurons")
    axes["a"].set_ylabel("y")
    axis = axes["d"]
    widths = list(built_errors)
    axis.loglog(widths, list(built_errors.values()), "s--", color=VERMILION, label="built")
    for width, errors in trained_errors.items():
        axis.plot([width] * len(errors), errors, "o", ms=4, color=BLUE, alpha=0.6)
    better = list(lowest(trained_errors).values())
    axis.plot(widths, better, color=BLUE, label="trained, the better start")
    guide = np.array([16.0, 256.0])
    line = 0.5 * built_errors[16] * (guide / 16) ** -2
    axis.plot(guide, line, ":", color=INK, lw=1.2)
    axis.text(50, line[0] / 20, "width$^{-2}$", color=INK, ha="right")
    axis.set(xlabel="neurons in the hidden layer", ylabel="rms distance from the curve")
    axis.set_xticks(widths, [str(width) for width in widths])
    axis.minorticks_off()
    axis.grid()
    axis.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    print(run("approximation") / "index.html")
