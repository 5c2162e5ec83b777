"""The two-sample test: equal laws cannot be told apart, others can."""

import numpy as np
import pytest
from scipy import ndimage

from pearlite.errors import InputError
from pearlite.judge.two_sample import two_sample


def field(seed: int, length: float = 2.0, shape: tuple[int, ...] = (48, 48, 48)) -> np.ndarray:
    noise_S = np.random.default_rng(seed).standard_normal(shape)
    field_S = ndimage.gaussian_filter(noise_S, length, mode="wrap")
    return (field_S > np.quantile(field_S, 0.6)).astype(np.uint8)


@pytest.mark.slow
def test_equal_laws_cannot_be_told_apart():
    found = two_sample([field(seed) for seed in (1, 2, 3)], [field(4), field(5)], steps=60)
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.3


@pytest.mark.slow
def test_smoothed_edges_are_told_apart():
    real = field(0, shape=(160, 160))
    smoothed = [ndimage.median_filter(field(seed), 5) for seed in (1, 2)]
    found = two_sample(smoothed, real, steps=100)
    assert found.low > 0.6


def test_what_is_plainly_different_is_told_apart_by_the_same_numbers_each_time():
    options = {"normals": [0], "steps": 80, "seed": 3}
    real, other = field(0, 1.0, (96, 96)), [field(1, 5.0)]
    found = two_sample(other, real, **options)
    assert found.value > 0.9
    assert found.value == pytest.approx((found.real + found.generated) / 2)
    assert found.low < found.value <= found.high <= 1
    assert found.side == 16
    assert found.real_crops == 36
    assert two_sample(other, real, **options) == found


@pytest.mark.parametrize(
    ("generated", "real", "said"),
    [
        ([], np.eye(64, dtype=int), "nothing to compare"),
        ([np.eye(20, dtype=int)], np.eye(64, dtype=int), "is 10 pixels wide; 16 are needed"),
        ([np.full((64, 64), 9)], np.eye(64, dtype=int), "the labels hold 9"),
    ],
)
def test_wrong_input_is_refused(generated, real, said):
    with pytest.raises(InputError, match=said):
        two_sample(generated, real)
