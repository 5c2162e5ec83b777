"""The same network over-fits, and is cured three times: more data, dropout, an early stop.

Axes: N examples, D = 2 features, K = 2 kinds, T points along a moon.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from pearlite.data.stream import Stream
from pearlite.judge.classes import share
from pearlite.judge.interval import Interval
from pearlite.judge.overfit import Diagnosis, diagnose
from pearlite.lecture import run
from pearlite.lecture.intervals import percent
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.training import parameters
from pearlite.nets.mlp import MLP
from pearlite.see import page
from pearlite.see.style import BLUE, INK, MAP_AROUND_ZERO, SOFT, VERMILION, panels, styled
from pearlite.task import Task
from pearlite.train.losses import cross_entropy
from pearlite.train.optimisers import adam
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss

FEW, MANY, WITHHELD, TESTED = 40, 600, 200, 4000
NOISE = 0.35  # standard deviation around the moons, whose radius is 1
WIDTH, DROPOUT, PATIENCE = 100, 0.6, 15
RATE, BATCH, STEPS, EVERY = 1e-3, 20, 1200, 30

Examples = tuple[Tensor, Tensor]


class TwoKinds(Task):
    """An MLP that tells two kinds of samples apart."""

    def __init__(self, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.net = MLP((2, WIDTH, WIDTH, 2), dropout=dropout, generator=generator)

    def f(self, x: Tensor) -> Tensor:
        """Return logits, shape (N, 2)."""
        return self.net(x)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy in nats."""
        return cross_entropy(y_hat, y)


@dataclass(frozen=True)
class Trial:
    """One training, and what it is worth on new examples."""

    name: str
    examples: Examples
    trainer: Trainer
    test_loss: float
    wrong: Interval
    diagnosis: Diagnosis


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Train one network in four ways, test each on the same new examples; write the page."""
    generator = torch.Generator().manual_seed(seed)
    few, more, validation, test = (
        moons(count, generator) for count in (FEW, MANY - FEW, WITHHELD, TESTED)
    )
    many = torch.cat([few[0], more[0]]), torch.cat([few[1], more[1]])

    def trial(
        name: str, examples: Examples = few, dropout: float = 0.0, stop: bool = False
    ) -> Trial:
        task = TwoKinds(dropout, torch.Generator().manual_seed(seed))
        stream = Stream(examples, BATCH, seed=seed)
        trainer = Trainer(
            task,
            optimiser=adam(RATE),
            validate=mean_loss([validation]),
            every=EVERY,
            patience=PATIENCE if stop else None,
            keep="best" if stop else "last",
            seed=seed,
        )
        trainer.fit(stream, steps=STEPS)
        with torch.no_grad():
            logits_NK = task(test[0])
        wrong = share(int((logits_NK.argmax(1) != test[1]).sum()), TESTED)
        loss = cross_entropy(logits_NK, test[1]).item()
        told = diagnose(trainer.history, baseline=math.log(2), epoch=stream.epoch)
        return Trial(name, examples, trainer, loss, wrong, told)

    trials = [
        trial("no cure"),
        trial("more data", examples=many),
        trial("dropout", dropout=DROPOUT),
        trial("early stop", stop=True),
    ]
    sick, epoch = trials[0], math.ceil(FEW / BATCH)
    weights = parameters(sick.trainer.task)
    best_possible = share(int((best_answer(test[0]) != test[1]).sum()), TESTED)
    rows = [
        (
            each.name,
            len(each.examples[1]),
            each.trainer.step if each.trainer.keep == "last" else each.trainer.best_step,
            f"{each.test_loss:.3f}",
            percent(each.wrong),
        )
        for each in trials
    ]
    sections = [
        Section(
            "The disease",
            [
                f"Two kinds of samples overlap, and the network has {weights:,} "
                f"parameters for {FEW} examples. It learns them by heart, chance included: "
                "training loss goes on falling, while the loss on examples that it does not learn "
                "from turns and rises.",
                Picture(
                    "figure",
                    cures_figure(trials, epoch),
                    "Four maps of the network's answer with its examples, untreated and cured, "
                    "and below each the training and validation loss",
                    "Above: the network's answer over both features, with the examples that it "
                    "learned from. Below: loss on them (grey) and on withheld examples (blue); "
                    "the dotted line is where validation was best. Every column starts from the "
                    "same weights.",
                ),
                _turn(sick.diagnosis, epoch),
            ],
        ),
        Section(
            "The cures",
            [
                "More data leaves less to chance. Dropout hides neurons at random, so that no "
                "few of them can store an example. An early stop keeps the weights from before "
                f"validation rose. All four on the same {TESTED:,} new examples:",
                page.table(
                    [*rows, ("the best possible rule", "", "", "", percent(best_possible))],
                    ("", "examples", "steps", "test loss, nats", "test error (95 % interval)"),
                ),
                "The loss also counts how sure the network is of its wrong answers, the error "
                "only how many there are: over-fitting spoils the first far more than the second. "
                "The intervals count the chance in the test only; another draw of the "
                f"{FEW} examples (--seed) can move the errors by more.",
            ],
        ),
    ]
    numbers = {
        "parameters": weights,
        "turned_at_step": sick.diagnosis.turned,
        "turned_at_epoch": sick.diagnosis.turned and sick.diagnosis.turned / epoch,
        "sentence": sick.diagnosis.sentence,
        "test_loss": {each.name: each.test_loss for each in trials},
        "test_error": {each.name: each.wrong for each in trials},
        "best_possible_error": best_possible,
    }
    question = "What if a network learns its examples by heart, and what helps against it?"
    return Page("overfitting", question, sections, numbers, seed).write(folder)


def moons(count: int, generator: torch.Generator) -> Examples:
    """Draw features of shape (N, 2) and kinds 0 and 1: two half moons, blurred by noise."""
    y_N = torch.arange(count) % 2
    angle_N = math.pi * torch.rand(count, generator=generator)
    noise_ND = NOISE * torch.randn(count, 2, generator=generator)
    return torch.where(y_N[:, None] == 0, *_arcs(angle_N)) + noise_ND, y_N


def best_answer(x_ND: Tensor) -> Tensor:
    """Return the kind that is likelier by the law that the examples were drawn from."""
    angle_T = math.pi * (torch.arange(200) + 0.5) / 200
    likely_KN = [
        (-(torch.cdist(x_ND, arc_TD) ** 2) / (2 * NOISE**2)).logsumexp(1)
        for arc_TD in _arcs(angle_T)
    ]
    return torch.stack(likely_KN).argmax(0)


def _arcs(angle_T: Tensor) -> tuple[Tensor, Tensor]:
    """Return points of the upper and of the lower moon, shape (T, 2)."""
    cos_T, sin_T = angle_T.cos(), angle_T.sin()
    return torch.stack([cos_T, sin_T], 1), torch.stack([1 - cos_T, 0.5 - sin_T], 1)


def cures_figure(trials: list[Trial], epoch: int) -> Figure:
    """Draw the answers above the losses, a column a trial."""
    figure, axes = panels(2, len(trials), size=(9, 4.9), sharey="row", height_ratios=(1.15, 1))
    for column, each in enumerate(trials):
        _answers(axes[0, column], each)
        _losses(axes[1, column], each, epoch)
    axes[0, 0].set_ylabel("feature 2")
    axes[1, 0].set_ylabel("loss / nats")
    axes[1, 1].legend(loc="lower left")
    return figure


def _answers(axis: Axes, trial: Trial) -> None:
    across, up = torch.linspace(-2, 3, 126), torch.linspace(-1.6, 2.1, 93)
    with torch.no_grad():
        logits = trial.trainer.task(torch.stack(torch.meshgrid(across, up, indexing="xy"), -1))
    axis.imshow(
        logits.softmax(-1)[..., 1].numpy(),
        cmap=MAP_AROUND_ZERO,
        vmin=-0.15,
        vmax=1.15,
        alpha=0.75,
        origin="lower",
        extent=(-2, 3, -1.6, 2.1),
        interpolation="bilinear",
        aspect="auto",
    )
    x_ND, y_N = (part.numpy() for part in trial.examples)
    size = 14 if len(y_N) == FEW else 5
    for kind, colour, marker in ((0, BLUE, "o"), (1, VERMILION, "^")):
        points = x_ND[y_N == kind].T
        axis.scatter(*points, s=size, color=colour, marker=marker, edgecolor="white", lw=0.3)
    axis.set(xlim=(-2, 3), ylim=(-1.6, 2.1), xlabel="feature 1")
    axis.set_title(f"{trial.name}\n{trial.wrong.value:.1%} test error")


def _losses(axis: Axes, trial: Trial, epoch: int) -> None:
    history = trial.trainer.history
    epochs = [row["step"] * BATCH / len(trial.examples[1]) for row in history]
    axis.semilogy(epochs, [row["loss"] for row in history], color=SOFT, lw=1.4, label="training")
    axis.semilogy(
        epochs, [row["val_loss"] for row in history], color=BLUE, lw=1.4, label="validation"
    )
    best = trial.trainer.best_step * BATCH / len(trial.examples[1])
    axis.axvline(best, color=INK, ls=":", lw=1)
    axis.set(xlabel="epoch", xlim=(0, STEPS * BATCH / len(trial.examples[1])), ylim=(1e-3, 8))
    axis.grid(axis="y")


def _turn(diagnosis: Diagnosis, epoch: int) -> str:
    if diagnosis.turned is None:
        return f"Without a cure: {diagnosis.sentence}"
    return (
        f"Without a cure, validation turned at epoch {diagnosis.turned / epoch:g}: what the "
        "network learned afterwards holds for its examples only."
    )


if __name__ == "__main__":
    print(run("overfitting") / "index.html")
