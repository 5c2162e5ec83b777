from dataclasses import astuple

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from pearlite.judge.interval import Interval
from pearlite.recipes.denoise.quality import Calibration, divergence, estimate_error

UNKNOWN = Calibration(1.0, 1e6)  # says nothing, so that Stein's estimate stands alone


def scene(seed, size=256):
    """Noisy and clean, in units of the noise; edges and ramps."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    clean = 6 * (x + y > 0.9) + 4 * np.sin(7 * x) * y
    return clean + random.standard_normal((size, size)), clean


def box(width):
    return lambda image: uniform_filter(np.asarray(image, np.float64), width, mode="wrap")


@pytest.mark.parametrize(("width", "share"), [(1, 1.0), (3, 1 / 9), (5, 1 / 25)])
def test_divergence_of_a_mean_is_the_share_of_a_pixel_in_it(width, share):
    noisy, _ = scene(0)
    through = divergence(box(width), noisy, box(width)(noisy), seed=0)
    assert through.shape == noisy.shape
    assert through.mean() == pytest.approx(share, abs=0.005)


def test_divergence_knows_where_the_noise_comes_through():
    def halves(image):
        smooth = box(5)(image)
        smooth[:, 128:] = image[:, 128:]
        return smooth

    noisy, _ = scene(0)
    through = divergence(halves, noisy, halves(noisy), seed=0)
    assert through[:, 128:] == pytest.approx(1, abs=1e-5)
    assert through[:, :120].mean() == pytest.approx(1 / 25, abs=0.01)


def test_divergence_depends_on_the_seed_only():
    noisy, _ = scene(0, 32)
    first, again, other = (divergence(box(3), noisy, box(3)(noisy), s) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("width", [2, 3, 5, 9])
@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_stein_alone_gives_the_error_of_a_filter(width, unit):
    for seed in range(4):
        noisy, clean = scene(seed)
        denoised = box(width)(noisy)
        through = divergence(box(width), noisy, denoised, seed)
        variance = np.full(noisy.shape, unit**2)
        error = estimate_error(noisy - denoised, through, variance, 0.0, UNKNOWN)
        true = unit**2 * np.mean((denoised - clean) ** 2)
        assert error.value == pytest.approx(true, abs=0.02 * unit**2)
        assert error.low < error.value < error.high


def test_stein_weighs_pixels_by_their_variance():
    noisy, clean = scene(0)
    strength = np.where(np.arange(256) < 128, 1.0, 5.0) * np.ones((256, 1))
    denoised = box(5)(noisy)
    through = divergence(box(5), noisy, denoised, 0)
    error = estimate_error(noisy - denoised, through, strength**2, 0.0, UNKNOWN)
    true = np.mean((strength * (denoised - clean)) ** 2)
    assert error.value == pytest.approx(true, rel=0.05)


def test_the_interval_of_stein_holds_in_95_of_100_cases():
    held = 0
    for seed in range(100):
        noisy, clean = scene(seed, 64)
        denoised = box(3)(noisy)
        through = divergence(box(3), noisy, denoised, seed)
        error = estimate_error(noisy - denoised, through, np.ones((64, 64)), 0.0, UNKNOWN)
        held += error.low <= np.mean((denoised - clean) ** 2) <= error.high
    assert held >= 88


def test_a_sure_calibration_gives_the_share_of_noise_that_comes_through():
    random = np.random.default_rng(0)
    removed, through = random.standard_normal((64, 64)), np.full((64, 64), 0.05)
    variance = np.full((64, 64), 4.0)
    error = estimate_error(removed, through, variance, 0.3, Calibration(1.5, 0.01))
    assert error.value == pytest.approx(1.5 * 0.05 * 4.0, rel=0.02)
    assert error.high / error.low == pytest.approx(np.exp(2 * 1.96 * 0.01), rel=0.02)


def test_the_better_known_the_noise_the_narrower_the_interval():
    removed, through = np.random.default_rng(0).standard_normal((2, 256, 256))
    through = 0.1 + 0.01 * through
    widths = []
    for variance_error in (0.0, 0.02, 0.1):
        error = estimate_error(
            removed, through, np.ones((256, 256)), variance_error, Calibration(1.0, 0.3)
        )
        widths.append(error.high / error.low)
    assert widths == sorted(widths)
    assert widths[0] < 1.5 < widths[-1]


@pytest.mark.parametrize("removed", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("through", [-0.2, 0.0, 1e-4, 1.0])
def test_an_error_is_always_a_positive_number(removed, through):
    size = (8, 8)
    error = estimate_error(
        np.full(size, removed), np.full(size, through), np.ones(size), 0.01, Calibration(1.2, 0.05)
    )
    assert np.isfinite(astuple(error)).all()
    assert 0 < error.low <= error.value <= error.high


def test_an_interval_is_what_it_was_made_of():
    assert astuple(Interval(2.0, 1.0, 3.0)) == (2.0, 1.0, 3.0)
