"""Two-point correlation: counts of pairs, as by two loops."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structure_volumes import random_field, real, tiny

from pearlite.errors import InputError
from pearlite.judge.structure import two_point
from pearlite.judge.structure.two_point import (
    two_point_along,
    two_point_error,
    two_point_radial,
)


@given(tiny, st.integers(0, 1), st.data())
def test_along_an_axis_it_is_the_share_of_pairs(values_S, axis, data):
    here, there = (data.draw(st.sampled_from(np.unique(values_S).tolist())) for _ in range(2))
    length = values_S.shape[axis]
    found_R = two_point_along(values_S, here, axis, reach=length, other=there)
    lines_LN = np.moveaxis(values_S, axis, -1)
    for r in range(length):
        first, second = lines_LN[..., : length - r] == here, lines_LN[..., r:] == there
        assert found_R[r] == (first & second).mean()


@given(tiny)
def test_averaged_over_directions_it_is_the_share_of_pairs_of_each_rounded_distance(values_S):
    phase, reach = int(values_S.flat[0]), min(values_S.shape)
    inside, pairs = np.zeros(reach), np.zeros(reach)
    places = list(np.ndindex(values_S.shape))
    for a, b in product(places, places):
        r = round(float(np.linalg.norm(np.subtract(a, b))))
        if r < reach:
            pairs[r] += 1
            inside[r] += values_S[a] == phase == values_S[b]
    np.testing.assert_allclose(two_point_radial(values_S, phase, reach=reach), inside / pairs)


def test_it_falls_from_the_fraction_to_its_square():
    labels = random_field((160, 160), 2.0, 0.4, seed=1)
    for s2_R in (two_point_along(labels, 1, 0), two_point_radial(labels, 1)):
        assert s2_R[0] == labels.mean()
        np.testing.assert_allclose(s2_R[20:], labels.mean() ** 2, atol=0.02)


def test_blocks_tell_the_same_of_a_window_that_is_too_large_at_once(monkeypatch):
    labels = random_field((96, 96), 2.0, 0.4, seed=2)
    whole_R = two_point_radial(labels, 1, reach=12)
    monkeypatch.setattr(two_point, "_SIDES", {2: 32, 3: 32})
    np.testing.assert_allclose(two_point_radial(labels, 1, reach=12), whole_R, atol=0.01)


def test_the_error_is_in_units_of_the_height_from_which_it_falls():
    true_R = np.array([0.2, 0.1, 0.04])
    assert two_point_error(true_R + 0.016, true_R, 0.2) == pytest.approx(0.1)
    assert np.isnan(two_point_error(true_R, true_R, 1.0))


def test_a_needle_longer_than_the_window_is_refused():
    with pytest.raises(InputError, match="reach is 9; expected 1 to 8"):
        two_point_along(np.zeros((8, 20), int), 0, 0, reach=9)
    with pytest.raises(InputError, match="reach is 40; expected 1 to 8"):
        two_point_radial(np.zeros((8, 20), int), 0)


def test_a_part_of_a_measured_cathode_is_a_few_percent_from_the_whole():
    labels = real("SuperRes_SEM")
    whole_R = two_point_radial(labels, 128)
    part_R = two_point_radial(labels[:96, :96, :96], 128)
    assert 0.02 < two_point_error(part_R, whole_R, 0.398) < 0.3
