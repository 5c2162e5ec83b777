"""The loss around a network's weights, along a line or in a plane, and the path of the optimiser.

Letters: W all weights one after the other, N places on a path, X and Y points across and down.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.errors import InputError
from pearlite.see.running import evaluating
from pearlite.task import Task

if TYPE_CHECKING:
    from pearlite.train.trainer import Trainer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Loss along a line: `at` is 0 at the first weights and 1 at the second."""

    at: Floats
    loss: Floats


@dataclass(frozen=True)
class Plane:
    """Loss in a plane of weights.

    Attributes
    ----------
    across, down : array of float64
        Coordinates of the columns (X) and rows (Y), in units of the two directions.
    loss_YX : array of float64
        The loss at each point.
    path_N2 : array of float64 or None
        Coordinates of the optimiser's path, seen from above.
    explained : tuple of two float or None
        Share of the path's variance along each direction, where they are its principal ones.
    """

    across: Floats
    down: Floats
    loss_YX: Floats
    path_N2: Floats | None = None
    explained: tuple[float, float] | None = None


class WeightPath:
    """Remembers a task's weights on the way: its `record` is a ``"start"`` and a ``"step"`` event.

    Parameters
    ----------
    every
        Keep the weights of every so many steps.

    Attributes
    ----------
    weights : list of Tensor
        The kept weights, (W,) each, on the CPU.
    """

    def __init__(self, every: int = 1) -> None:
        self.every = every
        self.weights: list[Tensor] = []

    def record(self, trainer: "Trainer") -> None:
        """Keep the present weights if it is their turn."""
        if trainer.step % self.every == 0:
            self.weights.append(flat(trainer.task).cpu())


def flat(task: Task) -> Tensor:
    """Return a copy of all weights of a task, (W,), in the order of ``task.parameters()``."""
    return torch.cat([weight.detach().flatten() for weight in task.parameters()])


def random_direction(task: Task, generator: torch.Generator) -> Tensor:
    """Draw a direction, (W,), in which every filter is as long as the task's own.

    Directions that are scaled by filter make the landscapes of different networks comparable;
    biases and weights of normalisation stay as they are (Li, Xu, Taylor, Studer and Goldstein,
    Visualizing the Loss Landscape of Neural Nets, NeurIPS 2018). A filter is all that leads to one
    output channel or value.
    """
    parts = []
    for weight in task.parameters():
        drawn = torch.randn(weight.shape, generator=generator).to(weight)
        if weight.ndim < 2:
            parts.append(torch.zeros_like(drawn).flatten())
            continue
        rows, own = drawn.flatten(1), weight.detach().flatten(1)
        length = rows.norm(dim=1, keepdim=True).clamp_min(1e-12)
        parts.append((rows / length * own.norm(dim=1, keepdim=True)).flatten())
    return torch.cat(parts)


def principal_directions(
    path: Sequence[Tensor],
) -> tuple[Tensor, Tensor, tuple[float, float]]:
    """Return the two directions in which a path of weights goes farthest from its end.

    Returns
    -------
    directions, (2, W)
        Of length 1 and at right angles.
    coordinates, (N, 2)
        The path in the plane of these two through its last place.
    explained
        Share of the squared distances from the end that lies along each.

    Raises
    ------
    InputError
        If the path has fewer than three places, or does not move.
    """
    if len(path) < 3:
        raise InputError(f"a path of {len(path)} places spans no plane; record at least 3")
    steps_NW = torch.stack(list(path)).double() - path[-1].double()
    left, size, directions_NW = torch.linalg.svd(steps_NW, full_matrices=False)
    power = size.square()
    if power[0] == 0:
        raise InputError("all places of the path are the same; record a path that moves")
    first, second = (power[:2] / power.sum()).tolist()
    return directions_NW[:2].to(path[-1].dtype), (left * size)[:, :2], (first, second)


def line(
    task: Task, batch: Any, a: Tensor, b: Tensor, *, points: int = 41, beyond: float = 0.25
) -> Line:
    """Measure the loss on the straight way from weights `a` to weights `b`.

    Parameters
    ----------
    task, batch
        The loss is ``task.loss(batch)``, in evaluation mode.
    a, b
        Weights as `flat` returns them, such as before and after training, or of two minima.
    points
        Number of places.
    beyond
        How far the line goes on at both ends, in units of their distance.

    Raises
    ------
    InputError
        If the weights are not as many as the task's.
    """
    at = np.linspace(-beyond, 1 + beyond, points)
    with _movable(task, batch) as loss_at:
        losses = [loss_at(torch.lerp(a, b, float(share))) for share in at]
    return Line(at, np.array(losses))


def plane(
    task: Task,
    batch: Any,
    *,
    path: Sequence[Tensor] | None = None,
    directions: tuple[Tensor, Tensor] | None = None,
    span: float = 1.0,
    points: int = 25,
    seed: int = 0,
) -> Plane:
    """Measure the loss in a plane through the task's weights.

    With a `path`, and no directions, the plane is that of the path's two principal directions
    through its end, and wide enough for all of it. Otherwise it lies around the present weights,
    along the given directions or two random ones (see `random_direction`).

    Parameters
    ----------
    task, batch
        The loss is ``task.loss(batch)``, in evaluation mode.
    path
        Weights on the way of an optimiser, as `WeightPath` keeps them.
    directions
        Two directions, (W,) each; with a `path` it is projected on them.
    span
        How far the plane goes to all sides, in units of the directions. Unused where the plane is
        the path's own.
    points
        Number of points along each side.
    seed
        Draws the random directions.

    Raises
    ------
    InputError
        If the directions or the path do not fit the task, or the path spans no plane.
    """
    centre = (flat(task) if path is None or directions is not None else path[-1]).cpu()
    explained = coordinates = None
    if directions is None and path is not None:
        pair, coordinates, explained = principal_directions(path)
        directions = (pair[0], pair[1])
    elif directions is None:
        generator = torch.Generator().manual_seed(seed)
        directions = (random_direction(task, generator), random_direction(task, generator))
    directions = (directions[0].cpu(), directions[1].cpu())
    if path is not None and coordinates is None:
        steps_NW = (torch.stack(list(path)) - centre).double()
        basis_W2 = torch.stack(directions, 1).double()
        coordinates = torch.linalg.lstsq(basis_W2, steps_NW.T).solution.T
    path_N2 = None if coordinates is None else coordinates.cpu().numpy()
    if explained is not None and path_N2 is not None:
        across, down = (_around(path_N2[:, axis], points) for axis in range(2))
    else:
        across = down = np.linspace(-span, span, points)
    with _movable(task, batch) as loss_at:
        losses = [
            [loss_at(centre + float(x) * directions[0] + float(y) * directions[1]) for x in across]
            for y in down
        ]
    return Plane(across, down, np.array(losses), path_N2, explained)


def _around(values: Floats, points: int) -> Floats:
    low, high = float(values.min()), float(values.max())
    margin = 0.25 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, points)


@contextmanager
def _movable(task: Task, batch: Any) -> Iterator[Callable[[Tensor], float]]:
    """Give a function that puts weights into the task and measures its loss; restore it after."""
    weights = list(task.parameters())
    sizes = [weight.numel() for weight in weights]
    before = flat(task)

    def put(values: Tensor) -> None:
        if values.shape != before.shape:
            raise InputError(
                f"weights or a direction of shape {tuple(values.shape)} do not fit the task, which "
                f"has {tuple(before.shape)}; take them from pearlite.see.landscape.flat(task)"
            )
        for weight, part in zip(weights, values.split(sizes), strict=True):
            weight.copy_(part.view_as(weight))

    def loss_at(values: Tensor) -> float:
        put(values)
        return float(task.loss(batch))

    with torch.no_grad(), evaluating(task):
        try:
            yield loss_at
        finally:
            put(before)
