"""Effective diffusivity and tortuosity factor: steady diffusion through a labelled volume.

Every voxel holds one value; neighbours conduct through their shared face with the harmonic mean of
their conductivities. The first face of an axis is held at 0, the last at 1, nothing leaves at the
sides. What is stored in all faces is minimal (Dirichlet's principle), and it is the effective
diffusivity: conjugate gradients lower it with every step, and how fast they do tells how far it is
from the end (Hestenes & Stiefel 1952; Strakoš & Tichý, ETNA 13, 56, 2002).

Axes: ZYX voxels, Z the direction of the flux; an image is one row of voxels thick.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pearlite.errors import InputError
from pearlite.judge.structure.labelled import Labelled, Labels, labelled
from pearlite.judge.structure.multigrid import Level, Multigrid, padding
from pearlite.judge.structure.percolation import clusters, spanning

_WATCHED = 3  # steps whose gain stands for the error that is left
_MOST_STEPS = 500


@dataclass(frozen=True)
class Diffusion:
    """What flows through a volume along one axis.

    Attributes
    ----------
    effective : float
        Diffusivity of a uniform block that lets as much through, in the unit of the conductivities
        (D_eff/D_0 where a phase has 1); 0 if nothing connects the two ends.
    tortuosity : float
        Tortuosity factor: mean conductivity over `effective`, for one phase of conductivity 1 its
        fraction over D_eff/D_0; infinite if nothing flows.
    first, last : float
        The same by what flows through the first and through the last face; equal to `effective` up
        to the accuracy of the solution.
    steps : int
        Steps of conjugate gradients.
    """

    effective: float
    tortuosity: float
    first: float
    last: float
    steps: int


def diffusion(
    labels: Labels,
    conductivity: Mapping[int, float],
    axis: int,
    *,
    tolerance: float = 1e-4,
    device: str | torch.device = "cpu",
) -> Diffusion:
    """Solve steady diffusion along an axis.

    Parameters
    ----------
    labels
        See `pearlite.judge.structure.labelled`.
    conductivity
        Of each phase that conducts, relative to whatever shall be 1; others are insulators.
    axis
        Direction of the flux.
    tolerance
        Largest relative error of `effective`; the two fluxes at the ends then agree within some
        hundred times that at the most.
    device
        Where to compute, in float32 with sums in float64; about 70 bytes a voxel.

    Raises
    ------
    InputError
        If a phase or axis does not exist, a conductivity is negative or not finite, or nothing was
        said to conduct.
    """
    known = labelled(labels)
    conductivity_ZYX = _conductivity(known, conductivity, axis)
    mean = float(conductivity_ZYX.mean(dtype=np.float64))
    cluster_ZYX, _ = clusters(conductivity_ZYX > 0)
    through = spanning(cluster_ZYX, 0)
    if not len(through):
        return Diffusion(0.0, float("inf"), 0.0, 0.0, 0)
    conductivity_ZYX = np.where(np.isin(cluster_ZYX, through), conductivity_ZYX, 0)
    del cluster_ZYX
    found, steps = _solve(conductivity_ZYX, tolerance, torch.device(device))
    return Diffusion(found[0], mean / found[0], *found[1:], steps)


def _conductivity(
    known: Labelled, conductivity: Mapping[int, float], axis: int
) -> NDArray[np.float32]:
    """Return the conductivity of every voxel, the axis of the flux first."""
    dims = known.codes.ndim
    if not 0 <= axis < dims:
        raise InputError(f"axis is {axis}; expected 0 to {dims - 1}")
    of_code = np.zeros(len(known.phases), np.float32)
    for phase, value in conductivity.items():
        if not (np.isfinite(value) and value >= 0):
            raise InputError(f"the conductivity of phase {phase} is {value}; expected 0 or more")
        of_code[known.code(phase)] = value
    if not any(value > 0 for value in conductivity.values()):
        raise InputError("no phase conducts; give at least one a conductivity, such as {1: 1.0}")
    codes = np.moveaxis(known.codes, axis, 0)
    return of_code[codes if dims == 3 else codes[:, None]]


def _solve(
    conductivity_ZYX: NDArray[np.float32], tolerance: float, device: torch.device
) -> tuple[tuple[float, float, float], int]:
    """Return the diffusivity by the energy and by the flux at both ends, and the steps taken."""
    thick, *sides = conductivity_ZYX.shape
    level, top, bottom = _level(conductivity_ZYX, device)
    height = (torch.arange(level.ends.shape[0], device=device) + 0.5) / thick
    x = height[:, None, None] * (level.diagonal > 0)
    flow = torch.empty_like(x)
    left = level.apply(x, flow).neg()
    left[thick - 1] += bottom
    precondition = Multigrid(level)
    way, before, gains = torch.zeros_like(x), 1.0, list[float]()
    scale = thick / (sides[0] * sides[1])
    energy = scale * _energy(level, x, top, bottom, thick)
    for _ in range(_MOST_STEPS):
        better = precondition(left)
        now = _dot(left, better)
        if now <= 0:
            break
        way.mul_(now / before).add_(better)
        before = now
        length = now / _dot(way, level.apply(way, flow))
        x.add_(way, alpha=length)
        left.sub_(flow, alpha=length)
        gains.append(scale * length * now)
        energy -= gains[-1]
        if len(gains) >= _WATCHED and sum(gains[-_WATCHED:]) < tolerance * energy:
            break
    first = scale * float((top * x[0]).sum(dtype=torch.float64))
    last = scale * float((bottom * (1 - x[thick - 1])).sum(dtype=torch.float64))
    return (scale * _energy(level, x, top, bottom, thick), first, last), len(gains)


def _level(
    conductivity_ZYX: NDArray[np.float32], device: torch.device
) -> tuple[Level, Tensor, Tensor]:
    """Return the finest level, and the conductances to the first and the last face.

    A face at the end is half a voxel away: its conductance is twice the conductivity.
    """
    thick = conductivity_ZYX.shape[0]
    wider = [(0, missing) for missing in padding(conductivity_ZYX.shape)]
    k_ZYX = torch.from_numpy(np.pad(conductivity_ZYX, wider)).to(device)
    faces = []
    for axis, side in enumerate(k_ZYX.shape):
        here, there = k_ZYX.narrow(axis, 0, side - 1), k_ZYX.narrow(axis, 1, side - 1)
        total = here + there
        faces.append(torch.where(total > 0, 2 * here * there / total, 0))
    ends = torch.zeros_like(k_ZYX)
    top, bottom = 2 * k_ZYX[0], 2 * k_ZYX[thick - 1]
    ends[0] += top
    ends[thick - 1] += bottom
    return Level.of(faces, ends), top, bottom


def _energy(level: Level, x: Tensor, top: Tensor, bottom: Tensor, thick: int) -> float:
    """Sum conductance times squared difference over all faces."""
    total = (top * x[0] ** 2).sum(dtype=torch.float64)
    total += (bottom * (1 - x[thick - 1]) ** 2).sum(dtype=torch.float64)
    for axis, face in enumerate(level.faces):
        count = face.shape[axis]
        fall = x.narrow(axis, 1, count) - x.narrow(axis, 0, count) if count else x.new_zeros(0)
        total += (face.reshape(fall.shape) * fall**2).sum(dtype=torch.float64)
    return float(total)


def _dot(a: Tensor, b: Tensor) -> float:
    """Sum the products plane by plane, the planes in float64."""
    return float(torch.linalg.vecdot(a.flatten(1), b.flatten(1)).sum(dtype=torch.float64))
