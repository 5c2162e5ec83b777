"""The methods that pearlite is measured against: each maps a case to its estimate of the truth.

Methods that need the noise level are told it where it is one number. Where the noise depends on the
signal they stand behind pearlite's own noise fit and Anscombe transform, or estimate one number
themselves; the name says which.
"""

from collections.abc import Callable

import numpy as np
from benchmarks.denoise.cases import Case
from skimage.restoration import denoise_nl_means, denoise_wavelet, estimate_sigma

from pearlite.errors import InputError

Denoiser = Callable[[Case], np.ndarray]


def noisy(case: Case) -> np.ndarray:
    """Leave the image as it is."""
    return case.noisy


def nlm(case: Case) -> np.ndarray:
    """Non-local means of scikit-image, fast mode."""
    sigma = case.sigma or float(np.asarray(estimate_sigma(case.noisy)))
    return _nlm(case.noisy, sigma)


def nlm_anscombe(case: Case) -> np.ndarray:
    """Non-local means behind the Anscombe transform."""
    return _behind_anscombe(case, _nlm)


def wavelet(case: Case) -> np.ndarray:
    """BayesShrink of scikit-image with PyWavelets."""
    return denoise_wavelet(
        np.asarray(case.noisy, np.float64),
        sigma=case.sigma,
        method="BayesShrink",
        mode="soft",
        rescale_sigma=True,
    )


def bm3d(case: Case) -> np.ndarray:
    """BM3D, default profile, told the noise level."""
    assert case.sigma is not None
    return _bm3d(case.noisy, case.sigma)


def bm3d_anscombe(case: Case) -> np.ndarray:
    """BM3D, default profile, behind the Anscombe transform."""
    return _behind_anscombe(case, _bm3d)


def zs_n2n(case: Case) -> np.ndarray:
    """Zero-Shot Noise2Noise."""
    from benchmarks.denoise.zs_n2n import zero_shot

    return zero_shot(case.noisy / 255) * 255


def noise2fast_pearlite(case: Case) -> np.ndarray:
    """Noise2Fast, pearlite's implementation."""
    from pearlite.recipes.denoise.noise2fast import noise2fast

    return noise2fast(case.noisy.astype(np.float32)[None])[0]


def pearlite(quality: str) -> Denoiser:
    """Pearlite's default at a quality, told nothing; goes on where its noise verdict objects."""

    def run(case: Case) -> np.ndarray:
        from pearlite.recipes.denoise import denoise

        return denoise(case.noisy, quality=quality, force=True, assess=False, device="cpu").clean

    return run


METHODS: dict[str, Denoiser] = {
    "noisy": noisy,
    "nlm": nlm,
    "nlm-anscombe": nlm_anscombe,
    "wavelet": wavelet,
    "bm3d": bm3d,
    "bm3d-anscombe": bm3d_anscombe,
    "zs-n2n": zs_n2n,
    "noise2fast-pearlite": noise2fast_pearlite,
    "fast": pearlite("fast"),
    "balanced": pearlite("balanced"),
    "best": pearlite("best"),
}


def fits(method: str, case: Case) -> bool:
    """Whether a method says anything about a kind of noise."""
    return not (
        (method == "bm3d" and case.sigma is None)
        or (method.endswith("-anscombe") and case.sigma is not None)
    )


def _nlm(image: np.ndarray, sigma: float) -> np.ndarray:
    # The best of seven settings on bsd68 0 and 17 (σ = 25), confocal mice and sem grains.
    return denoise_nl_means(
        np.asarray(image, np.float64),
        h=0.6 * sigma,
        sigma=sigma,
        fast_mode=True,
        patch_size=5,
        patch_distance=6,
    )


def _bm3d(image: np.ndarray, sigma: float) -> np.ndarray:
    import bm3d as package

    return np.asarray(package.bm3d(np.asarray(image, np.float64), sigma))


def _behind_anscombe(case: Case, denoiser: Callable[[np.ndarray, float], np.ndarray]) -> np.ndarray:
    from pearlite.recipes.denoise.noise import fit_noise

    image = case.noisy.astype(np.float32)
    model = fit_noise(image)
    if model is None:
        raise InputError(
            f"no noise could be fitted to {case.label}; leave out the -anscombe methods"
        )
    return model.restore(denoiser(model.stabilise(image), 1.0).astype(np.float32))
