"""Tell whether the noise of a new image is still that to which a noise model was fitted."""

from collections.abc import Sequence

import numpy as np

from pearlite.data.image import Image
from pearlite.errors import InputError, Refused
from pearlite.recipes.denoise.method import CHUNK
from pearlite.recipes.denoise.noise import NoiseModel
from pearlite.recipes.denoise.parts import Parts
from pearlite.recipes.denoise.prepared import Prepared, fit_channel

FACTOR = 1.5  # of the variance: two fits to the same noise differ by less; see test_fit.py
SIGNALS = (10, 50, 90)  # percentiles of the signal at which the two models are compared


def check_noise(
    image: Image, models: Sequence[NoiseModel], remedies: Sequence[str], force: bool
) -> list[str]:
    """Compare noise models with the noise of a new image.

    Parameters
    ----------
    image
        The new image.
    models
        One a channel, fitted to another image.
    remedies
        What is done to the image before its noise is looked at.
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
    parts = Parts(image.array, image.axes, remedies, CHUNK)
    channels = parts.after.channels
    if channels != len(models):
        raise InputError(
            f"the image has {channels} channels, the run's noise model {len(models)}; "
            "fit it anew with --refit."
        )
    sample = parts.sample()
    ratios = [_ratio(sample, channel, model, remedies) for channel, model in enumerate(models)]
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


def _ratio(
    sample: Sequence[Prepared], channel: int, model: NoiseModel, remedies: Sequence[str]
) -> float | None:
    """Return new over old variance, the median over the image's signals; None if unmeasurable."""
    found, signal = fit_channel(sample, channel, remedies)
    if found is None:
        return None
    signals = np.percentile(signal, SIGNALS)
    new, old = found.variance(signals), model.variance(signals)
    positive = (new > 0) & (old > 0)
    return float(np.median(new[positive] / old[positive])) if positive.any() else None


def _distance(ratio: float) -> float:
    return float(abs(np.log(ratio)))
