"""Reconstruct a volume from one image, or from two or three, or a texture, in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.recipes.reconstruct.fraction import with_fractions
from pearlite.recipes.reconstruct.generate import check_sides, generate
from pearlite.recipes.reconstruct.images import Pictures, prepare
from pearlite.recipes.reconstruct.low_given import find_low
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.reconstruct.settings import Recipe
from pearlite.recipes.reconstruct.train import train
from pearlite.train.history import Row


@dataclass(frozen=True)
class Reconstructed:
    """A volume, and what more can be made with.

    Attributes
    ----------
    volume
        (Z, Y, X), in colour (Z, Y, X, 3), in the type and with the values of the images; a texture
        has no Z.
    material
        Makes any other volume: `pearlite.recipes.reconstruct.generate.generate`.
    pictures
        The images as they were learned from.
    history
        Of the training.
    """

    volume: NDArray
    material: Material
    pictures: Pictures
    history: list[Row]


def reconstruct(
    images: NDArray | Sequence[NDArray],
    shape: Sequence[int] | None = None,
    *,
    seconds: float = 300.0,
    seed: int = 0,
    kind: str | None = None,
    clean: bool = False,
    vf: float | Mapping[int, float] | None = None,
    periodic: bool | Sequence[bool] = False,
    low: Any = None,
    factor: int | None = None,
    steps: int | None = None,
    recipe: Recipe | None = None,
) -> Reconstructed:
    """Learn a material from slices and make a volume of it.

    Parameters
    ----------
    images
        One array (Y, X) of labels or grey values, or (Y, X, 3) in colour, of a material that looks
        alike from all sides; two, normal to z and along it, of one that looks alike from all sides
        of z; three, normal to z, y and x, of any.
    shape
        Voxels along z, y and x, a cube of 128 unless given; two sides, along y and x, ask for a
        texture.
    seconds
        CPU seconds of learning.
    seed
        Determines all that is drawn.
    kind, clean
        See `pearlite.recipes.reconstruct.images.prepare`.
    vf
        Volume fraction that the volume shall have, by phase value, or of the largest value.
    periodic
        Whether opposite faces fit to each other; of all axes or each.
    low, factor
        A volume of low resolution, of which one is made whose slices look like the images, and how
        many of their pixels lie along one of its voxels; not with `shape`, `vf` and `periodic`. See
        `pearlite.recipes.reconstruct.low_asked`.
    steps
        Steps of learning, instead of `seconds`: then two calls give the same volume.
    recipe
        The numbers of the method; chosen by the images unless given.

    Raises
    ------
    InputError
        If an image or an option is wrong; before anything is learned, but for a side that does not
        fit the material's coarsest cell.

    Examples
    --------
    >>> volume = reconstruct(labels, (256, 256, 256)).volume  # doctest: +SKIP
    """
    if low is not None and (shape is not None or vf is not None or periodic is not False):
        raise InputError("low says how large the volume is and what is where: leave out the rest")
    shape = (128, 128, 128) if shape is None else shape
    check_sides(shape)
    pictures = prepare(images, kind=kind, clean=clean, dims=2 if len(shape) == 2 else 3)
    if low is not None:
        given = find_low(low, pictures.meaning, factor=factor)
        pictures, shape = replace(pictures, low=given), given.shape
    trained = train(pictures, seed=seed, seconds=seconds, steps=steps, recipe=recipe)
    material = trained.material
    if vf is not None:
        material = with_fractions(material, vf, shape, seed=seed, periodic=periodic)
    volume = generate(material, shape, seed=seed, periodic=periodic)
    return Reconstructed(volume, material, pictures, trained.history)
