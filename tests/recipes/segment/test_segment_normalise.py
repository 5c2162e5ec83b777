"""Copies of an image with other gain, offset or bit depth normalise to the same numbers."""

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.recipes.segment.normalise import fit, normalise


@pytest.fixture
def image_CHW() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.gamma(4.0, 6000.0, (2, 96, 80)).clip(0, 65535)).astype(np.uint16)


def test_gain_and_offset_make_no_difference(image_CHW: np.ndarray) -> None:
    copy_CHW = 0.013 * image_CHW.astype(np.float64) - 700
    np.testing.assert_allclose(normalise(copy_CHW), normalise(image_CHW), atol=1e-5)


def test_bit_depth_makes_less_difference_than_half_a_grey_level(image_CHW: np.ndarray) -> None:
    in_8_bits_CHW = np.round(image_CHW / 257).astype(np.uint8)
    level = 257 / image_CHW.std()
    assert np.abs(normalise(in_8_bits_CHW) - normalise(image_CHW)).max() < 0.6 * level


def test_each_channel_has_mean_0_and_deviation_1(image_CHW: np.ndarray) -> None:
    brighter_CHW = image_CHW * np.array([1.0, 50.0]).reshape(2, 1, 1)
    scaled_CHW = normalise(brighter_CHW)
    np.testing.assert_allclose(np.median(scaled_CHW, axis=(1, 2)), -0.15, atol=0.1)
    np.testing.assert_allclose(scaled_CHW.std(axis=(1, 2)), 1, atol=0.1)


def test_hot_pixels_do_not_change_the_others(image_CHW: np.ndarray) -> None:
    hot_CHW = image_CHW.astype(np.float64)
    hot_CHW[:, 5, 5:10] = 1e30
    difference_CHW = normalise(hot_CHW) - normalise(image_CHW)
    difference_CHW[:, 5, 5:10] = 0
    assert np.abs(difference_CHW).max() < 0.05
    assert normalise(hot_CHW).max() < 100


def test_order_of_values_is_kept_beyond_the_linear_range() -> None:
    values_CHW = np.r_[np.random.default_rng(0).normal(size=4090), 6, 7, 8, 20, 400, 401.0]
    scaled = normalise(values_CHW.reshape(1, 64, 64)).ravel()
    assert np.all(np.diff(scaled[-6:]) > 0)


def test_pixels_that_are_no_number_become_0_and_do_not_count(image_CHW: np.ndarray) -> None:
    holes_CHW = image_CHW.astype(np.float32)
    holes_CHW[:, 10:20, 10:20] = np.nan
    holes_CHW[:, 0, 0] = np.inf
    scaled_CHW = normalise(holes_CHW)
    assert np.isfinite(scaled_CHW).all()
    assert not scaled_CHW[:, 10:20, 10:20].any()


def test_a_constant_image_becomes_0() -> None:
    assert not normalise(np.full((1, 20, 20), 7, np.uint8)).any()


def test_rare_bright_pixels_on_a_constant_ground_are_kept() -> None:
    image_CHW = np.zeros((1, 64, 64), np.uint8)
    image_CHW[0, 3, 3:6] = 200
    scaled_CHW = normalise(image_CHW)
    assert scaled_CHW[0, 3, 4] > 5 > scaled_CHW[0, 0, 0]


def test_a_tile_is_scaled_as_the_whole() -> None:
    image_CDHW = np.random.default_rng(1).normal(9, 3, (1, 12, 40, 40))
    scale = fit(image_CDHW)
    tile = np.s_[:, 2:9, 5:20, 11:33]
    assert np.array_equal(scale.apply(image_CDHW[tile]), scale.apply(image_CDHW)[tile])


def test_a_large_image_is_judged_by_a_part_of_its_pixels() -> None:
    rng = np.random.default_rng(2)
    stripes_CHW = (np.arange(2400) % 2 * 100 + rng.normal(0, 5, (1, 2400, 2400))).astype(np.float32)
    scale = fit(stripes_CHW)
    assert scale.offset_C[0] == pytest.approx(stripes_CHW.mean(), abs=0.5)
    assert 1 / scale.gain_C[0] == pytest.approx(stripes_CHW.std(), rel=0.01)


@pytest.mark.parametrize(
    ("image_CHW", "told"),
    [
        (np.full((1, 8, 8), np.nan), "no finite number"),
        (np.ones((1, 8, 8), complex), "magnitude"),
        (np.full((1, 8, 8), "a"), "real numbers"),
    ],
)
def test_what_has_no_brightness_is_refused(image_CHW: np.ndarray, told: str) -> None:
    with pytest.raises(InputError, match=told):
        normalise(image_CHW)
