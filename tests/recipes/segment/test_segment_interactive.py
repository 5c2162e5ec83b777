"""Strokes, undo, update: and the batch gives exactly what was shown."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.recipes.segment.example import UNLABELLED
from pearlite.recipes.segment.interactive import Interactive


@pytest.fixture
def image_CHW() -> np.ndarray:
    image_CHW = np.random.default_rng(0).normal(100, 5, (1, 80, 72))
    image_CHW[:, :, 36:] += 30
    return image_CHW.astype(np.uint8)


@pytest.fixture
def session(image_CHW: np.ndarray) -> Interactive:
    session = Interactive(image_CHW, 2)
    session.stroke([(10, 5), (70, 20)], 1.5, 0)
    session.stroke([(10, 45), (70, 60)], 1.5, 1)
    return session


def test_two_strokes_segment_the_image(session: Interactive) -> None:
    labels_HW, probabilities_KHW = session.update()
    assert (labels_HW[:, :34] == 0).all()
    assert (labels_HW[:, 38:] == 1).all()
    assert probabilities_KHW.shape == (2, 80, 72)


def test_the_batch_gives_exactly_what_was_shown(
    session: Interactive, image_CHW: np.ndarray
) -> None:
    shown_KHW = session.update()[1]
    assert np.array_equal(session.segmenter().probabilities(image_CHW), shown_KHW)
    assert np.array_equal(session.update((10, 7), (33, 70))[1], shown_KHW[:, 10:33, 7:70])


def test_undo_goes_back_to_what_was_before(session: Interactive) -> None:
    labels_HW, answer_KHW = session.labels_S, session.update()[1]
    session.stroke([(40, 60)], 6, 0)
    assert not np.array_equal(session.update()[1], answer_KHW)
    assert session.undo()
    assert np.array_equal(session.labels_S, labels_HW)
    assert np.array_equal(session.update()[1], answer_KHW)


def test_undo_of_nothing_says_so(image_CHW: np.ndarray) -> None:
    assert not Interactive(image_CHW, 2).undo()


def test_a_brush_is_round_and_is_cut_off_at_the_border(image_CHW: np.ndarray) -> None:
    session = Interactive(image_CHW, 2)
    session.stroke([(0, 20)], 5, 1)
    rows, columns = np.mgrid[:80, :72]
    assert np.array_equal(session.labels_S == 1, rows**2 + (columns - 20) ** 2 <= 25)
    session.stroke([(300, 300), (310, 310)], 5, 0)
    assert not (session.labels_S == 0).any()


def test_rubbing_out_leaves_nothing(session: Interactive) -> None:
    session.stroke([(0, 0), (80, 72), (80, 0), (0, 72)], 60, UNLABELLED)
    assert (session.labels_S == UNLABELLED).all()


def test_labels_may_be_added_as_an_array(image_CHW: np.ndarray) -> None:
    session = Interactive(image_CHW, 3)
    session.add([[2, UNLABELLED], [0, 1]], corner=(4, 6))
    session.add(np.full((80, 72), UNLABELLED))
    assert session.labels_S[4:6, 6:8].tolist() == [[2, UNLABELLED], [0, 1]]
    assert (session.labels_S != UNLABELLED).sum() == 3


@pytest.mark.slow
def test_strokes_may_come_while_an_update_runs(session: Interactive) -> None:
    def draw(row: int) -> None:
        session.stroke([(row, 50), (row, 60)], 1, 1)

    with ThreadPoolExecutor(3) as pool:
        updates = [pool.submit(session.update) for _ in range(2)]
        list(pool.map(draw, range(5, 75, 7)))
        assert all(update.result()[0].shape == (80, 72) for update in updates)
    shown_KHW = session.update()[1]
    fresh = Interactive(session.image_CS, 2)
    fresh.add(session.labels_S)
    assert np.array_equal(fresh.update()[1], shown_KHW)


@pytest.mark.slow
def test_levels_follow_the_strokes() -> None:
    """Layers differ in nothing but how far apart their fine lines lie, beyond noise."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:128, :128]
    truth_HW = (rows // 64).astype(np.int16)
    period_HW = np.where(truth_HW == 1, 24, 48)
    image_CHW = (np.sin(2 * np.pi * columns / period_HW) + rng.normal(0, 2, truth_HW.shape))[None]
    session = Interactive(image_CHW, 2, levels=1)
    drawn_HW = np.full_like(truth_HW, UNLABELLED)
    drawn_HW[8:120:8, 4:-4] = truth_HW[8:120:8, 4:-4]
    session.add(drawn_HW)
    before = (session.update()[0] == truth_HW).mean()
    assert session.choose_levels() > 3
    assert (session.update()[0] == truth_HW).mean() > before + 0.1


def test_deep_features_join(image_CHW: np.ndarray) -> None:
    session = Interactive(image_CHW, 2, head="linear", deep=True, levels=3)
    session.stroke([(10, 5), (70, 20)], 1.5, 0)
    session.stroke([(10, 45), (70, 60)], 1.5, 1)
    truth_HW = np.mgrid[:80, :72][1] >= 36
    assert (session.update()[0] == truth_HW).mean() > 0.95


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (lambda s: s.stroke([(1, 2, 3)], 1, 0), "expected"),
        (lambda s: s.stroke([(1, 2)], 1, 2), "from 0 to 1"),
        (lambda s: s.add(np.zeros((9, 9), int), corner=(75, 0)), "do not fit"),
        (lambda s: s.add(np.zeros((2, 2))), "whole numbers"),
        (lambda s: s.update((0, 0), (0, 5)), "no part"),
    ],
)
def test_mistakes_are_told(session: Interactive, mistake: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        mistake(session)


def test_one_class_labelled_is_not_enough(image_CHW: np.ndarray) -> None:
    session = Interactive(image_CHW, 2)
    session.stroke([(10, 10)], 3, 1)
    with pytest.raises(InputError, match="at least two"):
        session.update()
    with pytest.raises(InputError, match="at least two"):
        Interactive(image_CHW, 1)
