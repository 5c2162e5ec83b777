"""Where to scribble next."""

import numpy as np
import pytest

from pearlite.recipes.segment.advice import where_next
from pearlite.recipes.segment.example import UNLABELLED


def answer(*sides: int) -> np.ndarray:
    """Two classes with a sharp border of doubt, and a corner of which little is known."""
    second_S = np.zeros(sides, np.float32)
    second_S[sides[0] // 2] = 0.5
    second_S[sides[0] // 2 + 1 :] = 1
    second_S[tuple(slice(length - 12, length) for length in sides)] = 0.6
    return np.stack([1 - second_S, second_S])


@pytest.mark.parametrize("sides", [(60, 80), (30, 40, 36)])
def test_a_region_of_unknown_class_comes_before_a_border(sides: tuple[int, ...]) -> None:
    nothing_S = np.full(sides, UNLABELLED, np.int16)
    first, second, *_ = where_next(answer(*sides), nothing_S, side=12)
    assert first.first == tuple(length - 12 for length in sides)
    assert first.doubt == pytest.approx(0.8, abs=1e-3)
    assert second.first[0] <= sides[0] // 2 < second.first[0] + 12
    assert second.doubt < first.doubt


def test_places_have_no_stroke_and_do_not_overlap() -> None:
    drawn_HW = np.full((60, 80), UNLABELLED, np.int16)
    drawn_HW[55, 70] = 1
    places = where_next(answer(60, 80), drawn_HW, side=12, count=4)
    taken_HW = np.zeros((60, 80), int)
    for place in places:
        rows, columns = (slice(at, at + place.side) for at in place.first)
        assert (drawn_HW[rows, columns] == UNLABELLED).all()
        taken_HW[rows, columns] += 1
    assert len(places) == 4
    assert taken_HW.max() == 1


def test_strokes_everywhere_leave_no_place() -> None:
    assert where_next(answer(40, 40), np.ones((40, 40), np.int16)) == []


def test_a_small_image_is_one_place() -> None:
    nothing_HW = np.full((14, 20), UNLABELLED, np.int16)
    assert where_next(answer(14, 20), nothing_HW, count=1)[0].side == 14
