"""Samples are what they say: reproducible, in range, with the fractions and noise asked for."""

import numpy as np
import pytest
from scipy import ndimage

from pearlite.data import samples
from pearlite.errors import InputError

MAKERS = [
    samples.grains,
    samples.particles,
    samples.two_phase,
    samples.three_phase,
    samples.laths,
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("shape", [(96, 120), (20, 30, 36), (1, 1), (7, 1)])
def test_shape_type_range_and_seed(make, shape):
    image = make(shape, 3)
    assert image.shape == shape
    assert image.dtype == np.float32
    assert image.min() >= 0
    assert image.max() <= 1
    np.testing.assert_array_equal(image, make(shape, 3))
    if image.size > 100:
        assert not np.array_equal(image, make(shape, 4))
        assert image.std() > 0.02


@pytest.mark.parametrize("fraction", [0.05, 0.4, 0.8])
@pytest.mark.parametrize("shape", [(256, 256), (48, 48, 48)])
def test_two_phase_fraction(shape, fraction):
    image = samples.two_phase(shape, fraction=fraction, levels=(0, 1))
    assert (image > 0.5).mean() == pytest.approx(fraction, abs=0.002)


def test_three_phase_fractions():
    image = samples.three_phase((300, 300), fractions=(0.2, 0.3), levels=(0, 0.5, 1))
    assert (image < 0.25).mean() == pytest.approx(0.2, abs=0.005)
    assert (image > 0.75).mean() == pytest.approx(0.3, abs=0.01)


def test_particles_that_must_not_overlap_do_not():
    image = samples.particles((64, 64, 64), diameter=14, coverage=0.2, overlap=False)
    _, apart = ndimage.label(image > 0.5)
    _, eroded = ndimage.label(ndimage.binary_erosion(image > 0.5, iterations=2))
    assert apart > 5
    assert eroded <= apart


def test_lamellae_alternate_at_their_spacing():
    image = samples.laths((256, 256), spacing=9, colony=1e4)  # a single colony
    spectrum = np.abs(np.fft.fft2(image - image.mean())) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
    spectrum[frequency < 1 / 36] = 0  # shading
    strongest = frequency.ravel()[spectrum.argmax()]
    assert 1 / 9 / 4 < strongest <= 1.1 / 9


def test_detector_noise_has_the_variance_asked_for():
    for signal in (0.0, 0.2, 0.8):
        noisy = samples.add_noise(np.full((400, 400), signal), gain=0.02, read_noise=0.03, seed=1)
        assert noisy.dtype == np.float32
        assert noisy.mean() == pytest.approx(signal, abs=0.002)
        assert noisy.var() == pytest.approx(0.02 * signal + 0.03**2, rel=0.03)
    plain = samples.add_noise(np.full((400, 400), 0.5), gain=0, read_noise=0.1)
    assert plain.std() == pytest.approx(0.1, rel=0.02)
    with pytest.raises(InputError, match="not be negative"):
        samples.add_noise(plain, gain=-1)


@pytest.mark.parametrize("axis", [-2, -1])
def test_scan_lines_are_one_offset_a_line(axis):
    lines = samples.add_scan_lines(np.zeros((300, 300)), strength=0.1, axis=axis)
    assert np.ptp(lines, axis=-1 if axis == -2 else -2).max() == 0
    assert lines.std() == pytest.approx(0.1, rel=0.15)


def test_drift_moves_rows_and_starts_at_rest():
    image = samples.grains((120, 130), 0)
    drifted = samples.add_drift(image, pixels=4, seed=1)
    np.testing.assert_allclose(drifted[0], image[0], atol=1e-5)
    assert np.abs(drifted - image).mean() > 0.01
    np.testing.assert_allclose(samples.add_drift(image, pixels=0), image, atol=1e-5)
    volume = np.stack([image, image])
    assert samples.add_drift(volume).shape == volume.shape


@pytest.mark.parametrize("name", samples.names())
def test_every_named_sample_loads(name):
    image = samples.load(name)
    assert image.axes in ("YX", "CYX")
    assert min(image.array.shape[-2:]) >= 100
    assert image.array.std() > 0


def test_what_cannot_be_made():
    with pytest.raises(InputError, match="no sample 'lena'"):
        samples.load("lena")
    with pytest.raises(InputError, match="cannot be made"):
        samples.grains((5,))
    with pytest.raises(InputError, match="sum to 1"):
        samples.three_phase((9, 9), fractions=(0.7, 0.6))
