"""Counter-based noise: any block of one endless field, independent normal numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets.noise import normal_noise

WHOLE = normal_noise(3, 3, (-8, -8, -8), (40, 40, 40))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(-8, 30), st.integers(1, 12)), min_size=3, max_size=3))
def test_a_block_is_a_part_of_the_field(spans: list[tuple[int, int]]) -> None:
    starts = [min(start, 32 - side) for start, side in spans]
    sides = [side for _, side in spans]
    block = normal_noise(3, 3, starts, sides)
    place = tuple(slice(a + 8, a + 8 + n) for a, n in zip(starts, sides, strict=True))
    np.testing.assert_allclose(block, WHOLE[:, *place], rtol=1e-5, atol=1e-6)


def test_numbers_are_normal() -> None:
    values = normal_noise(1, 4, (0, 0), (300, 300)).ravel().astype(float)
    error = 1 / np.sqrt(values.size)
    assert abs(values.mean()) < 4 * error
    assert abs(values.var() - 1) < 4 * np.sqrt(2) * error
    assert abs((values**4).mean() - 3) < 4 * np.sqrt(96) * error
    assert abs((np.abs(values) < 0.6745).mean() - 0.5) < 4 * 0.5 * error


def test_the_spectrum_is_white_and_channels_have_nothing_in_common() -> None:
    field = normal_noise(9, 4, (0, 0, 0), (48, 48, 48)).astype(float)
    power = np.abs(np.fft.fftn(field, axes=(1, 2, 3))) ** 2 / 48**3
    for axis in (1, 2, 3):
        lines = power.mean(axis=tuple(a for a in (0, 1, 2, 3) if a != axis))[1:]
        assert abs(lines - 1).max() < 5 / np.sqrt(4 * 48**2)
    together = np.corrcoef(field.reshape(4, -1)) - np.eye(4)
    assert abs(together).max() < 5 / np.sqrt(48**3)
    squares = np.corrcoef((field**2).reshape(4, -1)) - np.eye(4)
    assert abs(squares).max() < 5 / np.sqrt(48**3)


def test_another_seed_is_another_field() -> None:
    one, other = (normal_noise(seed, 1, (0, 0), (100, 100)).ravel() for seed in (0, 1))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.05


def test_lines_far_away_are_not_repetitions() -> None:
    near = normal_noise(0, 1, (0, 0), (2, 1000))
    far = normal_noise(0, 1, (2**32, 2**33), (2, 1000))
    assert abs(np.corrcoef(near.ravel(), far.ravel())[0, 1]) < 0.1


def test_a_period_repeats_exactly_along_its_axis_only() -> None:
    field = normal_noise(5, 2, (-3, 0), (20, 20), (6, None))
    np.testing.assert_array_equal(field[:, :14], field[:, 6:])
    assert abs(field[:, :, :14] - field[:, :, 6:]).mean() > 0.5


def test_a_period_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="period of 0"):
        normal_noise(0, 1, (0,), (5,), (0,))
