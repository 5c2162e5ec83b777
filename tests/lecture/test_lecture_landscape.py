import json

import pytest

from pearlite.lecture import landscape


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("landscape")
    landscape.draw(folder)
    assert (folder / "network.png").exists()
    return json.loads((folder / "numbers.json").read_text())


@pytest.mark.slow
def test_all_three_walk_downhill(numbers):
    start = 7  # loss at the ring, to the nearest whole number
    assert all(loss < start / 100 for loss in numbers["two_parameters"].values())
    assert all(loss < 0.1 for loss in numbers["network"].values())


@pytest.mark.slow
def test_momentum_and_adam_are_in_the_valley_when_sgd_is_still_on_its_floor(numbers):
    losses = numbers["two_parameters"]
    assert max(losses["momentum"], losses["Adam"]) < losses["SGD"]


@pytest.mark.slow
def test_they_end_in_one_of_the_two_mirrored_valleys(numbers):
    for w, v in numbers["ends"].values():
        assert w * v == pytest.approx(1.5 * 0.8, rel=0.5)
