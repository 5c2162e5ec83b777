"""Euler numbers: those of scikit-image for objects, unbiased for windows."""

import numpy as np
import pytest
from hypothesis import given
from skimage.measure import euler_number
from structure_volumes import ball, random_field, tiny

from pearlite.errors import InputError
from pearlite.judge.structure.euler import euler_density


@given(tiny)
def test_of_an_object_it_is_that_of_scikit_image(values_S):
    inside_S = np.pad(values_S == values_S.flat[0], 1).astype(int)
    blocks = np.prod(np.array(inside_S.shape) - 1)
    for name, connectivity in (("faces", 1), ("all", values_S.ndim)):
        found = euler_density(inside_S, name)[1] * blocks
        assert found == pytest.approx(euler_number(inside_S, connectivity), abs=1e-6)


def test_a_ball_a_shell_and_a_ring():
    solid, hollow = ball(48, 18), ball(48, 18) - ball(48, 9)
    ring = hollow * (np.abs(np.arange(48) - 23.5) < 5)[:, None, None]
    for shape, expected in ((solid, 1), (hollow, 2), (ring, 0)):
        assert euler_density(shape)[1] * 47**3 == pytest.approx(expected, abs=1e-6)


def test_small_windows_know_the_density_of_a_large_one():
    volume = random_field((128, 128, 128), 2.0, 0.3, seed=7)
    whole = euler_density(volume)[1]
    parts = [
        euler_density(volume[z : z + 16, y : y + 16, x : x + 16])[1]
        for z in range(0, 128, 16)
        for y in range(0, 128, 16)
        for x in range(0, 128, 16)
    ]
    padded = euler_number(volume[:16, :16, :16], 1) / 16**3
    assert np.mean(parts) == pytest.approx(whole, rel=0.05)
    assert abs(padded - whole) > 0.05 * abs(whole)


def test_a_connectivity_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="connectivity is 'edges'"):
        euler_density(np.eye(3, dtype=int), "edges")
