import json

import numpy as np
import pytest

from pearlite.data.split import split
from pearlite.lecture import digits


def test_digits_near_in_the_file_resemble_each_other():
    images_NHW, truth_N = digits.digits()
    assert images_NHW.shape == (1797, 8, 8)
    assert images_NHW.min() == 0
    assert images_NHW.max() == 1
    assert set(truth_N) == set(range(10))
    near, by_chance = digits.neighbours(images_NHW)
    assert near > 3 * by_chance
    shuffled = np.random.default_rng(0).permutation(len(images_NHW))
    near, by_chance = digits.neighbours(images_NHW[shuffled])
    assert near < 1.3 * by_chance


def test_what_is_withheld_changes_nothing_that_is_learned(monkeypatch):
    monkeypatch.setattr(digits, "EPOCHS", 1)
    images_NHW, truth_N = digits.digits()
    part = split(len(truth_N), time=np.arange(len(truth_N)))
    answers = digits.judged(images_NHW, truth_N, part, seed=0)
    other_N = truth_N.copy()
    other_N[part.test] = (other_N[part.test] + 1) % 10
    again = digits.judged(images_NHW, other_N, part, seed=0)
    for name, answer in answers.items():
        assert np.array_equal(answer.test_N, again[name].test_N)
        assert answer.accuracy.value == np.mean(answer.test_N == truth_N[part.test])


@pytest.mark.slow
def test_both_networks_read_the_hand_of_others_and_the_page_says_how_well(tmp_path):
    page = digits.draw(tmp_path, seed=1)
    assert json.loads((tmp_path / "numbers.json").read_text()) == {"seed": 1, **page.numbers}
    assert set(page.pictures) == {"figure", "confusion", "misread", "courses"}
    strict = page.numbers["accuracy"]["other writers"]
    for net in digits.NETS:
        value, low, high = strict[net]
        assert low < value < high
        assert value > 0.9
        assert low > strict[digits.COMMONEST][2]
        matrix = np.array(page.numbers["confusion"][net])
        assert matrix.trace() / matrix.sum() == value
        assert matrix.sum() == page.numbers["splits"]["other writers"]["test"]
    random = page.numbers["accuracy"]["at random"]
    assert random["linear"][0] > strict["linear"][0]
