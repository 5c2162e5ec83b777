import json

import pytest

from pearlite.lecture import square


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("square")
    square.draw(folder)
    assert (folder / "outside.png").exists()
    return json.loads((folder / "numbers.json").read_text())


def test_the_network_learns_the_square_down_to_the_noise(numbers):
    assert numbers["rms_inside"] < numbers["noise"]
    assert numbers["test_rms"] < 1.5 * numbers["noise"]


def test_it_does_not_learn_the_rule(numbers):
    assert numbers["rms_outside"] > 10 * numbers["rms_inside"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers(numbers, tmp_path, monkeypatch):
    monkeypatch.setattr(square, "STEPS", 200)
    pages = [square.draw(tmp_path, seed=7).numbers for _ in range(2)]
    assert pages[0] == pages[1]
    assert square.draw(tmp_path, seed=8).numbers != pages[0]
