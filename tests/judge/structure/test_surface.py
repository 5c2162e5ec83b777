"""Surfaces: faces as counted one by one, and shapes whose area is known."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from structure_volumes import ball, random_field, real, tiny

from pearlite.judge.structure.surface import faces, interface_area, of_each_phase


@given(tiny)
def test_faces_are_neighbours_of_two_phases(values_S):
    found = faces(values_S)
    phases = np.unique(values_S).tolist()
    assert set(found) == set(combinations(phases, 2))
    for (i, j), share_A in found.items():
        for axis, share in enumerate(share_A):
            lines = np.moveaxis(values_S, axis, 0)
            pairs = np.stack([lines[1:], lines[:-1]]).reshape(2, -1).T.tolist()
            assert share == pytest.approx(sum({i, j} == set(pair) for pair in pairs) / len(pairs))


def test_the_area_of_a_ball_and_the_length_of_a_circle():
    volume = ball(128, 20.0)
    assert interface_area(volume)[0, 1] * 128**3 == pytest.approx(4 * np.pi * 20**2, rel=0.03)
    disc = ball(128, 20.0)[64]
    assert interface_area(disc)[0, 1] * 128**2 == pytest.approx(2 * np.pi * 20, rel=0.03)


def test_the_staircase_of_a_ball_is_half_as_large_again():
    volume = ball(64, 25.0)
    assert faces(volume)[0, 1].sum() * 64**3 == pytest.approx(6 * np.pi * 25**2, rel=0.03)


def test_a_slab_has_faces_along_one_axis_only():
    slab = np.zeros((40, 8, 8), int)
    slab[10:20] = 2
    np.testing.assert_allclose(faces(slab)[0, 2], [2 / 39, 0, 0])


def test_images_and_volumes_agree_along_the_axes_that_they_share():
    volume = random_field((48, 48, 48), 2.0, 0.3, seed=4)
    whole = faces(volume)[0, 1]
    slices = np.mean([faces(plane)[0, 1] for plane in volume], 0)
    np.testing.assert_allclose(slices, whole[1:])


def test_slices_know_the_isotropic_area_of_a_volume():
    """Boundary length per area times 4/π is area per volume."""
    volume = random_field((96, 96, 96), 3.0, 0.4, seed=5)
    length = np.mean([interface_area(plane)[0, 1] for plane in volume])
    assert 4 / np.pi * length == pytest.approx(interface_area(volume)[0, 1], rel=0.06)


def test_the_surface_of_a_phase_is_that_of_all_its_interfaces():
    labels = np.random.default_rng(0).integers(0, 3, (12, 12))
    found = interface_area(labels)
    assert of_each_phase(found)[1] == pytest.approx(found[0, 1] + found[1, 2])
    np.testing.assert_allclose(
        of_each_phase(faces(labels))[0], faces(labels)[0, 1] + faces(labels)[0, 2]
    )


def test_three_phases_of_a_cathode_touch_each_other():
    found = interface_area(real("taufactor")[:96, :96, :96])
    assert set(found) == {(0, 85), (0, 170), (85, 170)}
    assert found[0, 170] > found[85, 170] > found[0, 85] > 0.02
