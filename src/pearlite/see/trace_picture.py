"""A trace as a picture: the tensors from layer to layer, and below what each layer costs."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pearlite.see.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    SOFT,
    VERMILION,
    panels,
    styled,
)

if TYPE_CHECKING:
    from pearlite.see.trace import Row

MOST = 40  # layers that fit beside each other
_COLOURS = {
    "conv": BLUE,
    "pool": SKY,
    "attention": VERMILION,
    "norm": FAINT,
    "embed": ORANGE,
    "dense": GREEN,
    "linear": GREEN,
    "lstm": PURPLE,
    "recurrent": PURPLE,
    "gru": PURPLE,
    "rnn": PURPLE,
}


@styled
def draw(rows: Sequence["Row"], path: Path) -> Path:
    """Draw the layers that change a shape or cost something; their groups where they are many.

    Heights grow with the square root of the pixels along a side, or of the tokens; widths with the
    logarithm of the channels.
    """
    shown = _chosen(rows)
    size = (max(6.0, 0.34 * len(shown) + 2), 5.2)
    figure, axes = panels(2, size=size, height_ratios=(2.2, 1), sharex=True)
    tensors, costs = axes[:, 0]
    _draw_tensors(tensors, rows[0], shown)
    _draw_costs(costs, rows[0], shown)
    figure.savefig(path)
    return path


def _chosen(rows: Sequence["Row"]) -> list["Row"]:
    whole = _without_insides(rows)
    for depth in range(max(row.depth for row in whole), 0, -1):
        level = [row for row in whole if row.depth == depth or (row.depth < depth and _ends(row))]
        level = [row for row in level if row.multiply_adds or row.outputs != row.inputs[:1]]
        if 0 < len(level) <= MOST:
            return level
    return [rows[0]]


def _without_insides(rows: Sequence["Row"]) -> list["Row"]:
    """Leave out what attention is made of: its own products are in no layer inside it."""
    kept, closed = [], math.inf
    for row in rows:
        if row.depth <= closed:
            kept.append(row)
            closed = row.depth if _ends(row) else math.inf
    return kept


def _ends(row: "Row") -> bool:
    return row.leaf or "attention" in row.kind.lower()


def _draw_tensors(axes: Axes, network: "Row", shown: Sequence["Row"]) -> None:
    shapes = [network.inputs[0] if network.inputs else (1,)]
    shapes += [row.outputs[0] if row.outputs else (1,) for row in shown]
    colours = [INK, *(_colour(row.kind) for row in shown)]
    sizes = [_size(shape) for shape in shapes]
    widest = max(width for width, _ in sizes)
    tallest = max(height for _, height in sizes)
    for place, ((width, height), shape, colour) in enumerate(
        zip(sizes, shapes, colours, strict=True)
    ):
        across = 0.15 + 0.75 * width / widest
        corner = (place - across / 2, -height / 2)
        axes.add_patch(Rectangle(corner, across, height, facecolor=colour, alpha=0.85))
        text = "×".join(map(str, shape[1:] if len(shape) > 1 else shape))
        axes.text(
            place,
            height / 2 + tallest / 40,
            text,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=8,
        )
    axes.set_xlim(-0.8, len(shapes) - 0.2)
    axes.set_ylim(-0.8 * tallest, 1.1 * tallest)
    axes.set_title(f"{network.kind}: one sample from layer to layer")
    kinds = {_colour(row.kind): row.kind for row in reversed(shown)}
    marks = [Rectangle((0, 0), 1, 1, facecolor=c, label=k) for c, k in reversed(kinds.items())]
    axes.legend(handles=marks, fontsize=8, ncols=4, loc="lower left")
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(bottom=False)


def _draw_costs(axes: Axes, network: "Row", shown: Sequence["Row"]) -> None:
    from pearlite.see.trace import short

    places = range(1, len(shown) + 1)
    for shift, name, colour in ((-0.2, "multiply_adds", BLUE), (0.2, "parameters", ORANGE)):
        total = getattr(network, name)
        shares = [100 * getattr(row, name) / max(total, 1) for row in shown]
        label = f"{name.replace('_', '-')}, {short(total).strip()} in all"
        axes.bar([place + shift for place in places], shares, 0.4, color=colour, label=label)
    names = ["input", *(_short_path(row.path) or row.kind for row in shown)]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    axes.set_ylabel("share, %")
    axes.legend(fontsize=8, ncols=2, loc="upper left")
    axes.set_ylim(0, axes.get_ylim()[1] * 1.3)


def _size(shape: Sequence[int]) -> tuple[float, float]:
    """Return width and height of a tensor's rectangle."""
    if len(shape) <= 2:
        return 1.0, shape[-1] ** 0.5
    if len(shape) == 3:
        return math.log2(1 + shape[2]), shape[1] ** 0.5
    side = math.prod(shape[2:]) ** (1 / len(shape[2:]))
    return math.log2(1 + shape[1]), side**0.5


def _short_path(path: str) -> str:
    parts = path.split(".")
    return path if len(parts) < 5 else "…" + ".".join(parts[-3:])


def _colour(kind: str) -> str:
    return next((c for word, c in _COLOURS.items() if word in kind.lower()), SOFT)
