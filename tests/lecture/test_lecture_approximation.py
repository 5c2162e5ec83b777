import json

import numpy as np
import pytest

from pearlite.lecture import approximation


def test_evenly_spaced_kinks_approach_the_curve_quadratically():
    x = np.linspace(0, 1, 512)
    errors = {
        width: approximation.rms(approximation.construct(width, x), x) for width in (16, 64, 256)
    }
    assert approximation.decay(errors) == pytest.approx(-2, abs=0.4)


def test_one_neuron_that_is_built_draws_a_straight_line():
    x = np.linspace(0, 1, 512)
    assert np.abs(np.diff(approximation.construct(1, x), 2)).max() < 1e-9


@pytest.mark.slow
def test_wider_networks_come_closer_built_and_trained(tmp_path):
    approximation.draw(tmp_path)
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    built, trained = numbers["built"], [min(starts) for starts in numbers["trained"]]
    assert built == sorted(built, reverse=True)
    assert trained[-1] < trained[0] / 20
    assert numbers["powers"]["trained"] < -0.5
    assert trained[-1] > built[-1]
