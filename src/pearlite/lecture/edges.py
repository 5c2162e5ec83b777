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
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from skimage.filters import sobel_v
from skimage.transform import resize
from torch import Tensor, nn

from pearlite.data import samples
from pearlite.lecture import run
from pearlite.lecture.page import Page, Picture, Section
from pearlite.nets.convolution import Convolution
from pearlite.nets.dense import Dense
from pearlite.see import page as parts
from pearlite.see.style import BLUE, FAINT, INK, MAP_AROUND_ZERO, SOFT, VERMILION, panels, styled
from pearlite.task import Task
from pearlite.train.finder import RateScan, find_rate
from pearlite.train.history import Row
from pearlite.train.losses import l1
from pearlite.train.optimisers import adam
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss

SIDE = 64
LECTURE_RATE = 1e-3
LECTURE_STEPS = 1000
PAIRS = (("camera", "coins"), ("rocket", "page"), ("grass", "hubble"), ("phantom", "text"))
STEPS = {"conv": 2000, "dense": 40}
"""Updates with the found rate. Chosen on astronaut → cat, brick → gravel and coffee → moon, none of
which is in PAIRS: half as many more took less than .004 off any error there."""

SCAN = {"conv": 140, "dense": 70}  # updates of the finder

COLOURS = {"conv": BLUE, "dense": VERMILION}
NAMES = {"conv": "convolution", "dense": "dense"}
SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 4


class Edges(Task):
    """A network turns an image into its vertical edges."""

    def __init__(self, kind: str, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.net = network(kind, generator)

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
    pixels = SIDE * SIDE
    dense = Dense(pixels, pixels, generator=generator)
    return nn.Sequential(nn.Flatten(), dense, nn.Unflatten(1, (1, SIDE, SIDE)))


def example(name: str) -> tuple[Tensor, Tensor]:
    """Return a sample picture, shrunk to 64 x 64, and its edges: both ``(1, 1, 64, 64)``."""
    image = samples.load(name)
    grey = np.asarray(image.array, dtype=np.float64) / 255
    if "C" in image.axes:
        grey = grey.mean(axis=image.axes.index("C"))
    small_HW = resize(grey, (SIDE, SIDE), anti_aliasing=True)
    x_BCHW, y_BCHW = (
        torch.from_numpy(image_HW)[None, None].float() for image_HW in (small_HW, sobel_v(small_HW))
    )
    return x_BCHW, y_BCHW


@dataclass(frozen=True)
class Trial:
    """One network, trained on one image: its rate, its course and what it came to."""

    kind: str
    rate: float
    steps: int
    train: float
    unseen: float
    history: Sequence[Row]
    task: Edges


def trained(
    kind: str, pair: tuple[str, str], rate: float, steps: int, *, decay: bool, seed: int
) -> Trial:
    """Train on the first image of a pair; the second is watched and changes nothing."""
    train, unseen = example(pair[0]), example(pair[1])
    task = Edges(kind, seed)
    events = [cosine(steps=steps, warm_up=0)] if decay else []
    trainer = Trainer(
        task,
        optimiser=adam(rate),
        validate=mean_loss([unseen]),
        every=max(steps // 40, 1),
        keep="last",
        events={"start": events, "step": events},
    )
    history = trainer.fit(lambda _: train, steps=steps)
    with torch.inference_mode():
        known, new = float(task.loss(train)), float(task.loss(unseen))
    return Trial(kind, rate, steps, known, new, history, task)


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
    trials = {
        f"{kind}_{word}": trained(kind, PAIRS[0], rate, steps, decay=word == "found", seed=seed)
        for kind in STEPS
        for word, rate, steps in (
            ("lecture", LECTURE_RATE, LECTURE_STEPS if kind == "conv" else STEPS[kind]),
            ("found", scans[kind].suggestion, STEPS[kind]),
        )
    }
    rows = [
        _compared(pair, trials if pair == PAIRS[0] else None, scans["dense"].suggestion, seed)
        for pair in PAIRS
    ]
    numbers = {
        "parameters": {kind: _count(trials[f"{kind}_found"]) for kind in STEPS},
        "trials": {
            name: {
                "rate": trial.rate,
                "steps": trial.steps,
                "train": trial.train,
                "unseen": trial.unseen,
            }
            for name, trial in trials.items()
        },
        "pairs": rows,
    }
    sections = _sections(trials, scans, numbers)
    return Page("edges", QUESTION, sections, numbers, seed).write(folder)


def _compared(
    pair: tuple[str, str], trials: dict[str, Trial] | None, dense_rate: float, seed: int
) -> dict[str, Any]:
    """Return what both networks come to on a pair, between the yardsticks of its images."""
    if trials is None:
        conv_rate = scanned("conv", pair[0], seed).suggestion
        conv = trained("conv", pair, conv_rate, STEPS["conv"], decay=True, seed=seed)
        dense = trained("dense", pair, dense_rate, STEPS["dense"], decay=True, seed=seed)
    else:
        conv, dense = trials["conv_found"], trials["dense_found"]
    return {
        "pair": list(pair),
        "conv_rate": conv.rate,
        "conv": {"train": conv.train, "unseen": conv.unseen},
        "dense": {"train": dense.train, "unseen": dense.unseen},
        "train": yardsticks(pair[0]),
        "unseen": yardsticks(pair[1]),
    }


def _count(trial: Trial) -> int:
    return sum(parameter.numel() for parameter in trial.task.parameters())


QUESTION = (
    "Two layers learn vertical edges from a single image: one with a weight from every pixel to "
    "every pixel, one with nine weights in all. What do they make of an image they never saw?"
)


def _sections(
    trials: dict[str, Trial], scans: dict[str, RateScan], numbers: dict[str, Any]
) -> list[Section]:
    conv, dense = trials["conv_found"], trials["dense_found"]
    first = numbers["pairs"][0]
    count = numbers["parameters"]
    facts = parts.tiles(
        [
            ("dense, parameters", f"{count['dense']:,}", f"unseen error {dense.unseen:.4f}"),
            ("convolution, parameters", f"{count['conv']}", f"unseen error {conv.unseen:.4f}"),
            ("answer zero everywhere", f"{first['unseen']['zero']:.4f}", "error, unseen image"),
            ("exact Sobel kernel", f"{first['unseen']['exact']:.4f}", "error, unseen image"),
        ]
    )
    table = parts.table(
        [
            (
                " → ".join(row["pair"]),
                *(f"{row[kind][part]:.4f}" for kind in STEPS for part in ("train", "unseen")),
                f"{row['unseen']['exact']:.4f}",
                f"{row['unseen']['zero']:.4f}",
            )
            for row in numbers["pairs"]
        ],
        (
            "trained on → unseen",
            "conv, train",
            "conv, unseen",
            "dense, train",
            "dense, unseen",
            "exact kernel, unseen",
            "zero, unseen",
        ),
    )
    return [
        Section(
            "One image to learn from",
            [
                facts,
                Picture(
                    "figure",
                    _pictures(trials),
                    "The training image above and an unseen one below, their edges, and what the "
                    "convolution and the dense layer make of them at two learning rates.",
                    "Above the image that was trained on, below one that was not. The number is "
                    "the mean absolute error (L1); the same colours mean the same values.",
                ),
                f"The dense layer learns its one image nearly by heart (error {dense.train:.4f}) "
                f"and is lost on another: its error there, {dense.unseen:.4f}, is "
                f"{dense.unseen / first['unseen']['zero']:.1f} times that of answering zero "
                "everywhere. The convolution cannot learn by heart. It finds Sobel's kernel, and "
                "that holds for any image.",
                "What error the convolution has left is nearly all the border's: the target "
                "mirrors the image there, the layer sees zeros. The exact kernel has "
                f"{first['unseen']['exact']:.4f} on the unseen image for that reason, and none "
                "inside.",
            ],
        ),
        Section(
            "The rate decides whether it works at all",
            [
                Picture(
                    "rates",
                    _courses(trials, scans),
                    "Loss against learning rate for both networks, their training curves, and the "
                    "learned kernel beside Sobel's.",
                    "Left: the finder's scan, on the training image only. Middle: solid on the "
                    "training image, dashed on the unseen one. Right: the nine numbers.",
                ),
                f"At the lecture's rate of {LECTURE_RATE:g} the convolution is still on its way "
                f"after {LECTURE_STEPS} updates, and each update of the dense layer overshoots: "
                "4,096 inputs move together. The finder gives each its own rate "
                f"({conv.rate:.2g} and {dense.rate:.2g}), which then falls to zero along a "
                f"cosine, over {conv.steps} and {dense.steps} updates.",
                "Only a short part of the lecture's 1,000 updates of the dense layer is run here. "
                "All of them, run once, took about a minute and ended at 0.20 on the training "
                "image and 0.25 on the unseen one.",
            ],
        ),
        Section(
            "Other images",
            [
                Picture(
                    "pairs",
                    _pairs(numbers["pairs"]),
                    "Errors of both networks on four pairs of images, between those of the exact "
                    "kernel and of answering zero.",
                    "Every convolution has the rate found on its own training image; the dense "
                    f"layer keeps the one found on {PAIRS[0][0]}.",
                ),
                table,
                "The number of updates was chosen on three other pairs, the rates by the finder on "
                "the training images alone.",
            ],
        ),
    ]


def _pictures(trials: dict[str, Trial]) -> Figure:
    figure, axes = panels(2, 2 + len(trials), size=(9, 3.75))
    for row, (name, part) in enumerate(zip(PAIRS[0], ("train", "unseen"), strict=True)):
        x_BCHW, y_BCHW = example(name)
        limit = float(y_BCHW.abs().quantile(0.99))
        shown = [("Image" if row == 0 else "", x_BCHW, "trained on" if row == 0 else "unseen")]
        shown += [("Its edges" if row == 0 else "", y_BCHW, "")]
        for trial in trials.values():
            title = f"{NAMES[trial.kind].capitalize()}\nrate {trial.rate:.2g}" if row == 0 else ""
            with torch.inference_mode():
                shown.append((title, trial.task(x_BCHW), f"{getattr(trial, part):.4f}"))
        for column, (title, image_BCHW, below) in enumerate(shown):
            panel = axes[row, column]
            around = {"cmap": MAP_AROUND_ZERO, "vmin": -limit, "vmax": limit}
            panel.imshow(image_BCHW[0, 0].numpy(), **({"cmap": "gray"} if column == 0 else around))
            panel.set(xticks=[], yticks=[])
            panel.set_title(title, fontsize=9)
            panel.set_xlabel(below, color=INK, fontsize=9)
            panel.spines[:].set(visible=True, color=FAINT)
    return figure


def _courses(trials: dict[str, Trial], scans: dict[str, RateScan]) -> Figure:
    figure, axes = panels(1, 4, size=(9, 3.2), width_ratios=(1.25, 1.25, 0.7, 0.7))
    scan, course, *kernels = axes[0]
    for kind, found in scans.items():
        scan.loglog(found.rates, found.losses, color=COLOURS[kind], label=NAMES[kind])
        place = np.searchsorted(found.rates, found.suggestion)
        height = found.losses[min(int(place), len(found.losses) - 1)]
        scan.plot(found.suggestion, height, "o", color=COLOURS[kind], ms=7, mec="white")
    scan.axvline(LECTURE_RATE, color=SOFT, lw=1, ls=":")
    scan.text(
        LECTURE_RATE,
        1.0,
        " lecture's",
        color=SOFT,
        fontsize=8.5,
        va="top",
        transform=scan.get_xaxis_transform(),
    )
    scan.set(title="The finder's scan", xlabel="learning rate (dots: suggested)", ylabel="L1 loss")
    scan.legend(loc="upper left", bbox_to_anchor=(0, 0.92))

    for kind in STEPS:
        history = trials[f"{kind}_found"].history
        share = [row["step"] / history[-1]["step"] for row in history]
        course.semilogy(share, [row["loss"] for row in history], color=COLOURS[kind])
        course.semilogy(share, [row["val_loss"] for row in history], "--", color=COLOURS[kind])
    course.axhline(yardsticks(PAIRS[0][1])["zero"], color=SOFT, lw=1, ls=":")
    course.text(
        1, yardsticks(PAIRS[0][1])["zero"], "answer zero", color=SOFT, ha="right", va="bottom"
    )
    course.set(title="Training at the found rates", xlabel="share of the updates", ylabel="L1 loss")

    conv = trials["conv_found"].task.get_parameter("net.weight")
    for panel, title, kernel_KK in (
        (kernels[0], "Learned", conv.detach()[0, 0]),
        (kernels[1], "Sobel", SOBEL),
    ):
        panel.imshow(kernel_KK.numpy(), cmap=MAP_AROUND_ZERO, vmin=-0.6, vmax=0.6)
        for (row, column), value in np.ndenumerate(kernel_KK.numpy()):
            ink = "white" if abs(value) > 0.4 else INK
            panel.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink)
        panel.set(title=title, xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
    return figure


def _pairs(rows: Sequence[dict[str, Any]]) -> Figure:
    figure, axes = panels(1, 1, size=(9, 2.9))
    panel: Axes = axes[0, 0]
    marks = {
        "exact Sobel kernel, unseen": ("|", INK, lambda row: row["unseen"]["exact"]),
        "convolution, unseen": ("o", BLUE, lambda row: row["conv"]["unseen"]),
        "dense, trained on": ("D", "white", lambda row: row["dense"]["train"]),
        "dense, unseen": ("D", VERMILION, lambda row: row["dense"]["unseen"]),
        "answer zero, unseen": ("x", SOFT, lambda row: row["unseen"]["zero"]),
    }
    heights = np.arange(len(rows))[::-1]
    for label, (mark, colour, value) in marks.items():
        edge = VERMILION if mark == "D" else colour
        size = 14 if mark == "|" else 8
        panel.plot(
            [value(row) for row in rows],
            heights,
            mark,
            color=colour,
            mec=edge,
            ms=size,
            mew=1.6,
            label=label,
            clip_on=False,
        )
    panel.hlines(heights, *panel.get_xlim(), color=FAINT, lw=0.8, zorder=0)
    panel.set_xscale("log")
    panel.set_yticks(heights, [" → ".join(row["pair"]) for row in rows])
    panel.xaxis.set_major_formatter("{x:g}")
    panel.set(xlabel="mean absolute error (L1)", ylim=(-0.5, len(rows) - 0.5))
    panel.tick_params(left=False)
    panel.spines["left"].set_visible(False)
    panel.legend(loc="upper center", bbox_to_anchor=(0.45, 1.28), ncols=3)
    return figure


if __name__ == "__main__":
    print(run("edges") / "index.html")
