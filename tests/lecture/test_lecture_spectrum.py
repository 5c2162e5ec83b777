import json

import numpy as np
import pytest

from pearlite.lecture import spectrum


@pytest.fixture(scope="module", params=[0, 1])
def numbers(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spectrum")
    spectrum.draw(folder, seed=request.param)
    return json.loads((folder / "numbers.json").read_text())


def test_gradient_descent_ends_where_least_squares_does(numbers):
    assert numbers["largest_difference_in_standard_errors"] < 0.01
    chi2 = numbers["chi2_per_channel"]
    assert chi2["descent"] == pytest.approx(chi2["scipy"], abs=1e-8)


def test_the_fit_leaves_counting_noise_and_holds_the_truth(numbers):
    assert 0.8 < numbers["chi2_per_channel"]["descent"] < 1.2
    assert numbers["intervals_that_hold_the_truth"] >= 8


def test_curvature_by_autodiff_gives_scipys_error_bars(numbers):
    ratio = np.array(numbers["descent_errors"]) / numbers["scipy_errors"]
    assert np.all((ratio > 0.85) & (ratio < 1.15))


def test_a_peak_is_half_as_high_one_width_away():
    p = np.array([1500, 1200, 1300, 20, 20, 20, 80, 0, 0, 5, 0.0])
    counts = spectrum.lorentzians(p, np.array([1480, 1500, 1520.0]))
    np.testing.assert_allclose(counts, [45, 85, 45])
