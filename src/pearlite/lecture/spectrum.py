"""torch as a plain optimiser: the peaks of a spectrum fitted by gradient descent and by scipy.

No network: the model is a sum of three peaks on a sloping background, its parameters have names,
and a physicist would give it to least squares. Axes: X channels of the spectrum, K peaks,
P parameters.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from torch import Tensor, nn
from torch.autograd.functional import hessian

from pearlite.lecture import run
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.training import trained
from pearlite.see import page
from pearlite.see.style import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, VERMILION, styled
from pearlite.task import Task
from pearlite.train.optimisers import adam

RATE, STEPS = 0.05, 600
SHIFT_X = np.linspace(1000, 1900, 451)  # Raman shift in 1/cm, two a channel
NAMES = (
    *(f"{what} {peak}" for what in ("position", "width", "height") for peak in ("D", "G", "D′")),
    "background",
    "slope",
)
UNITS = ("cm⁻¹",) * 6 + ("counts",) * 4 + ("counts per 100 cm⁻¹",)
TRUTH_P = np.array([1350, 1582, 1620, 26, 15, 9, 900, 640, 260, 120, 12.0])
GUESS_P = np.array([1330, 1570, 1640, 20, 20, 20, 600, 600, 300, 100, 0.0])  # as by eye
SCALE_P = np.array([20, 20, 20, 10, 10, 10, 200, 200, 200, 50, 10.0])  # makes all steps alike


def lorentzians(p: Any, shift_X: Any) -> Any:
    """Return counts a channel of three Lorentzian peaks on a line, for arrays or tensors alike.

    Parameters
    ----------
    p
        Shape ``(11,)``, as in `NAMES`; widths are half widths at half height.
    shift_X
        Raman shift in 1/cm.
    """
    position_K1, width_K1, height_K1 = (p[i : i + 3, None] for i in (0, 3, 6))
    peaks_KX = height_K1 / (1 + ((shift_X - position_K1) / width_K1) ** 2)
    return peaks_KX.sum(0) + p[9] + p[10] * (shift_X - 1450) / 100


class Peaks(Task):
    """Least squares weighted by the counting noise; the parameters are steps from the guess."""

    def __init__(self) -> None:
        super().__init__()
        self.steps_P = nn.Parameter(torch.zeros(len(GUESS_P), dtype=torch.float64))
        self.guess_P, self.scale_P = torch.from_numpy(GUESS_P), torch.from_numpy(SCALE_P)

    def p(self) -> Tensor:
        """Return the parameters in their units."""
        return self.guess_P + self.scale_P * self.steps_P

    def f(self, x: Tensor) -> Tensor:
        """Predict the counts at the Raman shifts x."""
        return lorentzians(self.p(), x)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """χ² a channel: squared distance in units of the counting noise, the square root of y."""
        return ((y_hat - y) ** 2 / y).mean()


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Fit one spectrum in both ways, compare parameters and error bars; write the page."""
    counts_X = np.random.default_rng(seed).poisson(lorentzians(TRUTH_P, SHIFT_X)).astype(float)
    began = time.perf_counter()
    task, losses = descend(counts_X)
    descent_seconds = time.perf_counter() - began
    began = time.perf_counter()
    scipy_P, covariance_PP = curve_fit(
        lambda _, *p: lorentzians(np.array(p), SHIFT_X),
        SHIFT_X,
        counts_X,
        p0=GUESS_P,
        sigma=np.sqrt(counts_X),
        absolute_sigma=True,
    )
    scipy_seconds = time.perf_counter() - began

    torch_P = upright(task.p().detach().numpy())
    scipy_P = upright(scipy_P)
    torch_error_P, scipy_error_P = errors(task, counts_X), np.sqrt(np.diag(covariance_PP))
    chi2 = {
        "descent": chi_squared(torch_P, counts_X),
        "scipy": chi_squared(scipy_P, counts_X),
        "truth": chi_squared(TRUTH_P, counts_X),
    }
    apart = float(np.abs((torch_P - scipy_P) / scipy_error_P).max())
    covered = int((np.abs(torch_P - TRUTH_P) < 1.96 * torch_error_P).sum())
    ratio_P = torch_error_P / scipy_error_P

    rows = [
        (f"{name}, {unit}", f"{true:g}", f"{one:.2f} ± {bar:.2f}", f"{other:.2f} ± {bars:.2f}")
        for name, unit, true, one, bar, other, bars in zip(
            NAMES, UNITS, TRUTH_P, torch_P, torch_error_P, scipy_P, scipy_error_P, strict=True
        )
    ]
    sections = [
        Section(
            "Two ways down to the same point",
            [
                "Whatever can be computed can be differentiated by torch, and whatever can be "
                "differentiated can be fitted by gradient descent: a network is only one case. "
                "Here the model is three peaks on a line, 11 parameters, as in a Raman spectrum "
                "of disordered carbon. The spectrum is synthetic, so the truth is known.",
                Picture(
                    "figure",
                    fit_figure(counts_X, torch_P, scipy_P, losses, chi2["scipy"]),
                    "A spectrum with three fitted peaks, the residuals of the fit, and the loss "
                    "of gradient descent falling to the value that scipy reaches",
                    "Both fits lie on each other. What they leave over is noise of the size that "
                    "counting has (±1), without a trace of the peaks.",
                ),
                f"Adam needs {STEPS} steps and {descent_seconds:.1f} s for it, scipy's "
                f"Levenberg-Marquardt {scipy_seconds:.3f} s: for a handful of parameters "
                "least squares knows more about the valley than its slope, and wins. It "
                "does not go to millions of parameters; gradient descent does.",
            ],
        ),
        Section(
            "The numbers",
            [
                page.table(rows, ("", "truth", "gradient descent", "scipy")),
                f"The two results differ by at most {apart:.1e} standard errors. Error bars come "
                "from the curvature of the loss, which torch differentiates exactly and scipy "
                f"estimates; they are between {ratio_P.min():.2f} and {ratio_P.max():.2f} times "
                f"scipy's. The 95 % interval holds the truth for {covered} of {len(NAMES)} "
                "parameters.",
            ],
        ),
    ]
    numbers: dict[str, Any] = {
        "names": NAMES,
        "truth": TRUTH_P,
        "descent": torch_P,
        "descent_errors": torch_error_P,
        "scipy": scipy_P,
        "scipy_errors": scipy_error_P,
        "chi2_per_channel": chi2,
        "largest_difference_in_standard_errors": apart,
        "intervals_that_hold_the_truth": covered,
        "seconds": {"descent": descent_seconds, "scipy": scipy_seconds},
    }
    question = "Is torch only for networks? It fits the peaks of a spectrum as well as scipy does."
    return Page("spectrum", question, sections, numbers, seed).write(folder)


def descend(counts_X: NDArray[np.float64]) -> tuple[Peaks, list[float]]:
    """Fit by Adam with a rate that falls to 0; return the task and the loss of every step."""
    task = Peaks()
    batch = torch.from_numpy(SHIFT_X), torch.from_numpy(counts_X)
    trainer = trained(task, lambda step: batch, STEPS, adam(RATE), warm_up=20, every=1)
    return task, [row["loss"] for row in trainer.history]


def upright(p_P: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the parameters with positive widths: a negative one gives the same peak."""
    return np.where([name.startswith("width") for name in NAMES], np.abs(p_P), p_P)


def errors(task: Peaks, counts_X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard errors from the second derivatives of half χ² at the minimum."""
    shift_X, y_X = torch.from_numpy(SHIFT_X), torch.from_numpy(counts_X)

    def half_chi2(p_P: Tensor) -> Tensor:
        return task.L(lorentzians(p_P, shift_X), y_X) * len(y_X) / 2

    hessian_PP = hessian(half_chi2, task.p().detach())
    return np.sqrt(np.diag(np.linalg.inv(hessian_PP)))


def chi_squared(p_P: NDArray[np.float64], counts_X: NDArray[np.float64]) -> float:
    """Return χ² a channel; an honest fit has about 1."""
    return float(((lorentzians(p_P, SHIFT_X) - counts_X) ** 2 / counts_X).mean())


def fit_figure(
    counts_X: NDArray[np.float64],
    torch_P: NDArray[np.float64],
    scipy_P: NDArray[np.float64],
    losses: list[float],
    floor: float,
) -> Figure:
    """Draw the spectrum with both fits, the residuals, and the loss over the steps."""
    figure = Figure(figsize=(9, 4.4))
    axes = figure.subplot_mosaic(
        [["fit", "loss"], ["rest", "loss"]], width_ratios=(1.7, 1), height_ratios=(3, 1)
    )
    axes["fit"].plot(SHIFT_X, counts_X, ".", ms=3, color="#8b919c", label="measured")
    axes["fit"].plot(SHIFT_X, lorentzians(torch_P, SHIFT_X), color=BLUE, label="gradient descent")
    axes["fit"].plot(SHIFT_X, lorentzians(scipy_P, SHIFT_X), ":", color=VERMILION, label="scipy")
    bare = torch_P.copy()
    bare[6:9] = 0
    line_X = lorentzians(bare, SHIFT_X)
    for peak, name, colour in ((0, "D", GREEN), (1, "G", ORANGE), (2, "D′", PURPLE)):
        one = bare.copy()
        one[6 + peak] = torch_P[6 + peak]
        one_X = lorentzians(one, SHIFT_X)
        axes["fit"].fill_between(SHIFT_X, line_X, one_X, color=colour, alpha=0.3, lw=0)
        top = lorentzians(torch_P, one[peak : peak + 1]).item()
        axes["fit"].text(one[peak], top + 25, name, color=INK, ha="center")
    axes["fit"].set(ylabel="counts a channel", xticklabels=[], ylim=(0, 1.14 * counts_X.max()))
    axes["fit"].set_title("Three peaks on a line")
    axes["fit"].legend(loc="upper left")
    rest_X = (counts_X - lorentzians(torch_P, SHIFT_X)) / np.sqrt(counts_X)
    axes["rest"].axhspan(-1, 1, color=FAINT, alpha=0.7, lw=0)
    axes["rest"].plot(SHIFT_X, rest_X, ".", ms=2.5, color=BLUE)
    axes["rest"].set(
        xlabel="Raman shift / cm⁻¹", ylabel="rest / noise", ylim=(-4.5, 4.5), yticks=[-3, 0, 3]
    )
    for name in ("fit", "rest"):
        axes[name].set_xlim(SHIFT_X[0], SHIFT_X[-1])
    axes["loss"].semilogy(np.arange(1, len(losses) + 1), np.array(losses) - floor, color=BLUE)
    axes["loss"].set(xlabel="step", ylabel="χ² a channel above scipy's minimum", ylim=(1e-11, None))
    axes["loss"].set_title("The descent")
    axes["loss"].grid()
    figure.align_ylabels([axes["fit"], axes["rest"]])
    return figure


if __name__ == "__main__":
    print(run("spectrum") / "index.html")
