"""Tell whether the noise of a new image is still that to which a noise model was fitted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.validity import valid_pixels
from pearlite.errors import InputError, Refused
from pearlite.recipes.denoise.noise import NoiseModel, fit_noise

FACTOR = 1.5  # of the variance, at the signals that are in the image; see test_fit.py
SIGNALS = (10, 50, 90)  # percentiles of the signal at which the two models are compared


def check_noise(
    array: NDArray[Any], axes: str, models: Sequence[NoiseModel], force: bool
) -> list[str]:
    """Compare noise models with the noise of a new image.

    Parameters
    ----------
    array, axes
        The new image; of a stack, the middle plane is looked at.
    models
        One a channel.
    force
        Go on with a note where the noise differs.

    Returns
    -------
    list of str
        What to note.

    Raises
    ------
    InputError
        If the number of channels is another one.
    Refused
        If the variance differs by more than a factor of `FACTOR`.
    """
    planes = _middle_planes(array, axes)
    if len(planes) != len(models):
        raise InputError(
            f"the image has {len(planes)} channels, the run's noise model {len(models)}; "
            "fit it anew with --refit."
        )
    ratios = [_ratio(plane, model) for plane, model in zip(planes, models, strict=True)]
    known = [ratio for ratio in ratios if ratio is not None]
    if not known:
        return ["This image's noise could not be measured; the run's model was used unchecked."]
    ratio = max(known, key=_distance)
    if _distance(ratio) <= np.log(FACTOR):
        return []
    finding = f"the variance of this image's noise is {ratio:.2g} times that of the run's model"
    if not force:
        raise Refused(f"{finding}; fit it anew with --refit, or go on with --force.")
    return [f"{finding[0].upper()}{finding[1:]}; the run's model was used (--force)."]


def _middle_planes(array: NDArray[Any], axes: str) -> list[NDArray[Any]]:
    for axis in "ZT":
        if axis in axes:
            place = axes.index(axis)
            array = array.take(array.shape[place] // 2, axis=place)
            axes = axes.replace(axis, "")
    return list(array) if "C" in axes else [array]


def _ratio(plane_YX: NDArray[Any], model: NoiseModel) -> float | None:
    """Return new over old variance, the median over the image's signals; None if unmeasurable."""
    valid_YX = valid_pixels(plane_YX)
    found = fit_noise(np.nan_to_num(plane_YX), valid_YX)
    if found is None:
        return None
    signals = np.percentile(plane_YX[valid_YX], SIGNALS)
    new, old = found.variance(signals), model.variance(signals)
    positive = (new > 0) & (old > 0)
    return float(np.median(new[positive] / old[positive])) if positive.any() else None


def _distance(ratio: float) -> float:
    return float(abs(np.log(ratio)))
