"""Volumes with given phase fractions: a bias on the logits decides where the boundaries lie.

A voxel is of phase k where its logit plus its bias is the largest. With the other biases given, the
fraction of k as a function of its own bias is the distribution of a margin, so the bias that gives
a fraction is a quantile of it. Several fractions are met in turns.

Axes: K phases, N voxels.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.recipes.reconstruct.generate import check_shape, overlap, tile_channels, tiles
from pearlite.recipes.reconstruct.material import Material

LOOKED_AT = 64  # tiles of a volume, at most, in which fractions are measured
_ROUNDS = 60
_NEAR = 1e-4


def with_fractions(
    material: Material,
    fractions: float | Mapping[int, float],
    shape: Sequence[int],
    *,
    seed: int = 0,
    periodic: bool | Sequence[bool] = False,
) -> Material:
    """Return the material with the bias that gives a volume certain phase fractions.

    Parameters
    ----------
    material
        What was learned, of phases.
    fractions
        By phase value, of some or all phases; a single number is that of the largest value.
    shape, seed, periodic
        Of the volume, in up to 64 tiles of which the fractions are measured.

    Raises
    ------
    InputError
        If the fractions are impossible, or the material has no phases.
    """
    wanted = _checked(material, fractions)
    periods = check_shape(material, shape, periodic)
    logits_KN = sampled_logits(material, shape, seed, periods)
    return replace(material, bias=tuple(find_bias(logits_KN, wanted).tolist()))


def sampled_logits(
    material: Material, shape: Sequence[int], seed: int, periods: Sequence[int | None]
) -> NDArray[np.float32]:
    """Return the logits (K, N) in some tiles, spread evenly over a volume."""
    origin = (0,) * len(shape)
    every = list(itertools.islice(tiles(origin, shape), 2**20))
    chosen = [every[i] for i in np.unique(np.linspace(0, len(every) - 1, LOOKED_AT).astype(int))]
    parts = []
    for tile in chosen:
        _, inside = overlap(tile, origin, shape)
        made_KS = tile_channels(material, tile, seed, periods)[(slice(None), *inside)]
        parts.append(made_KS.flatten(1).cpu())
    return torch.cat(parts, dim=1).numpy()


def find_bias(logits_KN: NDArray[np.float32], wanted: Mapping[int, float]) -> NDArray[np.float64]:
    """Return the bias of each phase with which phase k is the largest in ``wanted[k]`` of N."""
    bias_K = np.zeros(len(logits_KN))
    for _ in range(_ROUNDS):
        before = bias_K.copy()
        for phase, share in wanted.items():
            others = np.delete(logits_KN + bias_K[:, None], phase, axis=0).max(axis=0)
            margin = others - logits_KN[phase]
            bias_K[phase] = np.quantile(margin, share)
        if len(wanted) == 1 or np.abs(bias_K - before).max() < _NEAR:
            break
    return bias_K


def bias_for(logits_KN: NDArray[np.float32], shares: Sequence[float]) -> NDArray[np.float64]:
    """Return the bias of each phase with which all of them have given fractions, that add to 1."""
    wanted = dict(enumerate(shares))
    wanted.pop(max(wanted, key=lambda phase: wanted[phase]))
    return find_bias(logits_KN, wanted)


def _checked(material: Material, fractions: float | Mapping[int, float]) -> dict[int, float]:
    """Return the wanted fractions by class number."""
    values = material.meaning.values
    if material.meaning.kind != "phases":
        raise InputError(
            f"a volume fraction needs phases; this material is {material.meaning.kind}"
        )
    if not isinstance(fractions, Mapping):
        fractions = {values[-1]: fractions}
    for value, share in fractions.items():
        if value not in values:
            raise InputError(f"there is no phase {value}; the phases are {values}")
        if not 0 < share < 1:
            raise InputError(f"phase {value} cannot fill {share} of a volume; give 0 < vf < 1")
    total, whole = sum(fractions.values()), len(fractions) == len(values)
    if total > 1 + 1e-6 or (whole and abs(total - 1) > 1e-6) or (not whole and total >= 1):
        raise InputError(
            f"the fractions {dict(fractions)} add up to {total:g}; all phases together fill 1"
        )
    wanted = {values.index(value): share for value, share in fractions.items()}
    if whole:
        wanted.pop(max(wanted, key=lambda phase: wanted[phase]))
    return wanted
