"""How a token knows its place, which attention by itself does not know.

Axes: B rows, T and S places, D features.
"""

from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from pearlite.judge.classes import accuracy
from pearlite.judge.interval import Interval
from pearlite.lecture import run
from pearlite.lecture.intervals import draw_intervals
from pearlite.lecture.page import Page, Picture, Section
from pearlite.lecture.training import trained
from pearlite.nets.block import Blocks
from pearlite.nets.dense import Dense
from pearlite.nets.embedding import Embedding
from pearlite.nets.position import Learned, rotate, sinusoidal, sinusoidal_2d
from pearlite.see import page
from pearlite.see.style import (
    BLUE,
    FAINT,
    GREEN,
    MAP_AROUND_ZERO,
    SOFT,
    VERMILION,
    panels,
    styled,
)
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.losses import cross_entropy
from pearlite.train.optimisers import adam

KINDS = ("none", "sinusoidal", "learned", "rotary")
COLOURS: dict[str, str] = dict(zip(KINDS, (SOFT, BLUE, VERMILION, GREEN), strict=True))
PLACES, DRAWN_WIDTH, SIDE = 64, 64, 16
LENGTH, WIDTH, HEADS = 20, 32, 2
BATCH, RATE, STEPS, WARM_UP, TEST = 64, 5e-3, 500, 20, 2000


class Order(Task):
    """Says whether token 0 stands before token 1, from the mean of one block's output.

    Without positions every row holds the same set of vectors, and a mean does not ask for their
    order: there is nothing to learn.
    """

    def __init__(self, positions: str, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        # "rotary" leaves positions to the attention, which for "none" has none either
        added = "rotary" if positions == "none" else positions
        self.embed = Embedding(LENGTH, WIDTH, context=LENGTH, positions=added, generator=generator)
        self.blocks = Blocks(1, WIDTH, HEADS, rotary=positions == "rotary", generator=generator)
        self.head = Dense(WIDTH, 2, generator=generator)

    def f(self, x: Tensor) -> Tensor:
        """Map rows of tokens ``(B, T)`` to logits of "no" and "yes", ``(B, 2)``."""
        return self.head(self.blocks(self.embed(x)).mean(1))

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Mean negative logarithm of the right answer's probability."""
        return cross_entropy(y_hat, y)


def rows(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw all tokens in random order, ``(B, T)``, and whether 0 stands before 1, ``(B,)``."""
    generator = torch.Generator().manual_seed(seed)
    places_BT = torch.rand(count, LENGTH, generator=generator).argsort(1)
    return places_BT.argsort(1), (places_BT[:, 0] < places_BT[:, 1]).long()


def learned_order(positions: str, seed: int) -> tuple[Order, list[Tensor]]:
    """Train on rows drawn anew at every step; also return the learned vectors before and after."""
    task = Order(positions, seed)
    tables = [layer.weight for layer in task.modules() if isinstance(layer, Learned)]
    before = [table.detach().clone() for table in tables]
    trained(
        task,
        lambda step: rows(BATCH, derived_seed(seed, 1, step)),
        STEPS,
        adam(RATE),
        warm_up=WARM_UP,
        seed=seed,
    )
    return task, before + [table.detach() for table in tables]


@styled
def draw(folder: Path, seed: int = 0) -> Page:
    """Draw four ways to tell places, and test what each lets a network learn; write the page."""
    tokens_BT, truth_B = rows(TEST, derived_seed(seed, 0))
    right: dict[str, list[float]] = {}
    tables: list[Tensor] = []
    for kind in KINDS:
        task, vectors = learned_order(kind, seed)
        tables += vectors
        with torch.inference_mode():
            got = accuracy(truth_B, task(tokens_BT).argmax(1))
        right[kind] = [got.value, got.low, got.high]
    products_DS = rotary_products(DRAWN_WIDTH, PLACES)
    numbers = {
        "right": right,
        "rotary_depends_on_place": float((products_DS - products_DS[:1]).abs().max()),
        "sinusoidal_depends_on_place": sinusoidal_spread(),
        "learned_before": line_likeness(tables[0]),
        "learned_after": line_likeness(tables[1]),
    }
    sections = [
        Section("Waves, vectors, rotations", _drawn(tables, products_DS, numbers)),
        Section("Without places, no order", _tested(numbers)),
    ]
    question = (
        "To attention a sentence is a bag of words: it has no first and no last. How are places "
        "told, and what happens without?"
    )
    return Page("positions", question, sections, numbers, seed).write(folder)


def rotary_products(width: int, distances: int, starts: int = 5) -> Tensor:
    """Dot products of one vector with itself, turned by places p and p + distance.

    Returns
    -------
    Tensor
        ``(starts, distances)``, a line for every p, divided by the product at distance 0.
    """
    ones_T = torch.ones(distances, dtype=torch.float64)
    x_BHTD = ones_T[None, None, :, None].expand(1, 1, distances, width)
    lines = []
    for start in range(0, 10 * starts, 10):
        places_T = torch.arange(distances, dtype=torch.float64) + start
        turned_TD = rotate(x_BHTD, places_T)[0, 0]
        lines.append(turned_TD @ turned_TD[0] / width)
    return torch.stack(lines)


def sinusoidal_spread() -> float:
    """Largest difference of the products of sinusoidal vectors that lie equally far apart."""
    table_TD = sinusoidal(2 * PLACES, DRAWN_WIDTH).double()
    products_TT = table_TD @ table_TD.T / (DRAWN_WIDTH / 2)
    spreads = [products_TT.diagonal(d) for d in range(PLACES)]
    return float(max(line.max() - line.min() for line in spreads))


def line_likeness(table_TD: Tensor) -> float:
    """Share of the vectors' variance along their principal direction: 1 if they form a line."""
    values = torch.linalg.svdvals((table_TD - table_TD.mean(0)).double())
    return float(values[0] ** 2 / (values**2).sum())


def _drawn(tables: list[Tensor], products_DS: Tensor, numbers: dict[str, Any]) -> list[Any]:
    return [
        Picture(
            "figure",
            waves_figure(products_DS),
            "Sinusoidal position vectors as stripes, and the dot products of sinusoidal and of "
            "rotary positions against distance",
            "Left: every line is the vector of a place: fast waves left, slow ones right. Right: "
            "how alike two places are, as far as they are apart.",
        ),
        "Sinusoidal: every place gets a vector of sine and cosine waves, which is added to the "
        "token's. The product of two of them depends on their distance only, to "
        f"{numbers['sinusoidal_depends_on_place']:.0e}.",
        "Rotary: nothing is added. Queries and keys are turned, by angles that grow with the "
        "place; the product of a query and a key then depends on their distance only, to "
        f"{numbers['rotary_depends_on_place']:.0e}, whatever the two are. The curve is that of a "
        "vector of ones.",
        Picture(
            "learned",
            learned_figure(tables),
            "Dot products of learned position vectors before and after training, and after "
            "training along their principal direction",
            "Learned positions of the task below. Before: unrelated. After: places at one end are "
            "alike and unlike those at the other.",
        ),
        "Learned: the vectors begin at random and are trained like all weights. The question "
        "below needs nothing but before and behind, and so training lays the places out along a "
        f"line: {numbers['learned_after']:.0%} of their variance lies along one direction (at the "
        f"start {numbers['learned_before']:.0%}).",
        Picture(
            "plane",
            plane_figure(),
            "For four patches of an image, how alike its position is to those of all others",
            f"2-D: the places of {SIDE} × {SIDE} patches of an image, half of the vector for the "
            "row, half for the column. Each panel: how alike all places are to the marked one.",
        ),
    ]


def _tested(numbers: dict[str, Any]) -> list[Any]:
    return [
        Picture(
            "order",
            order_figure(numbers["right"]),
            "Share of right answers without positions and with sinusoidal, learned and rotary ones",
            f"Right answers on {TEST:,} rows that training did not see, with 95 % interval. "
            "Guessing gives 50 %.",
        ),
        f"The question: in a row of {LENGTH} different tokens, does A stand before B? One block, "
        f"{STEPS} updates, the same network but for the positions. Without them every row is the "
        "same set of vectors to it; it cannot but give every row the same answer.",
        page.table(
            [(kind, *(f"{value:.1%}" for value in numbers["right"][kind])) for kind in KINDS],
            ("positions", "right", "from", "to (95 %)"),
        ),
    ]


def waves_figure(products_DS: Tensor) -> Figure:
    """Draw the sinusoidal table, and products against distance."""
    figure, axes = panels(1, 2, size=(9, 3.6))
    table, curve = axes[0]
    table_TD = sinusoidal(PLACES, DRAWN_WIDTH)
    shown = table.imshow(table_TD.numpy(), cmap=MAP_AROUND_ZERO, vmin=-1, vmax=1, aspect="auto")
    table.set(title="Sinusoidal positions", xlabel="feature", ylabel="place")
    figure.colorbar(shown, ax=table, shrink=0.8, ticks=[-1, 0, 1]).outline.set_visible(False)
    sines_T = table_TD @ table_TD[0] / (DRAWN_WIDTH / 2)
    curve.axhline(0, color=FAINT, lw=1)
    curve.plot(sines_T, color=BLUE, lw=5, alpha=0.45, label="sinusoidal")
    curve.plot(products_DS.T.numpy(), color=GREEN, lw=1.2, label=["rotary", *[None] * 4])
    curve.set(title="Dot product against distance", xlabel="distance in places", ylabel="product")
    curve.legend()
    return figure


def learned_figure(tables: list[Tensor]) -> Figure:
    """Draw the products of learned positions before and after, and the line they form."""
    figure, axes = panels(1, 3, size=(9, 3), width_ratios=(1, 1, 1.1))
    for axis, table_TD, when in zip(axes[0, :2], tables, ("before", "after"), strict=True):
        products_TT = (table_TD @ table_TD.T).numpy()
        limit = float(abs(products_TT).max())
        axis.imshow(products_TT, cmap=MAP_AROUND_ZERO, vmin=-limit, vmax=limit)
        axis.set(title=f"Learned, {when}", xlabel="place", ylabel="place")
        axis.set(xticks=[0, 5, 10, 15], yticks=[0, 5, 10, 15])
    axis: Axes = axes[0, 2]
    for table_TD, colour, when in zip(tables, (SOFT, VERMILION), ("before", "after"), strict=True):
        centred_TD = table_TD - table_TD.mean(0)
        along_T = centred_TD @ torch.linalg.svd(centred_TD)[2][0]
        axis.plot(along_T * torch.sign(along_T[-1]), "o-", color=colour, ms=4, lw=1, label=when)
    axis.set(title="Along one direction", xlabel="place", xticks=[0, 5, 10, 15])
    axis.legend()
    return figure


def plane_figure() -> Figure:
    """Draw how alike the places of patches are to each of four."""
    places = ((3, 3), (3, 12), (8, 8), (12, 5))
    table_TD = sinusoidal_2d(SIDE, SIDE, DRAWN_WIDTH)
    alike_TT = (table_TD @ table_TD.T / (DRAWN_WIDTH / 2)).numpy()
    figure, axes = panels(1, len(places), size=(9, 2.75))
    for axis, (row, column) in zip(axes[0], places, strict=True):
        alike_HW = alike_TT[row * SIDE + column].reshape(SIDE, SIDE)
        axis.imshow(alike_HW, vmin=alike_TT.min(), vmax=1)
        axis.plot(column, row, "o", mfc="none", mec=VERMILION, ms=9, mew=1.8)
        axis.set(xticks=[], yticks=[], title=f"row {row}, column {column}")
        axis.spines[:].set_visible(False)
    return figure


def order_figure(right: dict[str, list[float]]) -> Figure:
    """Draw the share of right answers a kind of positions, with its interval."""
    figure, axes = panels(size=(9, 2.2))
    axis: Axes = axes[0, 0]
    draw_intervals(axis, {"": {kind: Interval(*right[kind]) for kind in KINDS}}, COLOURS)
    axis.axvline(0.5, color=SOFT, lw=1, ls=":")
    axis.set(xlim=(0.4, 1.01), xlabel="right answers")
    return figure


if __name__ == "__main__":
    print(run("positions") / "index.html")
