"""What a network's answers cost is known before it is trained, and kept in proportion."""

import numpy as np
import pytest

from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.gather import PER_CLASS, looked_at
from pearlite.recipes.segment.pace import answer_seconds, with_turns
from pearlite.recipes.segment.recipe import Recipe
from pearlite.recipes.segment.remembered import Remembered

SMALL = Recipe(crop=32, width=4, depth=2)


def example(side: int = 64, value: int = 0) -> Example:
    return Example(np.zeros((1, side, side)), np.full((side, side), value, np.int16), "image")


class Counting:
    """Answers with the number of the question."""

    def __init__(self) -> None:
        self.asked = 0

    def probabilities(self, image_CS: np.ndarray) -> np.ndarray:
        self.asked += 1
        return np.full((2, *image_CS.shape[1:]), self.asked, np.float32)


def test_turns_are_given_up_where_they_would_take_longer_than_the_training() -> None:
    withheld = [example()]
    assert with_turns(SMALL, withheld, seconds=1e6) == SMALL
    short = with_turns(SMALL, withheld, seconds=1e-9)
    assert not short.turns
    assert "1 withheld image(s) in 8 turns" in short.reasons[-1]


def test_there_is_nothing_to_give_up_without_turns_or_images() -> None:
    for recipe in (Recipe(symmetries="none"), Recipe(turns=False)):
        assert with_turns(recipe, [example()], seconds=1e-9) == recipe
    assert with_turns(SMALL, [], seconds=1e-9) == SMALL


def test_parts_of_the_same_image_are_counted_once() -> None:
    shared = example()
    other = Example(shared.image_CS, np.full_like(shared.truth_S, UNLABELLED), "image")
    found = with_turns(SMALL, [shared, other], seconds=1e-9)
    assert "1 withheld image(s)" in found.reasons[-1]


@pytest.mark.parametrize("recipe", [SMALL, Recipe(dims=3, crop=16, width=4, depth=2)])
def test_larger_images_take_longer(recipe: Recipe) -> None:
    small, large = (answer_seconds(recipe, [recipe.dims * (side,)], "cpu") for side in (16, 16 * 8))
    assert 0 < small < large


def test_a_cascade_takes_as_long_as_its_networks_together() -> None:
    cascade = Recipe(classes=3, crop=64, scale=0.25, width=4, depth=2, thin=(2,), host=1)
    assert answer_seconds(cascade, [(128, 128)], "cpu") > 0


def test_an_image_is_answered_once_however_many_ask() -> None:
    counting = Counting()
    remembered = Remembered(counting)
    first, second = np.zeros((1, 4, 5)), np.zeros((1, 4, 5))
    for _ in range(2):
        assert (remembered.probabilities(first) == 1).all()
        assert (remembered.probabilities(second) == 2).all()
    assert counting.asked == 2


def test_what_does_not_fit_is_answered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pearlite.recipes.segment.remembered.MOST", 2 * 4 * 5 * 4)
    counting = Counting()
    remembered = Remembered(counting)
    first, second = np.zeros((1, 4, 5)), np.zeros((1, 4, 5))
    for image_CS in (first, second, first, second):
        remembered.probabilities(image_CS)
    assert counting.asked == 3


def test_of_very_many_images_as_many_are_looked_at_as_the_classes_need() -> None:
    plenty = [example(128, number % 2) for number in range(200)]
    rare = Example(np.zeros((1, 8, 8)), np.full((8, 8), 2, np.int16), "rare")
    kept = looked_at([*plenty, rare], np.random.default_rng(0))
    assert 64 <= len(kept) <= 65
    assert any(image is rare for image in kept)
    strokes = [example(8, number % 2) for number in range(150)]  # 64 pixels each
    assert len(strokes) // 2 * 64 < PER_CLASS
    assert len(looked_at(strokes, np.random.default_rng(0))) == 150
    assert looked_at(strokes[:64], np.random.default_rng(0)) == strokes[:64]
