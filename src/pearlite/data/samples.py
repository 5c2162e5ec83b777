"""Synthetic micrographs with known truth, detector noise to put on them, and bundled pictures.

Every micrograph is a function of its shape and seed: float32 values from 0 to 1 with axes (Y, X),
or (Z, Y, X) for a volume. Lengths are in pixels.
"""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
from scipy import ndimage

from pearlite.data.detector import add_drift, add_noise, add_scan_lines
from pearlite.data.fields import (
    Shape,
    around,
    cells,
    cut,
    directions,
    fringes_with_ends,
    gaussian_field,
    project,
    spheres,
)
from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.errors import InputError

__all__ = [
    "add_drift",
    "add_noise",
    "add_scan_lines",
    "grains",
    "laths",
    "load",
    "names",
    "particles",
    "three_phase",
    "two_phase",
]

_BUNDLED = {
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "camera": "camera.png",
    "cat": "chelsea.png",
    "cell": "cell.png",
    "clock": "clock_motion.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "hubble": "hubble_deep_field.jpg",
    "immunohistochemistry": "ihc.png",
    "microaneurysms": "microaneurysms.png",
    "moon": "moon.png",
    "page": "page.png",
    "phantom": "phantom.png",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
    "text": "text.png",
}


def grains(
    shape: Shape = (512, 512), seed: int = 0, *, size: float = 45.0, twins: float = 0.35
) -> np.ndarray:
    """Polycrystal: one grey level a grain, thin dark boundaries, straight annealing twins.

    Parameters
    ----------
    shape
        (Y, X) or (Z, Y, X).
    seed
        Same seed, same image.
    size
        Mean grain diameter.
    twins
        Share of grains crossed by a twin.
    """
    random = np.random.default_rng(_checked(shape, seed))
    cell, depth = cells(shape, random, size)
    count = int(cell.max()) + 1
    level = random.beta(2.2, 2.2, count) * 0.55 + 0.25
    grey = level[cell]
    points = np.indices(shape)
    twinned = random.random(count) < twins
    normals = directions(count, len(shape), random)
    phases = random.uniform(-0.5, 0.5, count)
    widths = random.uniform(0.08, 0.22, count)
    along = project(points, normals, cell) / (1.6 * size)
    band = np.abs((along + phases[cell]) % 1 - 0.5) - widths[cell]
    inside = np.clip(0.5 - band * 1.6 * size, 0, 1) * twinned[cell]
    other = random.permutation(level)[cell]
    grey = grey + inside * (other - grey)
    grey *= 1 - 0.6 * np.exp(-((depth / 0.9) ** 2))
    texture = (
        gaussian_field(shape, random, 0.08 * size + 1) * 0.012
        + gaussian_field(shape, random, size) * 0.02
    )
    return _finish(grey + texture, blur=0.6)


def particles(
    shape: Shape = (512, 512),
    seed: int = 0,
    *,
    diameter: float = 36.0,
    spread: float = 0.3,
    coverage: float = 0.45,
    overlap: bool = True,
) -> np.ndarray:
    """Spheres of log-normal size on a substrate, bright at the rim as secondary electrons show it.

    Parameters
    ----------
    shape
        (Y, X), seen from above; or (Z, Y, X), solid spheres in a volume.
    seed
        Same seed, same image.
    diameter
        Median diameter.
    spread
        Standard deviation of the diameter's logarithm.
    coverage
        Share of the area (volume) that spheres are placed for, before overlap.
    overlap
        Whether spheres may hide each other; without, fewer fit.
    """
    random = np.random.default_rng(_checked(shape, seed))
    centres, radii = spheres(shape, random, diameter / 2, spread, coverage, overlap)
    if len(shape) == 3:
        grey = np.full(shape, 0.2)
        for centre, radius in zip(centres, radii, strict=True):
            box, offsets = around(shape, centre, radius + 2)
            distance = np.sqrt(sum(np.square(offset) for offset in offsets))
            inside = np.clip(radius - distance + 0.5, 0, 1)
            grey[box] = np.maximum(grey[box], 0.2 + 0.6 * inside)
        return _finish(grey + gaussian_field(shape, random, 3) * 0.01, blur=0.5)
    grey = (
        0.16 + gaussian_field(shape, random, 2.5) * 0.015 + gaussian_field(shape, random, 60) * 0.02
    )
    for centre, radius in zip(centres, radii, strict=True):
        box, offsets = around(shape, centre, 1.7 * radius + 3)
        distance = np.sqrt(sum(np.square(offset) for offset in offsets))
        outside = np.clip((distance - radius) / (0.45 * radius), 0, 1)
        grey[box] *= 0.55 + 0.45 * outside  # what lies close to a sphere is shadowed
        height = np.sqrt(np.clip(1 - (distance / radius) ** 2, 0, 1))
        slope = (0.6 * offsets[1] - 0.5 * offsets[0]) / radius  # lit from the upper right
        shade = 0.42 + 0.13 * slope + 0.09 / np.maximum(height, 0.22)
        inside = np.clip(radius - distance + 0.5, 0, 1)
        grey[box] += inside * (shade * random.uniform(0.93, 1.07) - grey[box])
    return _finish(grey + gaussian_field(shape, random, 1.2) * 0.006, blur=0.7)


def two_phase(
    shape: Shape = (512, 512),
    seed: int = 0,
    *,
    fraction: float = 0.4,
    length: float = 9.0,
    levels: tuple[float, float] = (0.25, 0.7),
) -> np.ndarray:
    """Two interwoven phases: a Gaussian random field cut at the level that gives `fraction`.

    Parameters
    ----------
    shape
        (Y, X) or (Z, Y, X).
    seed
        Same seed, same image.
    fraction
        Area (volume) fraction of the second phase, 0 to 1.
    length
        Correlation length of the field.
    levels
        Grey levels of the first and the second phase.
    """
    random = np.random.default_rng(_checked(shape, seed))
    _check_fractions(fraction)
    mask = cut(gaussian_field(shape, random, length), fraction)
    return _finish(levels[0] + mask * (levels[1] - levels[0]), blur=0.0)


def three_phase(
    shape: Shape = (512, 512),
    seed: int = 0,
    *,
    fractions: tuple[float, float] = (0.25, 0.3),
    length: float = 10.0,
    levels: tuple[float, float, float] = (0.12, 0.48, 0.8),
) -> np.ndarray:
    """Dark pores and bright grains in a grey matrix, by two independent Gaussian random fields.

    Parameters
    ----------
    shape
        (Y, X) or (Z, Y, X).
    seed
        Same seed, same image.
    fractions
        Area (volume) fractions of the dark and of the bright phase; the rest is matrix.
    length
        Correlation length of the fields.
    levels
        Grey levels of the dark phase, the matrix and the bright phase.
    """
    random = np.random.default_rng(_checked(shape, seed))
    _check_fractions(*fractions)
    dark = cut(gaussian_field(shape, random, length), fractions[0])
    left = max(1.0 - fractions[0], 1e-9)
    field = gaussian_field(shape, random, 0.7 * length)
    bright = cut(field, fractions[1] / left, where=dark < 0.5)
    grey = levels[1] + bright * (levels[2] - levels[1])
    return _finish(grey + dark * (levels[0] - grey), blur=0.0)


def laths(
    shape: Shape = (512, 512),
    seed: int = 0,
    *,
    colony: float = 150.0,
    spacing: float = 7.0,
    cementite: float = 0.3,
) -> np.ndarray:
    """Pearlite: colonies of parallel lamellae, bright cementite standing out of etched ferrite.

    Lamellae bend, end and branch (edge dislocations of the lamella pattern), and their apparent
    spacing differs between colonies as the section cuts them at different angles.

    Parameters
    ----------
    shape
        (Y, X) or (Z, Y, X).
    seed
        Same seed, same image.
    colony
        Mean colony diameter.
    spacing
        Smallest spacing of the lamellae.
    cementite
        Share of cementite across a lamella pair.
    """
    random = np.random.default_rng(_checked(shape, seed))
    cell, depth = cells(shape, random, colony, warp=0.1)
    count, points = int(cell.max()) + 1, np.indices(shape)
    normals = directions(count, len(shape), random)
    apart = spacing * (1 + random.gamma(1.2, 0.3, count))
    bend = gaussian_field(shape, random, 0.35 * colony) * 0.06 * colony
    bend += gaussian_field(shape, random, 2.5 * spacing) * 0.12 * spacing
    along = project(points, normals, cell) + bend
    turns = along / apart[cell] + random.random(count)[cell]
    turns += fringes_with_ends(shape, random, round(np.prod(shape[-2:]) / (8 * spacing) ** 2))
    thickness = cementite * (1 + 0.25 * gaussian_field(shape, random, 4 * spacing))
    wave = np.abs(turns % 1 - 0.5) * 2  # 1 at the middle of a cementite lamella
    edge = (wave - (1 - np.clip(thickness, 0.08, 0.9))) * apart[cell] / 2
    lamella = 1 / (1 + np.exp(-2.6 * np.clip(edge, -12, 12)))
    rim = np.exp(-((edge / 1.1) ** 2))
    ferrite = random.uniform(0.16, 0.3, count)[cell]
    bright = random.uniform(0.5, 0.72, count)[cell]
    grey = ferrite + lamella * (bright - ferrite) + 0.1 * rim
    grey += 0.06 * np.exp(-((depth / 1.1) ** 2))  # a film of cementite between colonies
    grey += gaussian_field(shape, random, 1.5) * 0.012 + gaussian_field(shape, random, 80) * 0.02
    return _finish(grey, blur=0.6)


_MADE: dict[str, Callable[..., np.ndarray]] = {
    maker.__name__: maker for maker in (grains, laths, particles, three_phase, two_phase)
}


def names() -> list[str]:
    """List what `load` knows: the synthetic micrographs, then scikit-image's bundled pictures."""
    return [*_MADE, *_BUNDLED]


def load(name: str, seed: int = 0) -> Image:
    """Load a sample by name: a synthetic micrograph of 512 x 512, or a picture of scikit-image.

    Parameters
    ----------
    name
        One of `names`.
    seed
        Which one of the synthetic micrographs; of no effect on pictures.

    Raises
    ------
    InputError
        If there is no such sample.
    """
    if name in _MADE:
        meta = {"notes": [], "description": f"synthetic micrograph {name}, seed {seed}"}
        return Image(_MADE[name](seed=seed), "YX", meta=meta)
    if name not in _BUNDLED:
        raise InputError(f"there is no sample {name!r}; there are {', '.join(names())}")
    return read(Path(str(files("skimage") / "data" / _BUNDLED[name])))


def _checked(shape: Shape, seed: int) -> int:
    if len(shape) not in (2, 3) or min(shape) < 1 or seed < 0:
        raise InputError(
            f"a sample of shape {shape} with seed {seed} cannot be made: give (Y, X) or (Z, Y, X) "
            "of at least 1 pixel, and a seed of 0 or more"
        )
    return seed


def _check_fractions(*fractions: float) -> None:
    if min(fractions) < 0 or sum(fractions) > 1:
        raise InputError(
            f"phase fractions {fractions} must lie between 0 and 1 and sum to 1 at most"
        )


def _finish(grey: np.ndarray, blur: float) -> np.ndarray:
    """Blur by the microscope's resolution and bring into range."""
    if blur:
        grey = ndimage.gaussian_filter(grey, blur)
    return np.clip(grey, 0, 1).astype(np.float32)
