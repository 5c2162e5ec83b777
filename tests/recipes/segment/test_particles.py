"""The table of particles: sizes and shapes in physical units, means of the material."""

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.recipes.segment.particles import Particles, connected, measure, summarise


def ellipse(side: int, row: float, column: float, tall: float, wide: float) -> np.ndarray:
    y, x = np.indices((side, side))
    return ((y - row) / tall) ** 2 + ((x - column) / wide) ** 2 <= 1


def test_an_ellipse_is_measured_in_physical_units():
    table = measure(connected(ellipse(96, 48, 40, 30, 15), [1]), (0.5, 0.5), "µm")
    row = table.iloc[0]
    assert len(table) == 1
    assert row["area_um2"] == pytest.approx(np.pi * 15 * 7.5, rel=0.01)
    assert row["equivalent_diameter_um"] == pytest.approx(2 * np.sqrt(15 * 7.5), rel=0.01)
    assert row["major_axis_um"] == pytest.approx(30, rel=0.01)
    assert row["aspect_ratio"] == pytest.approx(2, rel=0.02)
    assert row["orientation_deg"] == pytest.approx(90, abs=1)
    assert (row["centre_y"], row["centre_x"]) == pytest.approx((48, 40))
    assert not row["touches_border"]


def test_a_disc_is_round_and_a_rising_line_points_up():
    disc = measure(connected(ellipse(96, 48, 48, 30, 30), [1])).iloc[0]
    assert disc["circularity"] == pytest.approx(1, abs=0.06)
    assert disc["equivalent_diameter_px"] == pytest.approx(60, rel=0.01)
    rising = np.flipud(np.eye(40, dtype=bool))
    assert measure(connected(rising, [1])).iloc[0]["orientation_deg"] == pytest.approx(45, abs=1)


def test_pixels_of_unequal_sides_give_true_lengths_and_no_circularity():
    table = measure(connected(ellipse(96, 48, 48, 10, 30), [1]), (3.0, 1.0), "nm")
    assert table.iloc[0]["aspect_ratio"] == pytest.approx(1, abs=0.03)
    assert "circularity" not in table


def test_a_ball_of_a_volume_has_its_diameter():
    z, y, x = np.indices((40, 40, 40))
    ball = (z - 20) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 <= 12**2
    row = measure(connected(ball, [1]), (0.1, 0.1, 0.1), "nm").iloc[0]
    assert row["equivalent_diameter_nm"] == pytest.approx(2.4, rel=0.02)
    assert row["volume_nm3"] == pytest.approx(4 / 3 * np.pi * 1.2**3, rel=0.03)


def test_particles_know_their_class_the_border_and_how_many_specks_were_left_away():
    numbers = np.zeros((64, 64), np.uint8)
    numbers[:10, 20:30], numbers[30:40, 30:40], numbers[50, 50:53] = 1, 2, 2
    found = connected(numbers, [1, 2])
    table = measure(found)
    assert found.specks == 1
    assert table["class"].tolist() == [1, 2]
    assert table["touches_border"].tolist() == [True, False]
    assert table["pixels"].tolist() == [100, 100]


def test_means_are_those_of_the_material_although_the_border_cuts_large_particles():
    small, large, rows = 6.0, 40.0, []
    for seed in range(40):
        random = np.random.default_rng(seed)
        numbers = np.zeros((320, 320), np.int32)
        for place, (y, x) in enumerate(random.uniform(0, 320, (12, 2))):
            half = large / 2 if place % 2 else small / 2
            inside = np.s_[max(0, round(y - half)) : round(y + half)]
            numbers[inside, max(0, round(x - half)) : round(x + half)] = place + 1
        numbers = numbers[60:260, 60:260]
        kept, numbers = np.unique(numbers, return_inverse=True)
        count = len(kept) - 1
        shown = Particles(numbers.reshape(200, 200).astype(np.int32), np.ones(count, np.int64))
        rows.append(measure(shown))
    import pandas as pd

    table = pd.concat(rows)
    whole = table[~table["touches_border"]]
    plain = whole["equivalent_diameter_px"].mean()
    mean = summarise(table, (200, 200))[0].diameter
    true = (small + large) / 2 * np.sqrt(4 / np.pi)
    assert abs(mean.value - true) < abs(plain - true)
    assert mean.low < true < mean.high


def test_counting_by_area_favours_large_particles():
    numbers = np.zeros((96, 96), np.uint8)
    for column, side in ((5, 6), (20, 6), (35, 24)):
        numbers[30 : 30 + side, column : column + side] = 1
    summary = summarise(measure(connected(numbers, [1])), (96, 96))[0]
    assert summary.count == summary.whole == 3
    assert summary.diameter_by_area.value > 1.5 * summary.diameter.value


def test_a_single_particle_tells_nothing_of_the_spread():
    numbers = np.zeros((64, 64), np.uint8)
    numbers[20:30, 20:30] = 1
    summary = summarise(measure(connected(numbers, [1])), (64, 64))[0]
    assert (summary.diameter.low, summary.diameter.high) == (0, np.inf)


def test_a_wrong_pixel_size_is_told():
    with pytest.raises(InputError, match="expected 2 positive numbers"):
        measure(connected(np.ones((8, 8), np.uint8), [1]), (1.0, 1.0, 1.0))


def test_no_particles_give_an_empty_table():
    table = measure(connected(np.zeros((32, 32), np.uint8), [1]))
    assert len(table) == 0
    assert summarise(table, (32, 32)) == []


def test_small_discs_are_about_round_too():
    for radius in (4, 8, 15):
        disc = measure(connected(ellipse(64, 30.3, 30.6, radius, radius), [1])).iloc[0]
        assert disc["circularity"] == pytest.approx(1, abs=0.15)
