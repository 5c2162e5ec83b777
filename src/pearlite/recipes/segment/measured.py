"""The particles of an image: found, parted where asked for, and measured.

Axes: C channels, S space.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.recipes.segment.classes import Classes
from pearlite.recipes.segment.example import Segmenter
from pearlite.recipes.segment.instances import from_rims, separate
from pearlite.recipes.segment.particles import (
    Particles,
    Summary,
    connected,
    measure,
    summarise,
)

BACKGROUND = "background"


def find_particles(
    numbers_S: NDArray[np.integer],
    pixels_CS: NDArray[np.generic],
    classes: Classes,
    *,
    parted: bool,
    rims: Segmenter | None,
    spacing: Sequence[float] | None,
) -> Particles:
    """Take the pieces of every class but the one around them for particles.

    That is the class named background, or else the most frequent one.

    Parameters
    ----------
    numbers_S
        Number of the class of every pixel.
    pixels_CS
        The image.
    classes
        What the numbers mean.
    parted
        Whether touching particles are told apart.
    rims
        Has learned particles' rims, to part them by; else that is done by their necks.
    spacing
        Size of a pixel along each axis, where it is known.
    """
    if parted and rims is not None:
        return from_rims(rims.probabilities(pixels_CS))
    around = int(np.bincount(numbers_S.ravel()).argmax())
    if BACKGROUND in classes.names:
        around = classes.names.index(BACKGROUND)
    of = [number for number in range(len(classes)) if number != around]
    return separate(numbers_S, of, pixel_size=spacing) if parted else connected(numbers_S, of)


def pixel_scale(
    image: Image, dims: int, pixel_size: float | None
) -> tuple[tuple[float, ...] | None, str]:
    """Return the size of a pixel along each axis of space, and its unit.

    Parameters
    ----------
    image
        Says it, or not.
    dims
        Axes of space.
    pixel_size
        In metres, of an image that does not say.
    """
    axes = image.axes.replace("C", "")[-dims:]
    if all(axis in image.pixel_size for axis in axes):
        return tuple(image.pixel_size[axis] for axis in axes), image.unit
    if pixel_size is not None and dims == 2:
        return (1e6 * pixel_size,) * 2, "µm"
    return None, ""


def particle_table(
    particles: Particles,
    classes: Classes,
    spacing: Sequence[float] | None,
    unit: str,
    which: str = "",
) -> tuple[pd.DataFrame, dict[str, Summary]]:
    """Return a row a particle (see `measure`) with its class's name and value, and means by class.

    Parameters
    ----------
    particles, spacing, unit
        See `measure`.
    classes
        Names and values.
    which
        Plane of a stack, in words.
    """
    table = measure(particles, spacing, unit)
    means = {classes.names[one.number]: one for one in summarise(table, particles.map_S.shape)}
    table.insert(1, "value", [classes.values[number] for number in table["class"]])
    table["class"] = [classes.names[number] for number in table["class"]]
    if which:
        table.insert(0, "plane", which)
    return table, means
