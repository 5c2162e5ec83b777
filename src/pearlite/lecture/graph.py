"""The computational graph as autograd keeps it: walked, watched on the way back, and drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from pearlite.see.style import BLUE, INK, SOFT, VERMILION

_WIDTH, _HEIGHT = 0.66, 0.62  # of a box, where columns and leaves are 1 apart


@dataclass
class Node:
    """One step of the computation.

    Attributes
    ----------
    kind : str
        autograd's name for it: ``"MulBackward0"``, ``"AccumulateGrad"`` for a parameter …
    label : str
        What it computes, in the page's letters.
    value : float
        Its result.
    gradient : float
        Derivative of the loss with respect to its result.
    inputs : list of Node
        Where its result comes from, as far as a gradient flows there.
    """

    kind: str
    label: str
    value: float
    gradient: float = 0.0
    inputs: list["Node"] = field(default_factory=list)


def backward(loss: Tensor, names: Mapping[str, Tensor]) -> Node:
    """Run the backward pass of `loss` and return its graph with the gradient at every node.

    Parameters
    ----------
    loss
        A scalar.
    names
        The scalar results and parameters of the computation, by what to call them.

    Returns
    -------
    Node
        The loss; the rest hangs on its `inputs`, found by following autograd's own links.
    """
    known = {_function(tensor): (label, tensor.item()) for label, tensor in names.items()}
    nodes: dict[Any, Node] = {}

    def visit(function: Any) -> Node:
        if function not in nodes:
            label, value = known[function]
            node = nodes[function] = Node(function.name().rpartition("::")[2], label, value)
            function.register_prehook(lambda gradients: _keep(node, gradients))
            node.inputs = [visit(link) for link, _ in function.next_functions if link is not None]
        return nodes[function]

    root = visit(_function(loss))
    loss.backward()
    return root


def _function(tensor: Tensor) -> Any:
    """Return what autograd calls when a gradient arrives at `tensor`."""
    return torch.autograd.graph.get_gradient_edge(tensor).node


def _keep(node: Node, gradients: tuple[Tensor, ...]) -> None:
    node.gradient = gradients[0].item()


def places(root: Node) -> list[tuple[Node, float, float]]:
    """Return every node with its column (the loss is in the last one) and its height."""
    columns: dict[int, int] = {}
    heights: dict[int, float] = {}
    found: dict[int, Node] = {}

    def place(node: Node, column: int) -> float:
        columns[id(node)] = min(column, columns.get(id(node), column))
        found[id(node)] = node
        below = [place(child, column - 1) for child in node.inputs]
        leaves = sum(not found[key].inputs for key in heights)
        heights.setdefault(id(node), sum(below) / len(below) if below else float(-leaves))
        return heights[id(node)]

    place(root, 0)
    first = min(columns.values())
    return [(node, columns[key] - first, heights[key]) for key, node in found.items()]


def draw(axes: Axes, root: Node) -> None:
    """Draw the graph: values go from left to right, gradients come back from the loss.

    The number on an arrow is the derivative of its end with respect to its beginning: the factor
    by which the gradient is multiplied on its way back.
    """
    spots = {id(node): (node, x, y) for node, x, y in places(root)}
    for node, x, y in spots.values():
        for child in node.inputs:
            _, from_x, from_y = spots[id(child)]
            start, end = (from_x + _WIDTH / 2, from_y), (x - _WIDTH / 2, y)
            axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": SOFT})
            if node.gradient:
                factor = child.gradient / node.gradient
                middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.07)
                axes.annotate(
                    f"×{_short(factor)}", middle, color=VERMILION, fontsize=7.5, ha="center"
                )
        _box(axes, node, x, y)
    xs, ys = zip(*((x, y) for _, x, y in spots.values()), strict=True)
    axes.set_xlim(min(xs) - 0.45, max(xs) + 0.45)
    axes.set_ylim(min(ys) - 0.6, max(ys) + 0.45)
    axes.set_axis_off()


def _box(axes: Axes, node: Node, x: float, y: float) -> None:
    corner = (x - _WIDTH / 2, y - _HEIGHT / 2)
    edge = INK if node.inputs else BLUE
    style = "round,pad=0,rounding_size=0.08"
    axes.add_patch(
        FancyBboxPatch(corner, _WIDTH, _HEIGHT, style, facecolor="white", edgecolor=edge, zorder=3)
    )
    for text, shift, size, colour in (
        (node.label, 0.16, 9, edge),
        (_short(node.value), -0.01, 9, SOFT),
        (f"grad {_short(node.gradient)}", -0.19, 8, VERMILION),
    ):
        axes.text(
            x, y + shift, text, color=colour, fontsize=size, ha="center", va="center", zorder=4
        )
    axes.text(x, corner[1] - 0.06, node.kind, color=SOFT, fontsize=6.5, ha="center", va="top")


def _short(number: float) -> str:
    return f"{number:.3g}".replace("-", "−")
