"""Euler number: pieces minus tunnels plus cavities, per volume; pieces minus holes in an image.

Axes: S space (YX or ZYX).
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.judge.structure.labelled import Labels, labelled

CONNECTIVITIES = ("faces", "all")


def euler_density(labels: Labels, connectivity: str = "faces") -> dict[int, float]:
    """Return the Euler number of each phase per pixel.

    The alternating sum of corners, edges, faces and voxels (Serra, Image Analysis and Mathematical
    Morphology, 1982), shared out to the 2 × 2 × 2 (2 × 2) blocks of pixels within the window, per
    block: so the border is no end of the structure, and the expectation is that of the material.
    For an object with background all around it is that of `skimage.measure.euler_number`, over
    the number of blocks.

    Parameters
    ----------
    labels
        See `pearlite.judge.structure.labelled`.
    connectivity
        Pixels of a phase are connected by their ``"faces"`` (6 neighbours in 3-D, 4 in 2-D), as
        fluxes are in `pearlite.judge.structure.diffusion`; or by ``"all"`` that they share,
        corners included (26 and 8).

    Raises
    ------
    InputError
        If there is no such connectivity, or the labels are wrong.
    """
    if connectivity not in CONNECTIVITIES:
        raise InputError(f'connectivity is {connectivity!r}; expected "faces" or "all"')
    known = labelled(labels)
    return {phase: _density(known.inside(phase), connectivity) for phase in known.phases}


def _density(inside_S: NDArray[np.bool_], connectivity: str) -> float:
    """Sum over the 2 × … × 2 blocks and their parts: pixels, pairs, fours, eights.

    A part counts if all of it is inside (connected by faces), where its sign is + for single
    pixels; or if any is (connected by all), where it is a cell that they touch in, and its sign +
    for the eights (corners).
    """
    join = np.logical_and if connectivity == "faces" else np.logical_or
    total = 0.0
    for axes in product((False, True), repeat=inside_S.ndim):
        part_S = inside_S
        for axis, joined in enumerate(axes):
            if joined:
                moved = np.moveaxis(part_S, axis, 0)
                part_S = np.moveaxis(join(moved[1:], moved[:-1]), 0, axis)
        order = sum(axes) if connectivity == "faces" else inside_S.ndim - sum(axes)
        total += (-1) ** order * _per_block(part_S, axes)
    return total


def _per_block(part_S: NDArray[np.bool_], joined: tuple[bool, ...]) -> float:
    """Return a kind of parts per block: those at the border lie in half as many blocks.

    NaN if the window is one pixel thick, which holds no block.
    """
    found_S, blocks = part_S, 1
    for axis in joined:
        ends = 0 if axis or not len(found_S) else (found_S[0].astype(float) + found_S[-1]) / 2
        blocks *= len(found_S) - (0 if axis else 1)
        found_S = found_S.sum(0) - ends
    return float(found_S / blocks) if blocks else float("nan")
