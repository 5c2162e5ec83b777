"""A multigrid cycle for steady conduction between voxels, as a preconditioner.

Each coarser level joins 2 × 2 × 2 voxels to one; conductances between the joined ones add up, times
`_STIFFNESS`, because sums alone make the coarse voxels conduct too well (Braess, Computing 55, 379,
1995). Smoothing is damped Jacobi before and after, so that the whole is symmetric, as conjugate
gradients need it (Trottenberg, Oosterlee & Schüller, Multigrid, 2001).

Axes: ZYX voxels, A axes, N voxels of the coarsest level.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_SMALLEST = 600  # voxels at which a level is solved directly
_STIFFNESS = 0.6
_DAMPING = 0.9
"""Little depends on both: on a 128³ corner of the three-phase cathode, stiffnesses from 0.5 to 1 at
a damping of 0.8, and dampings from 0.7 to 0.9 at 0.5, took 15 to 19 steps."""


@dataclass(frozen=True)
class Level:
    """Conduction between neighbouring voxels, and from voxels to the two fixed ends.

    Attributes
    ----------
    faces : list of Tensor
        Conductances of the faces across each axis, one shorter along it than the volume.
    ends : Tensor
        Conductance from each voxel to a fixed value, shape ZYX.
    diagonal : Tensor
        Sum of all conductances of a voxel, 0 where it conducts nothing.
    damped : Tensor
        `_DAMPING` over the diagonal, 0 where that is 0.
    """

    faces: list[Tensor]
    ends: Tensor
    diagonal: Tensor
    damped: Tensor

    @classmethod
    def of(cls, faces: list[Tensor], ends: Tensor) -> "Level":
        """Complete a level."""
        diagonal = ends.clone()
        for axis, face in enumerate(faces):
            count = face.shape[axis]
            diagonal.narrow(axis, 0, count).add_(face)
            diagonal.narrow(axis, ends.shape[axis] - count, count).add_(face)
        damped = torch.where(diagonal > 0, _DAMPING / diagonal, 0)
        return cls(faces, ends, diagonal, damped)

    def apply(self, x: Tensor, out: Tensor) -> Tensor:
        """Write into `out` what flows out of every voxel if their values are `x`."""
        torch.mul(self.diagonal, x, out=out)
        for axis, face in enumerate(self.faces):
            count = face.shape[axis]
            if count:
                out.narrow(axis, 1, count).addcmul_(face, x.narrow(axis, 0, count), value=-1)
                out.narrow(axis, 0, count).addcmul_(face, x.narrow(axis, 1, count), value=-1)
        return out

    def residual(self, right: Tensor, x: Tensor, out: Tensor) -> Tensor:
        """Write into `out` what `x` leaves of the right side."""
        return self.apply(x, out).neg_().add_(right)

    def coarser(self) -> "Level":
        """Join voxels by twos along every axis that has more than one."""
        halved = [axis for axis, side in enumerate(self.ends.shape) if side > 1]
        faces = []
        for axis, face in enumerate(self.faces):
            between = face
            if face.shape[axis]:
                kept = torch.arange(1, face.shape[axis], 2, device=face.device)
                between = face.index_select(axis, kept)
            others = [other for other in halved if other != axis]
            faces.append(_STIFFNESS * joined(between, others))
        return Level.of(faces, _STIFFNESS * joined(self.ends, halved))


class Multigrid:
    """Approximate solutions of ``level.apply(x) = right`` by one V-cycle.

    Parameters
    ----------
    finest
        The level to solve; its sides divide by 2 as often as there are coarser levels (`padding`).
    """

    def __init__(self, finest: Level) -> None:
        self.levels = [finest]
        while self.levels[-1].ends.numel() > _SMALLEST:
            self.levels.append(self.levels[-1].coarser())
        self.work = [torch.empty_like(level.ends) for level in self.levels]
        self.inverse_NN = _inverse(self.levels[-1])

    def __call__(self, right: Tensor, depth: int = 0) -> Tensor:
        """Return an approximate solution, linear and symmetric in `right`."""
        level, left = self.levels[depth], self.work[depth]
        if depth == len(self.levels) - 1:
            return (self.inverse_NN @ right.reshape(-1)).view_as(right)
        x = level.damped * right
        shape = right.shape
        halved = [axis for axis, side in enumerate(shape) if side > 1]
        coarse = self(joined(level.residual(right, x, left), halved), depth + 1)
        _spread(x, coarse)
        x.addcmul_(level.damped, level.residual(right, x, left))
        return x


def padding(shape: tuple[int, ...]) -> list[int]:
    """Return how many voxels each axis lacks for all levels to halve evenly."""
    depth = 0
    while math.prod(-(-side // 2**depth) for side in shape) > _SMALLEST:
        depth += 1
    return [(-side) % 2**depth if side > 1 else 0 for side in shape]


def joined(x: Tensor, axes: list[int]) -> Tensor:
    """Add up neighbours by twos along some axes."""
    for axis in axes:
        x = x.unflatten(axis, (-1, 2)).sum(axis + 1)
    return x


def _spread(x: Tensor, coarse: Tensor) -> None:
    """Add to every voxel the value of the coarse voxel that it is in."""
    blocks, single = list[int](), list[int]()
    for side, fewer in zip(x.shape, coarse.shape, strict=True):
        blocks += [fewer, side // fewer]
        single += [fewer, 1]
    x.view(blocks).add_(coarse.reshape(single))


def _inverse(level: Level) -> Tensor:
    """Return the inverse of a level's matrix; voxels without conductance give nothing."""
    shape, count = level.ends.shape, level.ends.numel()
    columns = torch.eye(count, dtype=level.ends.dtype, device=level.ends.device)
    out = torch.empty_like(level.ends)
    matrix_NN = torch.stack([level.apply(e.view(shape), out).flatten().clone() for e in columns])
    idle_N = level.diagonal.flatten() == 0
    matrix_NN = matrix_NN.double() + torch.diag(idle_N.double())
    inverse_NN = torch.linalg.inv(matrix_NN).to(level.ends.dtype)
    return inverse_NN * ~idle_N
