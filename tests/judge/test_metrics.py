import math

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.metrics import nrmse, psnr, ssim


def test_psnr_of_a_known_error():
    truth = np.zeros((4, 4), np.uint8)
    estimate = np.full((4, 4), 255 // 5)
    assert psnr(truth, estimate, 255) == pytest.approx(20 * math.log10(5))


def test_psnr_of_unsigned_integers_does_not_wrap():
    truth, estimate = np.array([0], np.uint8), np.array([1], np.uint8)
    assert psnr(truth, estimate, 255) == psnr(estimate, truth, 255)


def test_psnr_of_equals_is_infinite():
    assert psnr([1.0, 2.0], [1.0, 2.0], 1) == math.inf


def test_nrmse_of_the_mean_is_one():
    truth = np.random.default_rng(0).normal(5, 2, (9, 9))
    assert nrmse(truth, np.full_like(truth, truth.mean())) == pytest.approx(1)
    assert nrmse(truth, truth) == 0


def test_ssim_is_one_for_equals_and_falls_with_noise():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 255, (24, 32))
    weak, strong = (truth + s * rng.normal(size=truth.shape) for s in (10, 60))
    assert ssim(truth, truth, 255) == pytest.approx(1)
    assert 1 > ssim(truth, weak, 255) > ssim(truth, strong, 255) > 0


@pytest.mark.parametrize(
    ("metric", "arguments", "message"),
    [
        (psnr, (np.zeros((2, 3)), np.zeros((3, 2)), 1), "shape"),
        (psnr, (np.zeros(2), np.ones(2), 0), "data_range"),
        (nrmse, (np.ones(3), np.zeros(3)), "constant"),
        (ssim, (np.zeros((5, 5)), np.zeros((5, 5)), 1), "at least 11"),
        (ssim, (np.zeros((2, 20, 20)), np.zeros((2, 20, 20)), 1), "two axes"),
    ],
)
def test_bad_input_is_refused(metric, arguments, message):
    with pytest.raises(InputError, match=message):
        metric(*arguments)
