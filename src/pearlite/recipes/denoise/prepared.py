"""Frames made ready: remedies applied, gaps filled, and noted what is to be left as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from pearlite.data.validity import Validity, examine
from pearlite.errors import InputError
from pearlite.recipes.denoise.noise import NoiseModel
from pearlite.recipes.denoise.remedies import REMEDIES, fit_for


@dataclass(frozen=True)
class Prepared:
    """Frames that hold nothing but numbers.

    Attributes
    ----------
    values
        (F, C, Y, X), float64; pixels that were not finite have their nearest neighbour's value.
    original
        The frames after the remedies, before anything was filled.
    validity
        Of every plane, frame by frame and channel by channel.
    """

    values: NDArray[np.float64]
    original: NDArray
    validity: list[Validity]

    def keep_empty(self, clean_FCYX: NDArray, part: Any = ...) -> NDArray:
        """Return clean frames with the original values where there was nothing to clean.

        They are those at the index `part`; all when absent.
        """
        empty = np.stack([v.empty for v in self.validity]).reshape(self.original.shape)
        return np.where(empty[part], self.original[part], clean_FCYX)


def prepare(frames_FCYX: NDArray, remedies: Sequence[str] = (), whole: bool = True) -> Prepared:
    """Apply remedies to every plane, and find out which pixels carry no measurement.

    Parameters
    ----------
    frames_FCYX
        Numbers of any type.
    remedies
        Names of `REMEDIES`.
    whole
        Whether these are whole planes. In strips of planes no info bar is looked for, and a strip
        may be without any finite pixel.

    Raises
    ------
    InputError
        If a whole plane has no finite pixel.
    """
    planes = list(frames_FCYX.reshape(-1, *frames_FCYX.shape[2:]))
    for name in remedies:
        planes = [REMEDIES[name](plane) for plane in planes]
    shape = (*frames_FCYX.shape[:2], *planes[0].shape)
    return Prepared(
        np.stack([_filled(plane, whole) for plane in planes]).reshape(shape),
        np.stack(planes).reshape(shape),
        [examine(plane, bar=whole) for plane in planes],
    )


def fit_channel(
    sample: Sequence[Prepared], channel: int, remedies: Sequence[str] = ()
) -> tuple[NoiseModel | None, NDArray[np.float64]]:
    """Fit the noise of a channel to sampled frames, one below the other.

    Returns
    -------
    tuple
        The model, None where there is no noise to fit; and the values of the valid pixels.
    """
    values = np.concatenate([ready.values[0, channel] for ready in sample])
    valid = np.concatenate([ready.validity[channel].valid for ready in sample])
    return fit_for(remedies)(values, valid), values[valid]


def _filled(plane_YX: NDArray, whole: bool) -> NDArray[np.float64]:
    finite = np.isfinite(plane_YX)
    if whole and not finite.any():
        raise InputError("a plane of the image has no finite pixel: all are NaN or infinite.")
    plane_YX = plane_YX.astype(np.float64)
    if finite.all():
        return plane_YX
    if not finite.any():
        return np.zeros(plane_YX.shape)
    nearest: Any = distance_transform_edt(~finite, return_distances=False, return_indices=True)
    return plane_YX[tuple(nearest)]
