"""Grey values: on one scale for content and reference, and back to the type of a file.

Axes: C channels, Y rows, X columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from pearlite.errors import InputError

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scale:
    """The reference's grey scale: mean 0 a channel, and standard deviation 1 over all of them.

    Parameters
    ----------
    mean_C
        Of every channel.
    deviation
        Root of the mean variance of the channels.
    """

    mean_C: tuple[float, ...]
    deviation: float

    @classmethod
    def of(cls, images: Sequence[NDArray]) -> "Scale":
        """Measure images ``(C, Y, X)``.

        Raises
        ------
        InputError
            If they are constant or hold what is no number.
        """
        pixels_CP = np.concatenate([i.reshape(len(i), -1).astype(np.float64) for i in images], 1)
        if not np.isfinite(pixels_CP).all():
            raise InputError("the reference holds NaN or infinite values; give an image without")
        deviation = float(np.sqrt(pixels_CP.var(axis=1).mean()))
        if deviation == 0:
            raise InputError("the reference is constant: it has no style; give another image")
        return cls(tuple(pixels_CP.mean(axis=1).tolist()), deviation)

    def to(self, image_CYX: NDArray) -> Floats:
        """Bring grey values of the reference to the scale."""
        mean_C11 = np.array(self.mean_C)[:, None, None]
        return ((image_CYX - mean_C11) / self.deviation).astype(np.float32)

    def back(self, image_CYX: NDArray) -> NDArray[np.float64]:
        """Bring them back."""
        return image_CYX.astype(np.float64) * self.deviation + np.array(self.mean_C)[:, None, None]


def recast(
    values: NDArray[np.float64], came: npt.DTypeLike, wanted: npt.DTypeLike, top: float
) -> NDArray[np.float64]:
    """Bring grey values of one type to the range of another.

    Parameters
    ----------
    values
        Grey values of the type `came`.
    came, wanted
        Integers keep their share of the type's range. Floats that become integers are taken as
        shares of `top`; what becomes float keeps its value.
    top
        The largest value of the images of floats; 1 where they lie between 0 and 1.
    """
    came, wanted = np.dtype(came), np.dtype(wanted)
    if came == wanted or wanted.kind == "f":
        return values
    highest = float(np.iinfo(wanted).max)
    return values * (highest / (top if came.kind == "f" else float(np.iinfo(came).max)))


def start(
    image_CYX: NDArray,
    classes_YX: NDArray[np.int64],
    pools: Sequence[Floats],
    random: np.random.Generator,
) -> Floats:
    """Give every class of a content the greys that it has in the reference.

    The k-th darkest pixel of a class gets the k-th darkest grey of the same class there, channel by
    channel; which of equal ones comes first is drawn. Where a class is flat, as in a label map,
    each pixel thus gets a grey drawn from the reference's.

    Parameters
    ----------
    image_CYX
        The content; it may have one channel where the pools have more.
    classes_YX
        Class of every pixel.
    pools
        Greys ``(C, N)`` of each class in the reference.
    random
        Draws.

    Returns
    -------
    array
        float32, ``(C, Y, X)`` with the channels of the pools.
    """
    channels = len(pools[0])
    made = np.empty((channels, *classes_YX.shape), dtype=np.float32)
    flat = len(image_CYX) != channels or _is_flat(image_CYX, classes_YX)
    for number, pool_CN in enumerate(pools):
        inside = classes_YX == number
        count = int(inside.sum())
        if not count or not pool_CN.shape[1]:
            continue
        if flat:  # all channels of a pixel come from the same place
            made[:, inside] = pool_CN[:, random.integers(pool_CN.shape[1], size=count)]
            continue
        for channel in range(channels):
            ranks = np.lexsort((random.random(count), image_CYX[channel][inside])).argsort()
            levels = np.sort(pool_CN[channel])
            places = (ranks + 0.5) / count * len(levels) - 0.5
            made[channel][inside] = np.interp(places, np.arange(len(levels)), levels)
    return made


def flat(classes_YX: NDArray[np.int64], pools: Sequence[Floats]) -> Floats:
    """Return every pixel in its class's mean grey: ``(C, Y, X)``."""
    means_KC = np.stack([p.mean(1) if p.shape[1] else np.zeros(len(p), p.dtype) for p in pools])
    return np.moveaxis(means_KC[classes_YX], -1, 0).astype(np.float32)


def _is_flat(image_CYX: NDArray, classes_YX: NDArray[np.int64]) -> bool:
    return all(
        np.ptp(image_CYX[:, classes_YX == number], axis=1).max(initial=0) == 0
        for number in np.unique(classes_YX)
    )
