import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from pearlite.data.samples import add_noise, grains, particles
from pearlite.recipes.denoise.noise import NoiseModel, fit_noise, second_differences


def ramp(low, high, shape=(384, 384)):
    """Every level between two, without an edge."""
    return np.broadcast_to(np.linspace(low, high, shape[1]), shape)


def relative_error(model, clean, gain, offset):
    """Largest relative error of the fitted variance between the darkest and the brightest pixel."""
    signal = np.array([clean.min(), np.median(clean), clean.max()])
    return float(np.max(np.abs(model.variance(signal) / (gain * signal + offset) - 1)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("gain", "read"), [(0.02, 0.01), (0.01, 0.05), (2.0, 3.0)])
def test_recovers_gain_and_read_noise_from_a_ramp(gain, read, seed):
    clean = ramp(20 * gain, 200 * gain)
    model = fit_noise(add_noise(clean, gain, read, seed))
    assert model.gain == pytest.approx(gain, rel=0.1)
    assert relative_error(model, clean, gain, read**2) < 0.06


@pytest.mark.parametrize("make", [grains, particles])
@pytest.mark.parametrize("seed", range(2))
def test_recovers_the_noise_of_a_micrograph(make, seed):
    clean = make((384, 384), seed=seed)
    model = fit_noise(add_noise(clean, 0.01, 0.02, seed))
    signal = np.quantile(clean, [0.25, 0.5, 0.75])
    assert model.variance(signal) == pytest.approx(0.01 * signal + 0.0004, rel=0.12)


@pytest.mark.parametrize("gain", [0.0, 2.0])
def test_the_stated_error_is_the_error(gain):
    clean = np.broadcast_to(np.linspace(40, 180, 128), (128, 128))
    true = gain * 110 + 9
    errors = []
    for seed in range(30):
        model = fit_noise(add_noise(clean, gain, 3, seed))
        errors.append((model.variance(np.array([110.0]))[0] / true - 1) / model.error)
    assert 0.5 < np.sqrt(np.mean(np.square(errors))) < 2


def test_texture_is_not_taken_for_noise():
    random = np.random.default_rng(0)
    texture = np.zeros((256, 256))
    texture[:, 64:] = 10 * gaussian_filter(random.standard_normal((256, 192)), 0.6)
    model = fit_noise(texture + 2 * random.standard_normal(texture.shape))
    assert model.variance(np.zeros(1)) == pytest.approx(4, rel=0.1)


def fits(count, shape, top=0.0):
    """Fit white noise of variance 25 on ramps from 0 to `top`."""
    clean = ramp(0, top, shape)
    return [
        fit_noise(clean + 5 * np.random.default_rng(seed).standard_normal(shape))
        for seed in range(count)
    ]


@pytest.mark.parametrize("top", [100.0, 300.0, 1000.0])
def test_noise_that_does_not_depend_on_the_signal_has_no_gain(top):
    models = fits(12, (256, 256), top)
    assert sum(model.gain > 0 for model in models) <= 1
    variance = np.mean([model.variance(np.array([top / 2])) for model in models])
    assert variance == pytest.approx(25, rel=0.05)


@pytest.mark.parametrize(("side", "count"), [(16, 200), (32, 100), (64, 50)])
def test_small_images_are_fitted_without_bias(side, count):
    variance = np.mean([model.variance(np.zeros(1)) for model in fits(count, (side, side))])
    assert variance == pytest.approx(25, rel=0.05)


@pytest.mark.parametrize("pedestal", [100.0, 1e4, 1e6])
def test_a_pedestal_moves_the_offset_alone(pedestal):
    noisy = add_noise(ramp(20, 400), 1.0, 2.0, 0).astype(np.float64)
    plain, raised = fit_noise(noisy), fit_noise(noisy + pedestal)
    assert raised.gain == pytest.approx(plain.gain, rel=1e-6)
    assert raised.offset == pytest.approx(plain.offset - plain.gain * pedestal, rel=1e-6)
    assert np.allclose(raised.stabilise(noisy + pedestal), plain.stabilise(noisy), atol=1e-4)


@pytest.mark.parametrize("scale", [1e-20, 1e-3, 7.0, 1e20])
@pytest.mark.parametrize("seed", range(4))
def test_the_unit_does_not_matter(scale, seed):
    noisy = add_noise(ramp(0.2, 4, (128, 128)), 0.02, 0.05, seed).astype(np.float64)
    plain, scaled = fit_noise(noisy), fit_noise(scale * noisy)
    assert scaled.gain == pytest.approx(scale * plain.gain, rel=1e-6)
    assert scaled.offset == pytest.approx(scale**2 * plain.offset, rel=1e-6)


def test_pixels_that_do_not_count_have_no_influence():
    noisy = add_noise(ramp(20, 400, (256, 256)), 1.0, 2.0, 0).astype(np.float64)
    valid = np.ones(noisy.shape, bool)
    valid[104:152] = valid[:, 40:48] = valid[200::16, 200::16] = False
    signal = np.linspace(50, 400, 5)
    expected = fit_noise(noisy, valid).variance(signal)
    for bad in (1e3, -1e9, 0.0):
        spoilt = fit_noise(np.where(valid, noisy, bad), valid)
        assert spoilt.variance(signal) == pytest.approx(expected, rel=0.05)


def test_noise_is_as_strong_at_the_border():
    power = []
    for seed in range(300):
        noise = np.random.default_rng(seed).standard_normal((9, 12))
        power.append(second_differences(noise) ** 2)
    power = np.mean(power, axis=0)
    border = np.concatenate([power[0], power[-1], power[1:-1, 0], power[1:-1, -1]])
    assert border.mean() == pytest.approx(1, abs=0.06)
    assert power[1:-1, 1:-1].mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("shape", [(1, 1), (1, 100), (100, 1), (7, 7), (7, 400), (15, 8)])
def test_too_few_pixels_give_no_model(shape):
    assert fit_noise(np.random.default_rng(0).standard_normal(shape)) is None


@pytest.mark.parametrize("level", [0.0, -3.0, 1e6, 0.1])
def test_no_noise_gives_no_model(level):
    assert fit_noise(np.full((64, 64), level)) is None


def test_nothing_valid_gives_no_model():
    assert fit_noise(np.random.default_rng(0).standard_normal((64, 64)), np.zeros((64, 64))) is None


@settings(max_examples=25, deadline=None)
@given(st.tuples(st.integers(1, 60), st.integers(1, 60)), st.integers(0, 3), st.booleans())
def test_a_model_is_always_usable(shape, seed, counts):
    random = np.random.default_rng(seed)
    noisy = random.poisson(0.3, shape) if counts else random.standard_normal(shape)
    model = fit_noise(noisy)
    if model is None:
        return
    assert model.gain >= 0
    assert np.isfinite([model.gain, model.offset, model.error]).all()
    assert np.isfinite(model.restore(model.stabilise(noisy))).all()
    assert (model.variance(noisy) >= 0).all()


@pytest.mark.parametrize("mean", [1, 2, 5, 10, 30, 100])
@pytest.mark.parametrize(
    ("gain", "read", "pedestal"), [(1.0, 0.0, 0.0), (0.02, 0.03, 0.0), (3, 4, 500)]
)
def test_restores_the_mean_without_bias(mean, gain, read, pedestal):
    random = np.random.default_rng(mean)
    signal = gain * random.poisson(mean, 400_000) + read * random.standard_normal(400_000)
    model = NoiseModel(gain, read**2 - gain * pedestal)
    stable = model.stabilise(signal + pedestal)
    restored = float(model.restore(np.array([stable.mean()]))[0]) - pedestal
    noise = np.sqrt(gain**2 * mean + read**2)
    assert restored == pytest.approx(gain * mean, abs=0.02 * noise)


@pytest.mark.parametrize("mean", [5, 10, 30, 100])
@pytest.mark.parametrize(
    ("gain", "read", "pedestal"), [(1.0, 0.0, 0.0), (0.02, 0.03, 0.0), (3, 4, 500)]
)
def test_stabilised_noise_has_standard_deviation_one(mean, gain, read, pedestal):
    random = np.random.default_rng(mean)
    signal = gain * random.poisson(mean, 400_000) + read * random.standard_normal(400_000)
    stable = NoiseModel(gain, read**2 - gain * pedestal).stabilise(signal + pedestal)
    assert stable.std() == pytest.approx(1, abs=0.03)


def test_stabilisation_without_gain_is_a_division():
    model = NoiseModel(0.0, 16.0)
    image = np.array([[-8.0, 0.0, 1e6]])
    assert np.array_equal(model.stabilise(image), image / 4)
    assert np.array_equal(model.restore(image / 4), image)


def test_variance_is_never_negative():
    assert np.array_equal(NoiseModel(2.0, -10.0).variance(np.array([3.0, 5.0, 6.0])), [0, 0, 2])


def test_second_differences_keep_white_noise_and_remove_planes():
    noise = np.random.default_rng(0).standard_normal((600, 600))
    assert second_differences(noise).std() == pytest.approx(1, abs=0.02)
    plane = np.add.outer(3.0 * np.arange(20), -5.0 * np.arange(30))
    assert np.abs(second_differences(plane)).max() < 1e-9
