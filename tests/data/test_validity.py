"""Pixels that carry no measurement are found, and others are left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pearlite.data.validity import examine, valid_pixels
from pearlite.errors import InputError


def noise(mean, deviation, shape=(200, 220), seed=0):
    return np.random.default_rng(seed).normal(mean, deviation, shape)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float16"])
def test_plain_noise_is_all_valid(dtype):
    assert valid_pixels(noise(100, 8).astype(dtype)).all()


def test_12_bit_saturation_in_16_bits():
    counts = noise(3900, 120)
    image = counts.clip(0, 4095).astype(np.uint16)
    result = examine(image)
    np.testing.assert_array_equal(result.valid, image < 4095)
    assert result.saturated_high == (image == 4095).mean()
    assert result.saturated_low == 0
    assert "highest value" in result.sentences()[0]


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_saturation_at_both_ends(dtype):
    image = np.rint(noise(128, 80)).clip(0, 255).astype(dtype)
    result = examine(image)
    np.testing.assert_array_equal(result.valid, (image > 0) & (image < 255))


def test_clipped_floats():
    image = np.minimum(noise(0, 1), 1.5).astype(np.float32)
    np.testing.assert_array_equal(valid_pixels(image), image < np.float32(1.5))


@pytest.mark.parametrize("mean", [0.1, 0.5, 2, 20])
def test_counts_that_reach_zero_by_themselves_are_valid(mean):
    counts = np.random.default_rng(0).poisson(mean, (200, 220)).astype(np.uint16)
    assert valid_pixels(counts).mean() > 0.999


def test_an_unsaturated_maximum_is_valid():
    image = noise(1000, 30).astype(np.uint16)
    image[50, 60] = 4095
    image[70, 80:83] = 4095
    assert valid_pixels(image).all()


def test_padding_and_masked_corners():
    image = noise(100, 8).astype(np.uint8)
    rows, columns = np.indices(image.shape)
    padded = (columns < 3) | (rows + columns > 380) | ((rows > 99) & (rows < 130) & (columns > 180))
    image[padded] = 77
    result = examine(image)
    assert (~result.valid & padded).sum() >= 0.999 * padded.sum()
    assert (result.valid | padded).mean() > 0.9995
    assert "one single value" in result.sentences()[0]


def test_dead_lines():
    image = noise(100, 8).astype(np.uint8)
    image[20], image[:, 30] = 0, 255
    result = valid_pixels(image)
    assert not result[20].any()
    assert not result[np.arange(200) != 20, 30].any()
    assert result.sum() == 199 * 219


def test_nan_and_infinity():
    image = noise(0, 1)
    image[:20, :20] = np.nan
    image[30, 30], image[40, 40] = np.inf, -np.inf
    result = examine(image)
    np.testing.assert_array_equal(result.valid, np.isfinite(image))
    assert result.not_finite == pytest.approx(402 / image.size)


def test_the_bar_is_left_out_unless_told_otherwise():
    image = noise(100, 8, (200, 300)).clip(1, 250).astype(np.uint8)
    image[-40:] = 0
    image[-30:-20, 10:290:4] = 255  # strokes
    result = examine(image)
    assert result.bar == slice(160, 200)
    assert result.in_bar == 0.2
    assert result.valid[:160].all()
    assert not result.valid[160:].any()
    assert "Rows 160 to 199" in result.sentences()[0]
    assert examine(image, bar=False).bar is None


@settings(max_examples=60, deadline=None)
@given(
    image=hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.uint64, np.float16, np.float32, np.float64]),
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=40),
    )
)
def test_every_pixel_is_counted_once(image):
    result = examine(image)
    assert result.valid.shape == image.shape
    assert result.valid.dtype == bool
    shares = [result.not_finite, result.in_bar, result.constant]
    shares += [result.saturated_low, result.saturated_high, result.valid.mean()]
    assert sum(shares) == pytest.approx(1)


def test_one_plane_is_expected():
    with pytest.raises(InputError, match="one plane"):
        examine(np.zeros((2, 3, 4)))


def test_a_constant_image_has_no_valid_pixel():
    assert not valid_pixels(np.full((30, 40), 7)).any()
    assert valid_pixels(np.array([[7]])).all()
