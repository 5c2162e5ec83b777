"""Random geometry that the sample micrographs are made of: fields, cells, spheres, directions."""

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

Shape = tuple[int, ...]


def gaussian_field(shape: Shape, random: np.random.Generator, length: float) -> np.ndarray:
    """Return a Gaussian random field of mean 0 and standard deviation 1.

    Parameters
    ----------
    shape
        Any number of axes.
    random
        Source of randomness.
    length
        Standard deviation of the Gaussian that white noise is smoothed with, in pixels; at most
        the image's longest side, beyond which nothing changes.
    """
    length = min(length, max(shape))
    field = ndimage.gaussian_filter(random.standard_normal(shape), length, mode="wrap")
    field -= field.mean()
    deviation = field.std()
    return field / deviation if deviation > 0 else field


def cut(field: np.ndarray, fraction: float, where: np.ndarray | None = None) -> np.ndarray:
    """Return the part of a field above the level that `fraction` of its values exceed, 0 to 1.

    Pixels that the boundary crosses get the share of their area that lies inside.
    """
    values = field if where is None else field[where]
    if fraction <= 0 or values.size == 0:
        return np.zeros(field.shape)
    if fraction >= 1:
        return np.ones(field.shape)
    above = field - np.quantile(values, 1 - fraction)
    slope = np.sqrt(sum(np.square(step) for step in _gradients(field)))
    return np.clip(0.5 + above / np.maximum(slope, 1e-9), 0, 1)


def _gradients(field: np.ndarray) -> list[np.ndarray]:
    return [np.gradient(field, axis=axis) for axis, n in enumerate(field.shape) if n > 1] or [
        np.zeros(field.shape)
    ]


def cells(
    shape: Shape, random: np.random.Generator, size: float, warp: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """Divide space into grains: a weighted Voronoi diagram with slightly curved boundaries.

    Parameters
    ----------
    shape
        (Y, X) or (Z, Y, X).
    random
        Source of randomness.
    size
        Mean diameter of a grain, in pixels.
    warp
        How far boundaries are bent, in units of `size`.

    Returns
    -------
    tuple of array and array
        The number of the grain at each pixel, and the distance to the nearest boundary in pixels.
    """
    margin = 1.5 * size
    volume = np.prod([n + 2 * margin for n in shape])
    count = max(4, round(volume / (size ** len(shape) * (0.79 if len(shape) == 2 else 0.52))))
    seeds = random.uniform(-margin, np.array(shape) + margin, (count, len(shape)))
    for _ in range(2):  # push neighbours apart, so that few grains are slivers
        near = np.asarray(KDTree(seeds).query(seeds, k=2)[1])
        push = seeds - seeds[near[:, 1]]
        gap = np.linalg.norm(push, axis=1, keepdims=True)
        seeds += push / np.maximum(gap, 1e-9) * np.maximum(0, 0.7 * size - gap) / 2
    weights = np.square(random.uniform(0, 0.45 * size, count))
    lifted = np.column_stack([seeds, np.sqrt(weights.max() - weights)])
    places = np.zeros((int(np.prod(shape)), len(shape) + 1))
    for axis, coordinate in enumerate(np.indices(shape, dtype=float)):
        bent = coordinate + gaussian_field(shape, random, 0.25 * size) * warp * size
        places[:, axis] = bent.ravel()
    distance, nearest = map(np.asarray, KDTree(lifted).query(places, k=2))
    apart = np.linalg.norm(seeds[nearest[:, 1]] - seeds[nearest[:, 0]], axis=1)
    depth = np.diff(np.square(distance), axis=1)[:, 0] / (2 * np.maximum(apart, 1e-9))
    return nearest[:, 0].reshape(shape), depth.reshape(shape)


def directions(count: int, ndim: int, random: np.random.Generator) -> np.ndarray:
    """Return `count` unit vectors, evenly distributed over all directions."""
    vectors = random.standard_normal((count, ndim))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def project(points: np.ndarray, vectors: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Return each pixel's coordinate along the vector of the cell it is in."""
    return np.einsum("i...,...i->...", points, vectors[cell])


def spheres(
    shape: Shape,
    random: np.random.Generator,
    radius: float,
    spread: float,
    coverage: float,
    overlap: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Place spheres of log-normal radius; large ones first when they must not overlap.

    Returns
    -------
    tuple of array and array
        Centres (n, axes), which may lie outside by a radius, and radii (n,).
    """
    ndim = len(shape)
    ball = np.pi if ndim == 2 else 4 / 3 * np.pi
    mean_size = ball * radius**ndim * np.exp(ndim**2 * spread**2 / 2)
    extent = np.array(shape) + 2 * radius
    count = max(1, round(coverage * float(np.prod(extent)) / mean_size))
    radii = radius * np.exp(spread * random.standard_normal(count))
    centres = random.uniform(-radius, extent - radius, (count, ndim))
    if overlap:
        return centres, radii
    radii = -np.sort(-radii)
    placed: list[int] = []
    for i in range(count):
        for _ in range(60):
            gaps = np.linalg.norm(centres[placed] - centres[i], axis=1) - radii[placed]
            if not placed or gaps.min() > radii[i] + 0.5:
                placed.append(i)
                break
            centres[i] = random.uniform(-radius, extent - radius)
    return centres[placed], radii[placed]


def around(
    shape: Shape, centre: np.ndarray, reach: float
) -> tuple[tuple[slice, ...], list[np.ndarray]]:
    """Return the box of pixels within `reach` of a point, and their offsets from it, by axis."""
    low = np.clip(np.floor(centre - reach), 0, shape).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, low, shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    grids = np.ogrid[box]
    return box, [grid - c for grid, c in zip(grids, centre, strict=True)]


def fringes_with_ends(shape: Shape, random: np.random.Generator, count: int) -> np.ndarray:
    """Return a phase, in turns, that makes `count` lines of a striped pattern end in the plane.

    Each is an edge dislocation: going round it once adds or takes away one turn. Along Z, if
    there is one, the ends stay where they are.
    """
    rows, columns = np.ogrid[: shape[-2], : shape[-1]]
    phase = np.zeros(shape[-2:])
    for _ in range(count):
        row, column = random.uniform(0, shape[-2]), random.uniform(0, shape[-1])
        phase += random.choice([-1, 1]) * np.arctan2(rows - row, columns - column) / (2 * np.pi)
    return np.broadcast_to(phase, shape)
