"""Pictures and maps for people: overlays, bars, uncertainty."""

import numpy as np
import pytest

from pearlite.recipes.segment.overlay import overlay, round_length
from pearlite.recipes.segment.uncertainty import uncertainty

COLOURS = {0: "#d9dbdf", 1: "#d55e00"}


def scene(side: int = 96) -> tuple[np.ndarray, np.ndarray]:
    grey = np.random.default_rng(0).normal(1000, 100, (1, side, side))
    labels = np.zeros((side, side), np.uint8)
    labels[20:40, 20:40] = 1
    return grey, labels


def test_inside_a_region_the_micrograph_shines_through_and_its_edge_is_drawn_in_full():
    picture = overlay(*scene(), COLOURS).astype(int)
    assert picture.shape == (96, 96, 3)
    assert picture[20, 30].tolist() == [0xD5, 0x5E, 0x00]
    inner = picture[22:38, 22:38].reshape(-1, 3)
    assert inner.std(0).min() > 10
    assert inner[:, 0].mean() - inner[:, 2].mean() > 50


def test_labels_without_a_colour_stay_clear():
    image, labels = scene()
    picture = overlay(image, labels, {1: COLOURS[1]})
    assert (np.ptp(picture[60:, 60:], axis=-1) == 0).all()


def test_the_bar_is_as_long_as_it_says():
    image, labels = scene(400)
    with_bar = overlay(image, labels, {}, pixel_size=1e-8)
    changed = (with_bar != overlay(image, labels, {})).any(-1)
    assert changed.any()
    assert not changed[:300, :300].any()
    white = ((with_bar == 255).all(-1) & changed)[370:]
    assert int(white.sum(1).max()) == 50  # 0.5 µm at 10 nm a pixel


def test_a_bar_that_does_not_fit_is_left_away():
    image, labels = scene(20)
    assert (overlay(image, labels, {}, pixel_size=1e-9) == overlay(image, labels, {})).all()


@pytest.mark.parametrize(("longest", "length"), [(1.0, 1.0), (4.99, 2.0), (0.07, 0.05), (900, 500)])
def test_bars_have_round_lengths(longest, length):
    assert round_length(longest) == pytest.approx(length)


def test_large_images_are_thinned_out_and_channels_become_colours():
    image, labels = scene(96)
    assert overlay(image, labels, COLOURS, longest=50).shape == (48, 48, 3)
    colour = np.zeros((3, 96, 96))
    colour[0, :, 48:] = 1
    assert overlay(colour, labels, {})[60, 80].tolist() == [255, 0, 0]


def test_uncertainty_is_one_for_a_tie_and_zero_where_a_class_is_certain():
    shares = np.array([[1.0, 0.5, 1 / 3, 0.6], [0.0, 0.5, 1 / 3, 0.3], [0.0, 0.0, 1 / 3, 0.1]])
    found = uncertainty(shares.astype(np.float32)[:, None])
    assert found.dtype == np.float32
    assert found[0].tolist() == pytest.approx([0, 1, 1, 0.7], abs=1e-6)
