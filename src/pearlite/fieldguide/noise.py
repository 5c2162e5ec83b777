"""The noise of an image: how strong, and whether the denoiser's assumption holds."""

from dataclasses import dataclass

import numpy as np

from pearlite.data.validity import examine
from pearlite.judge.audit.pictures import plane_of

_SIDE = 1024  # pixels a side, from the middle
_SMALLEST = 64
_WEAK = 0.01  # of the image's contrast: noise that denoising hardly has to remove


@dataclass(frozen=True)
class Noise:
    """What is known of the noise of one image.

    Parameters
    ----------
    sentence
        For people; empty if nothing can be said.
    weak
        Whether there is next to nothing to remove.
    remedy
        What the denoiser needs first where the noise is not white; empty if nothing.
    """

    sentence: str = ""
    weak: bool = False
    remedy: str = ""


def see_noise(source: object) -> Noise:
    """Measure an image's noise in its middle.

    Parameters
    ----------
    source
        A path or an array, as `pearlite.judge.audit.pictures.plane_of` takes it.
    """
    from pearlite.recipes.denoise.noise import fit_noise
    from pearlite.recipes.denoise.verdict import judge_noise

    plane = plane_of(source)
    rows, columns = (slice(max(0, (n - _SIDE) // 2), (n + _SIDE) // 2) for n in plane.shape)
    middle = np.asarray(plane[rows, columns], dtype=np.float64)
    if min(middle.shape) < _SMALLEST or not np.isfinite(middle).all():
        return Noise()
    valid = examine(middle, bar=False).valid
    model = fit_noise(middle, valid) if valid.any() else None
    if model is None:
        return Noise("its noise cannot be measured")
    low, high = np.percentile(middle[valid], (1, 99))
    share = float(np.sqrt(model.variance(np.array(np.median(middle[valid]))))) / max(
        high - low, 1e-12
    )
    strength = f"its noise is about {share:.1%} of its contrast"
    if share < _WEAK:
        return Noise(f"{strength}: little to remove", weak=True)
    verdict = judge_noise(model.stabilise(middle), valid)
    sentence = f"{strength}; is it white? {verdict.state}: {verdict.reason.rstrip('.')}"
    return Noise(sentence, remedy=verdict.remedies[0] if verdict.state == "failed" else "")
