"""Training curves: the history of a training as a picture and as a part of a report."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from pearlite.errors import InputError
from pearlite.see.axes import BOTTOM, HEIGHT, TOP, places, plot, round_ticks
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
class Panel:
    """Curves that share a vertical axis, logarithmic where they fall over more than a decade."""

    curves: list[Curve]

    @property
    def name(self) -> str:
        """What the vertical axis shows."""
        return "loss" if len(self.curves) > 1 else self.curves[0].name

    @property
    def logarithmic(self) -> bool:
        """Whether all values are positive and span more than a factor of 10."""
        values = [value for curve in self.curves for value in curve.values]
        return min(values) > 0 and max(values) > 10 * min(values)


def panels(history: History) -> list[Panel]:
    """Sort the columns of a history: losses, of training and validation, share a panel.

    Raises
    ------
    InputError
        If the history is empty or holds no finite number.
    """
    losses, others = [], []
    for name in dict.fromkeys(name for row in history for name in row):
        if name in ("step", "seconds"):
            continue
        known = [
            (row["step"], row[name]) for row in history if math.isfinite(row.get(name, math.nan))
        ]
        if known:
            curve = Curve(name, *map(list, zip(*known, strict=True)))
            (losses if name.startswith(("loss", "val_loss")) else others).append(curve)
    made = [Panel(losses)] if losses else []
    made += [Panel([curve]) for curve in others]
    if not made:
        raise InputError("the history is empty: train for at least one validation first")
    return made


def best_step(history: History) -> float | None:
    """Return the step of the smallest watched number, the first one that the validation gave."""
    names = dict.fromkeys(name for row in history for name in row)
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
        for number, curve in enumerate(panel.curves):
            colour = COLOURS[number % len(COLOURS)]
            mark = "." if len(curve.steps) < 40 else ""
            axes.plot(curve.steps, curve.values, mark + "-", color=colour, label=curve.name)
        if panel.logarithmic:
            axes.set_yscale("log")
        if (best := best_step(history)) is not None:
            axes.axvline(best, color="#5d636e", linestyle=":", linewidth=1.2)
            axes.text(
                best, 1.01, "best", transform=axes.get_xaxis_transform(), fontsize=8, ha="center"
            )
        axes.set_ylabel(panel.name)
        axes.spines[["top", "right"]].set_visible(False)
        if len(panel.curves) > 1:
            axes.legend(frameon=False, fontsize=9)
    figure.axes[-1].set_xlabel("step")
    figure.axes[0].set_title(title, loc="left", fontsize=11)
    figure.savefig(path, dpi=110)
    return Path(path)


def training_section(history: History, sentence: str = "") -> Html:
    """Return the part of a report that shows how training went.

    Parameters
    ----------
    history
        As `Trainer.fit` returns it.
    sentence
        What to make of it, such as that of `pearlite.judge.overfit.diagnose`.

    Raises
    ------
    InputError
        If the history is empty.
    """
    best = best_step(history)
    parts = [_panel_plot(panel, best) for panel in panels(history)]
    said = tag("p", sentence) if sentence else None
    return section("Training", side_by_side(*parts), said)


def _panel_plot(panel: Panel, best: float | None) -> Html:
    scale = math.log10 if panel.logarithmic else float
    heights = [scale(value) for curve in panel.curves for value in curve.values]
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
    show = (lambda tick: f"{10**tick:.2g}") if panel.logarithmic else "{:g}".format
    ends = "; ".join(f"{c.name} from {c.values[0]:.4g} to {c.values[-1]:.4g}" for c in panel.curves)
    drawn = plot(ticks_x, ticks_y, ("step", panel.name), ends, *lines, show_y=show)
    return tag("figure", drawn, tag("figcaption", join(*names), class_="legend"))


def _trained(name: str) -> bool:
    return name == "loss" or name.startswith("loss_")
