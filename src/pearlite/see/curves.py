"""Training curves: the history of a training as a picture and as a part of a report."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pearlite.errors import InputError
from pearlite.see.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, places, plot, round_ticks
from pearlite.see.html import Html, join, tag
from pearlite.see.page import section, side_by_side

History = Sequence[dict[str, float]]
# on a page these are the classes c0 to c5 of page.css
COLOURS = ("#2457c5", "#d9822b", "#176b3a", "#a3221c", "#6b2c91", "#5d636e")


@dataclass(frozen=True)
class Curve:
    """One column of a history: its finite values and the steps they belong to."""

    name: str
    steps: list[float]
    values: list[float]


@dataclass(frozen=True)
class Goal:
    """Columns of a history that share a panel, as they are to come below the same line.

    Attributes
    ----------
    name
        What the vertical axis shows.
    columns
        Names in the history; none of them is a score whose best step is marked.
    line, said
        Height of the line, and what it is.
    """

    name: str
    columns: tuple[str, ...]
    line: float
    said: str


@dataclass(frozen=True)
class Panel:
    """Curves that share a vertical axis, logarithmic where they fall over more than a decade."""

    curves: list[Curve]
    goal: Goal | None = None

    @property
    def name(self) -> str:
        """What the vertical axis shows."""
        if self.goal is not None:
            return self.goal.name
        return "loss" if len(self.curves) > 1 else self.curves[0].name

    @property
    def values(self) -> list[float]:
        """All heights, that of a goal's line among them."""
        line = [] if self.goal is None else [self.goal.line]
        return line + [value for curve in self.curves for value in curve.values]

    @property
    def logarithmic(self) -> bool:
        """Whether all values are positive and span more than a factor of 10."""
        return min(self.values) > 0 and max(self.values) > 10 * min(self.values)


def panels(history: History, goal: Goal | None = None) -> list[Panel]:
    """Sort the columns of a history: losses, of training and validation, share a panel.

    So do the columns of a goal.

    Raises
    ------
    InputError
        If the history is empty or holds no finite number.
    """
    losses, aimed, others = [], [], []
    for name in dict.fromkeys(name for row in history for name in row):
        if name in ("step", "seconds"):
            continue
        known = [
            (row["step"], row[name]) for row in history if math.isfinite(row.get(name, math.nan))
        ]
        if known:
            curve = Curve(name, *map(list, zip(*known, strict=True)))
            if goal is not None and name in goal.columns:
                aimed.append(curve)
            else:
                (losses if name.startswith(("loss", "val_loss")) else others).append(curve)
    made = [Panel(losses)] if losses else []
    made += [Panel(aimed, goal)] if aimed else []
    made += [Panel([curve]) for curve in others]
    if not made:
        raise InputError("the history is empty: train for at least one validation first")
    return made


def best_step(history: History, goal: Goal | None = None) -> float | None:
    """Return the step of the smallest watched number, the first one that the validation gave."""
    aimed = () if goal is None else goal.columns
    names = dict.fromkeys(name for row in history for name in row if name not in aimed)
    watched = next((n for n in names if n not in ("step", "seconds") and not _trained(n)), None)
    rows = [row for row in history if watched in row and math.isfinite(row[watched])]
    return min(rows, key=lambda row: row[watched])["step"] if watched and rows else None


def draw(history: History, path: str | Path, title: str = "Training") -> Path:
    """Draw the curves of a history, as `Trainer.fit` returns it, into a PNG or SVG.

    A dotted line marks the best validation.

    Raises
    ------
    InputError
        If the history is empty.
    """
    shown = panels(history)
    figure = Figure(figsize=(6.2, 2.7 * len(shown) + 0.4), layout="constrained")
    for axes, panel in zip(figure.subplots(len(shown), squeeze=False).flat, shown, strict=True):
        draw_panel(axes, panel)
        if (best := best_step(history)) is not None:
            axes.axvline(best, color="#5d636e", linestyle=":", linewidth=1.2)
            axes.text(
                best, 1.01, "best", transform=axes.get_xaxis_transform(), fontsize=8, ha="center"
            )
    figure.axes[-1].set_xlabel("step")
    figure.axes[0].set_title(title, loc="left", fontsize=11)
    figure.savefig(path, dpi=110)
    return Path(path)


def draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw the curves of a panel, and its goal as a dotted line."""
    for number, curve in enumerate(panel.curves):
        colour = COLOURS[number % len(COLOURS)]
        mark = "." if len(curve.steps) < 40 else ""
        axes.plot(curve.steps, curve.values, mark + "-", color=colour, label=curve.name)
    if panel.logarithmic:
        axes.set_yscale("log")
    if panel.goal is not None:
        axes.axhline(panel.goal.line, color="#5d636e", linestyle=":", label=panel.goal.said)
    axes.set_ylabel(panel.name)
    axes.spines[["top", "right"]].set_visible(False)
    if len(panel.curves) > 1:
        axes.legend(frameon=False, fontsize=9)


def training_section(history: History, sentence: str = "", goal: Goal | None = None) -> Html:
    """Return the part of a report that shows how training went.

    Parameters
    ----------
    history
        As `Trainer.fit` returns it.
    sentence
        What to make of it, such as that of `pearlite.judge.overfit.diagnose`.
    goal
        Columns that are to come below a line.

    Raises
    ------
    InputError
        If the history is empty.
    """
    best = best_step(history, goal)
    parts = [_panel_plot(panel, best) for panel in panels(history, goal)]
    said = tag("p", sentence) if sentence else None
    return section("Training", side_by_side(*parts), said)


def _panel_plot(panel: Panel, best: float | None) -> Html:
    scale = math.log10 if panel.logarithmic else float
    heights = [scale(value) for value in panel.values]
    steps = [step for curve in panel.curves for step in curve.steps]
    ticks_x = round_ticks(min(steps), max(steps))
    ticks_y = round_ticks(min(heights), max(heights))
    across, down = places(ticks_x, ticks_y)
    lines, names = [], []
    for number, curve in enumerate(panel.curves):
        colour = f"c{number % len(COLOURS)}"
        points = zip(curve.steps, curve.values, strict=True)
        path = " ".join(f"{across(step)},{down(scale(value))}" for step, value in points)
        lines.append(tag("polyline", points=path, class_=f"curve {colour}"))
        names.append(tag("span", curve.name, class_=colour))
    if best is not None:
        x = across(best)
        lines.append(tag("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, class_="best"))
        names.append(tag("span", f"best validation, step {best:g}", class_="dotted"))
    if panel.goal is not None:
        y = down(scale(panel.goal.line))
        lines.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="best"))
        names.append(tag("span", panel.goal.said, class_="dotted"))
    show = (lambda tick: f"{10**tick:.2g}") if panel.logarithmic else "{:g}".format
    ends = "; ".join(f"{c.name} from {c.values[0]:.4g} to {c.values[-1]:.4g}" for c in panel.curves)
    drawn = plot(ticks_x, ticks_y, ("step", panel.name), ends, *lines, show_y=show)
    return tag("figure", drawn, tag("figcaption", join(*names), class_="legend"))


def _trained(name: str) -> bool:
    return name == "loss" or name.startswith("loss_")
