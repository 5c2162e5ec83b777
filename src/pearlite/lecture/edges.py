"""Dense against convolution: two layers learn to see vertical edges from one image.

The target is the image's vertical Sobel derivative, the loss L1, the optimiser Adam. A dense layer
has a weight from every pixel to every pixel; a convolution has nine, the same at every place.

Axes: B batch, C channels, H rows, W columns. Images are float32 from 0 to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from skimage.filters import sobel_v
from skimage.transform import resize
from torch import Tensor, nn

from pearlite.data import samples
from pearlite.lecture import run
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.training import parameters, trained
from pearlite.nets.convolution import Convolution
from pearlite.nets.dense import Dense
from pearlite.see import page as parts
from pearlite.see.style import BLUE, FAINT, INK, MAP_AROUND_ZERO, SOFT, VERMILION, panels, styled
from pearlite.task import Task
from pearlite.train.finder import RateScan, find_rate
from pearlite.train.history import Row
from pearlite.train.losses import l1
from pearlite.train.optimisers import adam
from pearlite.train.validate import mean_loss

SIDE = 64
LECTURE_RATE, LECTURE_STEPS = 1e-3, {"conv": 1000, "dense": 40}
PAIRS = (("camera", "coins"), ("rocket", "page"), ("grass", "hubble"), ("phantom", "text"))
STEPS = {"conv": 2000, "dense": 40}
"""Updates with the found rate. Chosen on astronaut → cat, brick → gravel and coffee → moon, none of
which is in PAIRS: half as many more took less than .004 off any error there."""
SCAN = {"conv": 140, "dense": 70}  # updates of the finder
COLOURS = {"conv": BLUE, "dense": VERMILION}
NAMES = {"conv": "convolution", "dense": "dense"}
SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 4
Pair = tuple[str, str]


class Edges(Task):
    """A network turns an image into its vertical edges."""

    def __init__(self, kind: str, seed: int = 0) -> None:
        super().__init__()
        self.net = network(kind, torch.Generator().manual_seed(seed))

    def f(self, x: Tensor) -> Tensor:
        """Predict the derivative along a row, shape ``(B, 1, 64, 64)`` like the images."""
        return self.net(x)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Mean absolute error."""
        return l1(y_hat, y)


def network(kind: str, generator: torch.Generator) -> nn.Module:
    """Make ``"conv"``, one kernel of 3 x 3, or ``"dense"``, every pixel to every pixel."""
    if kind == "conv":
        return Convolution(1, 1, kernel=3, bias=False, generator=generator)
    dense = Dense(SIDE**2, SIDE**2, generator=generator)
    return nn.Sequential(nn.Flatten(), dense, nn.Unflatten(1, (1, SIDE, SIDE)))


def example(name: str) -> tuple[Tensor, Tensor]:
    """Return a sample picture, shrunk to 64 x 64, and its edges: both ``(1, 1, 64, 64)``."""
    image = samples.load(name)
    grey = np.asarray(image.array, dtype=np.float64) / 255
    if "C" in image.axes:
        grey = grey.mean(axis=image.axes.index("C"))
    small_HW = resize(grey, (SIDE, SIDE), anti_aliasing=True)
    x_HW, y_HW = (torch.from_numpy(made).float() for made in (small_HW, sobel_v(small_HW)))
    return x_HW[None, None], y_HW[None, None]


@dataclass(frozen=True)
class Trial:
    """One network, trained on one image: its rate, its course, and its errors in the end."""

    rate: float
    steps: int
    train: float
    unseen: float
    history: Sequence[Row]
    task: Edges


def tried(kind: str, pair: Pair, rate: float, steps: int, seed: int, decay: bool = True) -> Trial:
    """Train on the first image of a pair; the second is watched and changes nothing."""
    train, unseen = example(pair[0]), example(pair[1])
    task = Edges(kind, seed)
    watch = {"validate": mean_loss([unseen]), "every": max(steps // 20, 1), "keep": "last"}
    trainer = trained(task, lambda _: train, steps, adam(rate), decay=decay, **watch)
    with torch.inference_mode():
        known, new = float(task.loss(train)), float(task.loss(unseen))
    return Trial(rate, steps, known, new, trainer.history, task)


def scanned(kind: str, name: str, seed: int) -> RateScan:
    """Scan the learning rate on one image."""
    train = example(name)
    return find_rate(Edges(kind, seed), lambda _: train, steps=SCAN[kind])


def yardsticks(name: str) -> dict[str, float]:
    """Errors on an image of answering zero, and of the exact kernel with zeros at the border."""
    x_BCHW, y_BCHW = example(name)
    exact_BCHW = torch.nn.functional.conv2d(x_BCHW, SOBEL[None, None], padding=1)
    return {
        "zero": float(y_BCHW.abs().mean()),
        "exact": float(l1(exact_BCHW, y_BCHW)),
        "exact_inside": float(l1(exact_BCHW[..., 1:-1, 1:-1], y_BCHW[..., 1:-1, 1:-1])),
    }


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Train both networks on one image, with the lecture's rate and a found one; write the page."""
    scans = {kind: scanned(kind, PAIRS[0][0], seed) for kind in STEPS}
    trials = {}
    for kind, scan in scans.items():
        slow, found = LECTURE_STEPS[kind], STEPS[kind]
        trials[f"{kind}_lecture"] = tried(kind, PAIRS[0], LECTURE_RATE, slow, seed, decay=False)
        trials[f"{kind}_found"] = tried(kind, PAIRS[0], scan.suggestion, found, seed)
    rows = [_compared(PAIRS[0], trials["conv_found"], trials["dense_found"])]
    for pair in PAIRS[1:]:
        rate = scanned("conv", pair[0], seed).suggestion
        conv = tried("conv", pair, rate, STEPS["conv"], seed)
        dense = tried("dense", pair, scans["dense"].suggestion, STEPS["dense"], seed)
        rows.append(_compared(pair, conv, dense))
    told = ("rate", "steps", "train", "unseen")
    numbers = {
        "parameters": {kind: parameters(trials[f"{kind}_found"].task) for kind in STEPS},
        "trials": {name: {key: getattr(trials[name], key) for key in told} for name in trials},
        "pairs": rows,
    }
    question = (
        "Two layers learn vertical edges from a single image: one with a weight from every pixel "
        "to every pixel, one with nine in all. What do they make of an image they never saw?"
    )
    sections = _sections(trials, scans, numbers)
    return Page("edges", question, sections, numbers, seed).write(folder)


def _compared(pair: Pair, conv: Trial, dense: Trial) -> dict[str, Any]:
    """Return what both networks come to on a pair, between the yardsticks of its images."""
    return {
        "pair": list(pair),
        "conv_rate": conv.rate,
        "conv": {"train": conv.train, "unseen": conv.unseen},
        "dense": {"train": dense.train, "unseen": dense.unseen},
        "train": yardsticks(pair[0]),
        "unseen": yardsticks(pair[1]),
    }


def _sections(
    trials: dict[str, Trial], scans: dict[str, RateScan], numbers: dict[str, Any]
) -> list[Section]:
    conv, dense, count = trials["conv_found"], trials["dense_found"], numbers["parameters"]
    zero, exact = (numbers["pairs"][0]["unseen"][what] for what in ("zero", "exact"))
    facts = parts.tiles(
        [
            ("dense, parameters", f"{count['dense']:,}", f"unseen error {dense.unseen:.4f}"),
            ("convolution, parameters", f"{count['conv']}", f"unseen error {conv.unseen:.4f}"),
        ]
    )
    images = Picture(
        "figure",
        _pictures(trials),
        "Two images, their edges, and those that both layers find at two learning rates.",
        "Above the image that was trained on, below one that was not. The number is the mean "
        "absolute error (L1); within a row the same colours mean the same values.",
    )
    rates = Picture(
        "rates",
        _courses(trials, scans, zero),
        "Loss against learning rate, loss in training, and the learned kernel beside Sobel's.",
        "Left: the finder's scan, on the training image only. Middle: solid on the training image, "
        "dashed on the unseen one. Right: the nine numbers.",
    )
    pairs = Picture(
        "pairs",
        _pairs(numbers["pairs"]),
        "Errors of both layers on four pairs of images, beside two yardsticks.",
        "Every convolution has the rate found on its own training image, the dense layer that "
        f"found on {PAIRS[0][0]}. The numbers of updates were chosen on three other pairs.",
    )
    one = [
        facts,
        images,
        f"The dense layer learns its one image nearly by heart (error {dense.train:.4f}) and is "
        f"lost on another: its error there, {dense.unseen:.4f}, is {dense.unseen / zero:.1f} times "
        f"that of answering zero everywhere ({zero:.4f}). The convolution cannot learn by heart. "
        "It finds Sobel's kernel, and that holds for any image.",
        "What error the convolution has left is nearly all the border's: the target mirrors the "
        f"image there, the layer sees zeros. The exact kernel has {exact:.4f} on the unseen image "
        "for that reason, and none inside.",
    ]
    found = [
        rates,
        f"At the lecture's rate of {LECTURE_RATE:g} the convolution is still on its way after "
        f"{LECTURE_STEPS['conv']:,} updates, and each update of the dense layer overshoots: its "
        f"4,096 inputs move together. The finder's rates ({conv.rate:.2g} and {dense.rate:.2g}) "
        f"fall to zero along a cosine, over {conv.steps:,} and {dense.steps} updates.",
        f"Only {dense.steps} of the lecture's 1,000 updates of the dense layer are run here. All "
        "of them, run once, ended at 0.20 on the training image and 0.25 on the unseen one.",
    ]
    return [
        Section("One image to learn from", one),
        Section("The rate decides whether it works at all", found),
        Section("Other images", [pairs]),
    ]


def _pictures(trials: dict[str, Trial]) -> Figure:
    figure, axes = panels(2, 2 + len(trials), size=(9, 3.75))
    for line, name, part in zip(axes, PAIRS[0], ("train", "unseen"), strict=True):
        x_BCHW, y_BCHW = example(name)
        limit = float(y_BCHW.abs().quantile(0.99))
        around = {"cmap": MAP_AROUND_ZERO, "vmin": -limit, "vmax": limit}
        line[0].imshow(x_BCHW[0, 0].numpy(), cmap="gray")
        line[1].imshow(y_BCHW[0, 0].numpy(), **around)
        line[0].set_xlabel("trained on" if part == "train" else part)
        for panel, trial in zip(line[2:], trials.values(), strict=True):
            with torch.inference_mode():
                panel.imshow(trial.task(x_BCHW)[0, 0].numpy(), **around)
            panel.set_xlabel(f"{getattr(trial, part):.4f}")
        for panel in line:
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set(visible=True, color=FAINT)
    made = [f"{NAMES[n.split('_')[0]].capitalize()}\nrate {trials[n].rate:.2g}" for n in trials]
    for panel, title in zip(axes[0], ("Image", "Its edges", *made), strict=True):
        panel.set_title(title, fontsize=9)
    return figure


def _courses(trials: dict[str, Trial], scans: dict[str, RateScan], zero: float) -> Figure:
    figure, axes = panels(1, 4, size=(9, 3.2), width_ratios=(1.25, 1.25, 0.7, 0.7))
    scan, course, learned, sobel = axes[0]
    for kind, found in scans.items():
        colour = COLOURS[kind]
        scan.loglog(found.rates, found.losses, color=colour, label=NAMES[kind])
        height = np.interp(found.suggestion, found.rates, found.losses)
        scan.plot(found.suggestion, height, "o", color=colour, ms=7, mec="white")
        history = trials[f"{kind}_found"].history
        share = [row["step"] / history[-1]["step"] for row in history]
        course.semilogy(share, [row["loss"] for row in history], color=colour)
        course.semilogy(share, [row["val_loss"] for row in history], "--", color=colour)
    scan.axvline(LECTURE_RATE, color=SOFT, lw=1, ls=":", label="lecture's rate")
    scan.set(title="The finder's scan", xlabel="learning rate (dots: suggested)", ylabel="L1 loss")
    scan.set_ylim(bottom=0.01)
    scan.legend(loc="lower right", borderaxespad=0)
    course.axhline(zero, color=SOFT, lw=1, ls=":")
    course.text(1, zero, "answer zero", color=SOFT, ha="right", va="bottom")
    course.set(title="Training at the found rates", xlabel="share of the updates", ylabel="L1 loss")
    conv = trials["conv_found"].task.get_parameter("net.weight").detach()[0, 0]
    for panel, title, kernel_KK in ((learned, "Learned", conv), (sobel, "Sobel", SOBEL)):
        panel.imshow(kernel_KK.numpy(), cmap=MAP_AROUND_ZERO, vmin=-0.6, vmax=0.6)
        for (row, column), value in np.ndenumerate(kernel_KK.numpy()):
            ink = "white" if abs(value) > 0.4 else INK
            panel.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink)
        panel.set(title=title, xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
    return figure


def _pairs(rows: Sequence[dict[str, Any]]) -> Figure:
    figure, axes = panels(size=(9, 2.9))
    panel = axes[0, 0]
    heights = np.arange(len(rows))[::-1]
    for label, mark, face, edge, who, part in (
        ("exact Sobel kernel, unseen", "|", INK, INK, "unseen", "exact"),
        ("convolution, unseen", "o", BLUE, BLUE, "conv", "unseen"),
        ("dense, trained on", "D", "white", VERMILION, "dense", "train"),
        ("dense, unseen", "D", VERMILION, VERMILION, "dense", "unseen"),
        ("answer zero, unseen", "x", SOFT, SOFT, "unseen", "zero"),
    ):
        look = {"color": face, "mec": edge, "ms": 14 if mark == "|" else 8, "mew": 1.6}
        errors = [row[who][part] for row in rows]
        panel.semilogx(errors, heights, mark, label=label, clip_on=False, **look)
    panel.set_yticks(heights, [" → ".join(row["pair"]) for row in rows])
    panel.xaxis.set_major_formatter("{x:g}")
    panel.set(xlabel="mean absolute error (L1)", ylim=(-0.5, len(rows) - 0.5))
    panel.grid(axis="y")
    panel.spines["left"].set_visible(False)
    panel.legend(loc="upper center", bbox_to_anchor=(0.45, 1.28), ncols=3)
    return figure


if __name__ == "__main__":
    print(run("edges") / "index.html")
