"""The noise of an image in a sentence: how strong, and whether the denoiser's assumption holds."""

import numpy as np

from pearlite.audit.pictures import plane_of
from pearlite.data.validity import examine

_SIDE = 1024  # pixels a side, from the middle
_SMALLEST = 64
_WEAK = 0.01  # of the image's contrast: noise that denoising hardly has to remove


def noise_note(source: object) -> str:
    """Say how strong an image's noise is and whether it is white; empty if nothing can be said.

    Parameters
    ----------
    source
        A path or an array, as `pearlite.audit.pictures.plane_of` takes it.
    """
    from pearlite.recipes.denoise.noise import fit_noise
    from pearlite.recipes.denoise.verdict import judge_noise

    plane = plane_of(source)
    rows, columns = (slice(max(0, (n - _SIDE) // 2), (n + _SIDE) // 2) for n in plane.shape)
    middle = np.asarray(plane[rows, columns], dtype=np.float64)
    if min(middle.shape) < _SMALLEST or not np.isfinite(middle).all():
        return ""
    valid = examine(middle, bar=False).valid
    model = fit_noise(middle, valid) if valid.any() else None
    if model is None:
        return "its noise cannot be measured"
    low, high = np.percentile(middle[valid], (1, 99))
    share = float(np.sqrt(model.variance(np.median(middle[valid])))) / max(high - low, 1e-12)
    strength = f"its noise is about {share:.1%} of its contrast"
    if share < _WEAK:
        return f"{strength}: little to remove"
    verdict = judge_noise(model.stabilise(middle), valid)
    return f"{strength}; is it white? {verdict.state}: {verdict.reason.rstrip('.')}"
