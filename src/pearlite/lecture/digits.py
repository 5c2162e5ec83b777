"""Reading handwritten digits: a CNN and a ViT, tested on writers that they never saw.

The 1,797 digits of 8 x 8 pixels that scikit-learn brings along (Alpaydin & Kaynak, Optical
Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998).

Axes: N samples, B batch, C channels, H rows, W columns, K classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn

from pearlite.data.split import Split, split
from pearlite.data.stream import Stream
from pearlite.judge.classes import accuracy, confusion
from pearlite.judge.interval import Interval
from pearlite.lecture import run
from pearlite.lecture.intervals import draw_intervals, percent
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.training import trained
from pearlite.nets.classifier import CNNClassifier
from pearlite.nets.vit import ViT
from pearlite.see import page
from pearlite.see.confusion import draw_confusion
from pearlite.see.style import BLUE, GREEN, SOFT, VERMILION, panels, styled
from pearlite.task import Task
from pearlite.train.history import Row
from pearlite.train.losses import cross_entropy
from pearlite.train.optimisers import adamw
from pearlite.train.validate import mean_loss

CLASSES = 10
BATCH, RATE, EPOCHS, PATIENCE = 64, 3e-3, 25, 8  # chosen on the validation part, as the networks
NEAR = 100  # places in the file

NETS: dict[str, Callable[[torch.Generator], nn.Module]] = {
    "CNN": lambda generator: CNNClassifier(1, CLASSES, generator=generator),
    "ViT": lambda generator: ViT(
        (8, 8), 4, CLASSES, depth=2, positions="learned", dropout=0.1, generator=generator
    ),
}
COMMONEST = "the commonest digit, always"
COLOURS = {"CNN": BLUE, "ViT": VERMILION, "linear": GREEN}


class Digits(Task):
    """A network names the digit; cross-entropy."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def f(self, x: Tensor) -> Tensor:
        """Map images ``(B, 1, 8, 8)`` to logits ``(B, 10)``."""
        return self.net(x)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Mean negative logarithm of the true digit's probability."""
        return cross_entropy(y_hat, y)


@dataclass(frozen=True)
class Answers:
    """What a classifier said about the withheld digits, and how it got there."""

    test_N: NDArray[np.int64]
    accuracy: Interval
    history: Sequence[Row] = ()
    best_epoch: int = 0


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Train both networks on two splits, test them beside two baselines; write the page."""
    images_NHW, truth_N = digits()
    splits = {
        "other writers": split(len(truth_N), time=np.arange(len(truth_N))),
        "at random": split(len(truth_N), stratify=truth_N, seed=seed),
    }
    answers = {name: judged(images_NHW, truth_N, part, seed) for name, part in splits.items()}
    strict, test = answers["other writers"], splits["other writers"].test
    said = {name: strict[name].test_N for name in NETS}
    matrices = {name: confusion(truth_N[test], said[name], CLASSES) for name in NETS}
    near, by_chance = neighbours(images_NHW)
    numbers = {
        "splits": {
            name: {"why": part.why, "hash": part.hash, "test": len(part.test)}
            for name, part in splits.items()
        },
        "accuracy": {
            name: {model: list(astuple(answer.accuracy)) for model, answer in models.items()}
            for name, models in answers.items()
        },
        "best_epoch": {
            name: {net: models[net].best_epoch for net in NETS} for name, models in answers.items()
        },
        "confusion": {name: matrix.tolist() for name, matrix in matrices.items()},
        "neighbours_near": near,
        "neighbours_near_by_chance": by_chance,
    }
    taken = [
        Picture(
            "confusion",
            confusion_figure(matrices),
            "Confusion matrices of the CNN and of the ViT on digits of other writers",
            "Rows: the true digit; columns: the answer. Right answers are grey on the diagonal, "
            "wrong ones coloured.",
        ),
        Picture(
            "misread",
            misread_figure(images_NHW[test], truth_N[test], said),
            "The digits that were misread, each with its true class and the answer",
            "Digits that were misread: true → answer.",
        ),
    ]
    courses = Picture(
        "courses",
        courses_figure(strict),
        "Training and validation loss of both networks over the epochs",
        "Dashed: on the training part; solid: on the validation part. The dot is the epoch whose "
        f"weights were kept; training ends {PATIENCE} epochs after it, or after {EPOCHS} in all.",
    )
    sections = [
        Section("Who reads best", _results(answers, len(test), near, by_chance)),
        Section("What is taken for what", taken),
        Section("When to stop", [courses]),
    ]
    question = (
        "Two networks learn to read digits of 8 × 8 pixels. How well do they read the hand of "
        "somebody they have never seen, and better than a linear model?"
    )
    return Page("digits", question, sections, numbers, seed).write(folder)


def digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return all images, values 0 to 1, shape (N, 8, 8), and their classes, in the file's order."""
    x_ND, truth_N = load_digits(return_X_y=True)
    images_NHW = np.asarray(x_ND).reshape(-1, 8, 8) / 16
    return images_NHW.astype(np.float32), np.asarray(truth_N, np.int64)


def judged(
    images_NHW: NDArray[np.float32], truth_N: NDArray[np.int64], part: Split, seed: int
) -> dict[str, Answers]:
    """Train and choose on two parts; let every model answer the third, which was withheld."""
    known = images_NHW[part.train]
    x_NCHW = torch.from_numpy((images_NHW - known.mean()) / known.std())[:, None]
    y_N = torch.from_numpy(truth_N)
    models = {}
    for name, make in NETS.items():
        task = Digits(make(torch.Generator().manual_seed(seed)))
        stream = Stream((x_NCHW[part.train], y_N[part.train]), BATCH, seed=seed)
        trainer = trained(
            task,
            stream,
            EPOCHS * stream.epoch,
            adamw(RATE, decay=1e-2),
            warm_up=stream.epoch,
            validate=mean_loss([(x_NCHW[part.validation], y_N[part.validation])]),
            every=stream.epoch,
            patience=PATIENCE,
            seed=seed,
        )
        with torch.inference_mode():
            said_N = task(x_NCHW[part.test]).argmax(1).numpy()
        right, best = accuracy(truth_N[part.test], said_N), trainer.best_step // stream.epoch
        models[name] = Answers(said_N, right, trainer.history, best)
    x_ND = x_NCHW.flatten(1).numpy()
    commonest = np.bincount(truth_N[part.train]).argmax()
    for name, said in (
        ("linear", linear(x_ND, truth_N, part).predict(x_ND[part.test])),
        (COMMONEST, np.full(len(part.test), commonest)),
    ):
        said_N = np.asarray(said, np.int64)
        models[name] = Answers(said_N, accuracy(truth_N[part.test], said_N))
    return models


def linear(
    x_ND: NDArray[np.float32], truth_N: NDArray[np.int64], part: Split
) -> LogisticRegression:
    """Fit scikit-learn's logistic regression; its penalty is chosen on the validation part."""
    fits = [
        LogisticRegression(C=penalty, max_iter=2000).fit(x_ND[part.train], truth_N[part.train])
        for penalty in (1e-3, 1e-2, 1e-1, 1.0)
    ]
    return max(fits, key=lambda fit: fit.score(x_ND[part.validation], truth_N[part.validation]))


def neighbours(images_NHW: NDArray[np.float32]) -> tuple[float, float]:
    """Share of digits whose most similar other digit is near in the file; and what chance gives."""
    x_ND = images_NHW.reshape(len(images_NHW), -1)
    nearest_N = NearestNeighbors(n_neighbors=2).fit(x_ND).kneighbors(x_ND)[1][:, 1]
    places_N = np.arange(len(x_ND))
    apart_NN = np.abs(places_N[:, None] - places_N)
    near = np.abs(nearest_N - places_N) <= NEAR
    return float(near.mean()), float(((apart_NN > 0) & (apart_NN <= NEAR)).sum() / apart_NN.size)


def _results(
    answers: dict[str, dict[str, Answers]], count: int, near: float, by_chance: float
) -> list[Any]:
    strict, easy = answers["other writers"], answers["at random"]
    rows = [
        (model, *(percent(models[model].accuracy) for models in answers.values()))
        for model in strict
    ]
    return [
        Picture(
            "figure",
            accuracy_figure(answers),
            "Accuracy of a CNN, a ViT and a linear model, with intervals, on two kinds of splits",
            f"Test accuracy with its 95 % interval (Wilson), {count} withheld digits.",
        ),
        page.table(rows, ("test accuracy", *answers)),
        "Training saw 70 % of the digits; 20 % chose when to stop and how strong the linear "
        "model's penalty is; the figures come from the last 10 %, on which nothing was chosen.",
        "The file lists digit after digit as people wrote them, without their names: the most "
        f"similar digit lies within {NEAR} places of {near:.0%} of all digits, where chance would "
        f"give {by_chance:.0%}. A split at random has digits of one hand on both sides, which "
        "flatters. The honest test takes the last tenth of the file, written by people whom "
        "training has hardly met or never: there the linear model reads "
        f"{strict['linear'].accuracy.value:.1%}, at random {easy['linear'].accuracy.value:.1%}.",
        f"With {count} digits the test cannot tell models apart whose intervals overlap much.",
    ]


def accuracy_figure(answers: dict[str, dict[str, Answers]]) -> Figure:
    """Draw the accuracy of what has learned, with its interval: filled for other writers."""
    figure, axes = panels(size=(9, 2.6))
    shares = {
        name: {model: models[model].accuracy for model in models if model != COMMONEST}
        for name, models in answers.items()
    }
    draw_intervals(axes[0, 0], shares, COLOURS)
    axes[0, 0].set_xlabel("test accuracy")
    axes[0, 0].set_xlim(right=1.001)
    axes[0, 0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    return figure


def confusion_figure(matrices: dict[str, NDArray[np.int64]]) -> Figure:
    """Draw a matrix a network: right answers in grey, mistakes in the network's colour."""
    figure, axes = panels(1, len(matrices), size=(9, 4.4))
    for axis, (name, matrix_KK) in zip(axes[0], matrices.items(), strict=True):
        draw_confusion(axis, matrix_KK, COLOURS[name])
        wrong = matrix_KK.sum() - matrix_KK.trace()
        axis.set_title(f"{name}: {wrong} of {matrix_KK.sum()} misread")
    return figure


def misread_figure(
    images_NHW: NDArray[np.float32], true_N: NDArray[np.int64], said: dict[str, NDArray[np.int64]]
) -> Figure:
    """Draw the first misread digits of each network, in the order of the file."""
    most = 12
    figure, axes = panels(len(said), most, size=(9, 1.15 * len(said) + 0.3))
    for line, (name, said_N) in zip(axes, said.items(), strict=True):
        wrong = np.flatnonzero(said_N != true_N)
        line[0].set_ylabel(name, color=COLOURS[name], fontsize=10.5, weight="bold")
        for axis in line:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        for axis, index in zip(line, wrong, strict=False):
            axis.imshow(images_NHW[index], cmap="gray_r")
            axis.set_xlabel(f"{true_N[index]} → {said_N[index]}", fontsize=10)
        if len(wrong) > most:
            line[-1].set_title(f"… {len(wrong)} in all", fontsize=8.5, loc="right")
    return figure


def courses_figure(answers: dict[str, Answers]) -> Figure:
    """Draw the losses of both networks and the epochs that were kept."""
    figure, axes = panels(1, len(NETS), size=(9, 3), sharey=True)
    for axis, name in zip(axes[0], NETS, strict=True):
        history = answers[name].history
        epochs = np.arange(1, len(history) + 1)
        val = [row["val_loss"] for row in history]
        axis.semilogy(epochs, [row["loss"] for row in history], "--", color=SOFT)
        axis.semilogy(epochs, val, color=COLOURS[name])
        kept = answers[name].best_epoch
        axis.plot(kept, val[kept - 1], "o", color=COLOURS[name], ms=9, mec="white", mew=1.5)
        axis.set(xlabel="epoch", title=f"{name}: epoch {kept} kept")
        axis.grid(axis="y")
    axes[0, 0].set_ylabel("cross-entropy (nats)")
    return figure


if __name__ == "__main__":
    print(run("digits") / "index.html")
