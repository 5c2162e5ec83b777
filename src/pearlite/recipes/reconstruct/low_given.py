"""The low-resolution volume of a super-resolution: read, checked, its values made out."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.units import METRES, convert
from pearlite.errors import InputError
from pearlite.recipes.reconstruct.generate import check_sides
from pearlite.recipes.reconstruct.images import MOST_PHASES, SMALLEST, Meaning
from pearlite.recipes.reconstruct.low import Encoding, Low

FACTORS = (2, 4, 8)
LEAST = 0.1  # of a channel's scale, so that rare values are no outliers
NEAR = 0.02  # by which a ratio of pixel sizes may miss a factor


def find_low(
    given: Any,
    meaning: Meaning,
    *,
    factor: int | None = None,
    pixel_size: float | None = None,
    unit: str = "",
) -> Low:
    """Read a low-resolution volume and find how its values become channels.

    Values are labels where the image has phases and they are at most 16 whole numbers; otherwise
    they are greys.

    Parameters
    ----------
    given
        An array, an `Image` or a file: (Z, Y, X).
    meaning
        Of the images that go with it.
    factor
        Pixels of the images along a voxel; by the pixel sizes unless given.
    pixel_size, unit
        Of the images, where known.

    Raises
    ------
    InputError
        If it is no volume, does not fit the images, or has nothing in common with them.
    """
    image = low_image(given)
    factor = _factor(image, factor, pixel_size, unit)
    fine = tuple(side * factor for side in image.array.shape)
    check_sides(fine)
    if min(fine) < SMALLEST:
        raise InputError(
            f"the low-resolution volume has shape {tuple(image.array.shape)}, of which {fine} "
            f"voxels are made; at least {SMALLEST} along each side are needed"
        )
    values, offset, scale = _labels(image.array) if meaning.kind == "phases" else ((), (), ())
    if values and not set(values) & set(meaning.values):
        raise InputError(
            f"the low-resolution volume and the image have nothing in common: its values are "
            f"{_listed(values)}, the image's phases {_listed(meaning.values)}; give the phases "
            "that both know the same value"
        )
    if not values:
        offset, scale = _greys(image.array)
    return Low(image.array, Encoding(factor, values, offset, scale))


def another_low(
    given: Any, encoding: Encoding, *, pixel_size: float | None = None, unit: str = ""
) -> Low:
    """Read another low-resolution volume for a material that was learned with one.

    Raises
    ------
    InputError
        If it is no volume, has another voxel size, or holds labels that the first had not.
    """
    image = low_image(given)
    _factor(image, encoding.factor, pixel_size, unit)
    array = image.array
    check_sides([side * encoding.factor for side in array.shape])
    if encoding.values:
        strange = {v for plane in _planes(array) for v in np.unique(plane)} - {*encoding.values}
        if strange:
            raise InputError(
                f"the volume holds values ({_listed(sorted(strange))}) that the one it was learned "
                f"with had not; its values are {_listed(encoding.values)}"
            )
    return Low(array, encoding)


def low_image(given: Any) -> Image:
    """Return a low-resolution volume, checked to be one: axes ZYX.

    Raises
    ------
    InputError
        If it has not three axes, or holds no finite numbers.
    """
    image = read(given) if isinstance(given, str | Path) else given
    array = image.array if isinstance(image, Image) else np.asarray(given)
    if len(array.shape) != 3 or (isinstance(image, Image) and "C" in image.axes):
        raise InputError(
            f"the low-resolution volume has shape {tuple(array.shape)}; expected one of grey "
            "values or labels with three axes, Z,Y,X"
        )
    image = image if isinstance(image, Image) else Image(array, "ZYX")
    kind = np.dtype(image.array.dtype).kind
    if kind not in "uifb" or (
        kind == "f" and not all(np.isfinite(plane).all() for plane in _planes(image.array))
    ):
        raise InputError("the low-resolution volume holds values that are no finite numbers")
    return image


def _factor(image: Image, factor: int | None, pixel_size: float | None, unit: str) -> int:
    """Return how many pixels of the images lie along a voxel."""
    sizes = [image.pixel_size[axis] for axis in image.axes if axis in image.pixel_size]
    if sizes and not np.allclose(sizes, sizes[0], rtol=NEAR):
        said = " x ".join(f"{size:g}" for size in sizes)
        raise InputError(f"voxels of the low-resolution volume are no cubes ({said}): resample it")
    both = sizes and pixel_size is not None and {image.unit, unit} <= METRES.keys()
    ratio = convert(sizes[0], image.unit, unit) / float(pixel_size or 1) if both else None
    if factor is not None and factor not in FACTORS:
        raise InputError(f"factor {factor} is none of {_listed(FACTORS)}")
    if ratio is None:
        if factor is None:
            raise InputError(
                "the pixel sizes of the image and of the low-resolution volume are not both known; "
                f"say how many pixels a voxel is wide: factor, one of {_listed(FACTORS)}"
            )
        return factor
    nearest = factor or min(FACTORS, key=lambda n: abs(np.log(ratio / n)))
    if abs(ratio / nearest - 1) > NEAR:
        wanted = f"factor {factor}" if factor else f"a factor of {_listed(FACTORS)}"
        raise InputError(
            f"a voxel of the low-resolution volume is {ratio:.3g} pixels of the image wide, which "
            f"does not fit {wanted}: resample one of them, or correct its pixel size"
        )
    return nearest


def _labels(array: Any) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]:
    """Return the values with the mean and deviation of their channels; nothing of greys."""
    counts: Counter[int] = Counter()
    if np.dtype(array.dtype).kind == "f":
        return (), (), ()
    for plane in _planes(array):
        found, number = np.unique(plane, return_counts=True)
        counts.update(dict(zip(found.tolist(), number.tolist(), strict=True)))
        if len(counts) > MOST_PHASES:
            return (), (), ()
    _check_varied(len(counts) > 1)
    values = tuple(sorted(map(int, counts)))
    shares = np.array([counts[value] for value in values]) / counts.total()
    scale = np.sqrt(shares * (1 - shares)).clip(LEAST)
    return values, tuple(shares.tolist()), tuple(scale.tolist())


def _greys(array: Any) -> tuple[tuple[float], tuple[float]]:
    """Return the mean and the standard deviation of a volume's values."""
    moments = [(np.mean(p, dtype=np.float64), np.var(p, dtype=np.float64)) for p in _planes(array)]
    means, variances = np.transpose(moments)
    variance = float(variances.mean() + means.var())
    _check_varied(variance > 0)
    return (float(means.mean()),), (variance**0.5,)


def _check_varied(varied: bool) -> None:
    if not varied:
        raise InputError("the low-resolution volume is constant: it tells nothing of any place")


def _planes(array: Any) -> Iterator[NDArray[Any]]:
    return (np.asarray(array[z]) for z in range(array.shape[0]))


def _listed(values: Any) -> str:
    return ", ".join(map(str, values))
