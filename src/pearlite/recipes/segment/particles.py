"""A table of particles: how many, how large, how elongated, in physical units where known.

Axes: S space (YX or ZYX), N particles, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from pearlite.errors import InputError
from pearlite.judge.interval import Interval

if TYPE_CHECKING:
    import pandas as pd

SMALLEST = 10
"""Pixels below which a piece is a speck: not in the table, but counted."""


@dataclass(frozen=True)
class Particles:
    """The separate pieces of an image.

    Parameters
    ----------
    map_S
        Number of the particle of every pixel, from 1; 0 where there is none. int32.
    class_N
        Number of the class of each particle; particle 1 comes first.
    specks
        How many pieces were left away as too small.
    """

    map_S: NDArray[np.int32]
    class_N: NDArray[np.int64]
    specks: int = 0


@dataclass(frozen=True)
class Summary:
    """What the particles of one class are like.

    Parameters
    ----------
    number
        The class.
    count
        Particles, those cut by the image's border with them.
    whole
        Particles that do not touch the border; only they are measured below.
    diameter
        Mean equivalent diameter, each particle counting once.
    diameter_by_area
        Mean equivalent diameter, each particle counting by its area (volume).
    aspect_ratio
        Mean, each particle counting once.
    """

    number: int
    count: int
    whole: int
    diameter: Interval
    diameter_by_area: Interval
    aspect_ratio: Interval


def connected(
    numbers_S: NDArray[np.integer], of: Sequence[int], *, smallest: int = SMALLEST
) -> Particles:
    """Take every connected piece of a class for a particle; corners connect.

    Parameters
    ----------
    numbers_S
        Number of the class of every pixel.
    of
        The classes whose pieces are particles.
    smallest
        Pixels of the smallest piece that is kept.
    """
    from skimage.measure import label

    map_S = np.zeros(numbers_S.shape, np.int32)
    classes: list[int] = []
    specks = 0
    for number in of:
        pieces_S = np.asarray(label(numbers_S == number, connectivity=numbers_S.ndim))
        sizes = np.bincount(pieces_S.ravel())
        kept = sizes >= smallest
        kept[0] = False
        renumbered = np.where(kept, kept.cumsum() + len(classes), 0).astype(np.int32)
        map_S += renumbered[pieces_S]
        classes += [number] * int(kept.sum())
        specks += len(sizes) - 1 - int(kept.sum())
    return Particles(map_S, np.array(classes, np.int64), specks)


def measure(
    particles: Particles, pixel_size: Sequence[float] | None = None, unit: str = ""
) -> "pd.DataFrame":
    """Return a table of one row a particle.

    Parameters
    ----------
    particles
        As `connected` gives them.
    pixel_size
        Of each axis, in `unit`; without it lengths are in pixels.
    unit
        Such as ``"µm"``.

    Returns
    -------
    DataFrame
        ``particle``, ``class``, ``pixels``, centre and extent along each axis in pixels, whether it
        ``touches_border``, and, named with their unit, ``area`` (``volume``),
        ``equivalent_diameter`` (of the circle or ball of that size), ``major_axis`` and
        ``minor_axis`` (of the ellipse with the same second moments), and ``aspect_ratio``; of
        plane images with square pixels also ``orientation_deg`` (of the major axis, anticlockwise
        from the rows) and ``circularity`` (4π area / perimeter², which is 1 for a circle).

    Raises
    ------
    InputError
        If there is not one positive pixel size an axis.
    """
    import pandas as pd
    from skimage.measure import regionprops_table

    dims = particles.map_S.ndim
    sizes = tuple(float(size) for size in pixel_size or (1.0,) * dims)
    if len(sizes) != dims or min(sizes) <= 0:
        raise InputError(f"pixel_size is {pixel_size}; expected {dims} positive numbers")
    flat = dims == 2 and max(sizes) <= 1.001 * min(sizes)
    wanted = ["label", "num_pixels", "bbox", "centroid", "area", "equivalent_diameter_area"]
    wanted += ["axis_major_length", "axis_minor_length"]
    wanted += ["orientation", "perimeter_crofton"] if flat else []
    found = regionprops_table(particles.map_S, spacing=sizes, properties=wanted)
    corners = [found[f"bbox-{n}"] for n in range(2 * dims)]
    lower, upper = np.array(corners[:dims]), np.array(corners[dims:])
    border_N = (lower == 0).any(0) | (upper.T - particles.map_S.shape == 0).any(1)
    said = (unit or "px").replace("µ", "u").replace("Å", "A")
    columns = {
        "particle": found["label"],
        "class": particles.class_N[found["label"] - 1],
        "pixels": found["num_pixels"].astype(np.int64),
        **{f"centre_{a}": found[f"centroid-{n}"] / sizes[n] for n, a in enumerate("zyx"[-dims:])},
        **{f"extent_{a}": upper[n] - lower[n] for n, a in enumerate("zyx"[-dims:])},
        "touches_border": border_N,
        f"{'area' if dims == 2 else 'volume'}_{said}{dims}": found["area"],
        f"equivalent_diameter_{said}": found["equivalent_diameter_area"],
        f"major_axis_{said}": found["axis_major_length"],
        f"minor_axis_{said}": found["axis_minor_length"],
        "aspect_ratio": _ratio(found["axis_major_length"], found["axis_minor_length"]),
    }
    if flat:
        columns["orientation_deg"] = np.rad2deg(found["orientation"] + np.pi / 2) % 180
        columns["circularity"] = _ratio(4 * np.pi * found["area"], found["perimeter_crofton"] ** 2)
    return pd.DataFrame(columns)


def summarise(table: "pd.DataFrame", shape: Sequence[int]) -> list[Summary]:
    """Return means over the whole particles of each class, with 95 % intervals.

    A large particle is cut by the border more often than a small one; each whole particle counts
    by one over its chance to be whole (Miles 1974; Lantuéjoul 1980), so that means are those of
    the material. The intervals take the particles for independent.

    Parameters
    ----------
    table
        As `measure` gives it.
    shape
        Of the image, in pixels.
    """
    diameters = next(name for name in table if str(name).startswith("equivalent_diameter"))
    summaries = []
    for number in np.unique(table["class"].to_numpy()):
        rows = table.loc[table["class"] == number]
        whole = rows.loc[~rows["touches_border"]]
        weight_N = 1 / _chance_to_be_whole(whole, shape)
        area_N = whole["pixels"].to_numpy(np.float64)
        diameter_N = whole[diameters].to_numpy(np.float64)
        diameter = _mean(diameter_N, weight_N)
        by_area = _mean(diameter_N, weight_N * area_N)
        aspect_ratio = _mean(whole["aspect_ratio"].to_numpy(np.float64), weight_N)
        counts = (int(number), len(rows), len(whole))
        summaries.append(Summary(*counts, diameter, by_area, aspect_ratio))
    return summaries


def _chance_to_be_whole(whole: "pd.DataFrame", shape: Sequence[int]) -> NDArray[np.float64]:
    """Return the share of places in the image at which each particle would not touch its border."""
    axes = "zyx"[-len(shape) :]
    extents_ND = whole[[f"extent_{axis}" for axis in axes]].to_numpy(np.float64)
    sides_D = np.array(shape, np.float64)
    return (np.maximum(sides_D - extents_ND - 1, 1) / sides_D).prod(1)


def _mean(value_N: NDArray[np.float64], weight_N: NDArray[np.float64]) -> Interval:
    """Return a weighted mean with its 95 % interval (linearised ratio, Student's t)."""
    known_N = np.isfinite(value_N)
    value_N, weight_N = value_N[known_N], weight_N[known_N]
    if not len(value_N):
        return Interval(np.nan, 0.0, np.inf)
    mean = float(np.average(value_N, weights=weight_N))
    if len(value_N) < 2:
        return Interval(mean, 0.0, np.inf)
    count = len(value_N)
    share_N = weight_N / weight_N.sum()
    error = np.sqrt(count / (count - 1) * ((share_N * (value_N - mean)) ** 2).sum())
    reach = float(t.ppf(0.975, count - 1) * error)
    return Interval(mean, max(mean - reach, 0.0), mean + reach)


def _ratio(over_N: NDArray[np.float64], under_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return over / under, NaN where a particle is too thin to have the measure."""
    known_N = under_N > 0
    return np.where(known_N, over_N / np.where(known_N, under_N, 1), np.nan)
