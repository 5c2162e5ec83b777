"""A layer in one piece: found by the labels, and kept in one piece in answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pearlite.recipes.segment.decide import as_asked, from_labels
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.network.band import band, corrected, in_one_piece
from pearlite.recipes.segment.network.divide import recipes


def layered(side: int = 256) -> np.ndarray:
    truth_HW = np.zeros((side, side), np.int16)
    truth_HW[side // 2 : side - side // 8] = 1
    return truth_HW


def example(truth_HW: np.ndarray) -> Example:
    return Example(truth_HW[None].astype(np.float32), truth_HW, "layers")


def answer(inside_HW: np.ndarray, sure: float) -> np.ndarray:
    """Return probabilities of three classes, of which number 1 is inside."""
    class_HW = np.where(inside_HW, sure, 1 - sure)
    rest_HW = (1 - class_HW) / 2
    return np.stack([rest_HW, class_HW, rest_HW]).astype(np.float32)


@given(arrays(np.float32, (12, 9), elements=st.floats(0, 1, width=32)))
def test_every_column_of_a_band_is_at_most_one_run(probability_HW):
    begins_W = np.diff(band(probability_HW).astype(int), axis=0, prepend=0).clip(min=0).sum(0)

    assert begins_W.max() <= 1


@given(st.integers(0, 30), st.integers(31, 60))
def test_a_band_that_is_plain_to_see_is_found_as_it_is(begin, end):
    inside_HW = np.zeros((64, 40), bool)
    inside_HW[begin:end] = True

    assert (band(answer(inside_HW, 0.9)[1]) == inside_HW).all()


def test_no_band_is_found_where_there_is_none():
    nowhere_KHW = answer(np.zeros((40, 40), bool), 0.9)

    assert not band(nowhere_KHW[1]).any()
    assert (corrected(nowhere_KHW, 1, 4.0) == nowhere_KHW).all()


def test_blobs_beside_a_band_and_holes_in_it_are_corrected_and_said_to_be_unsure():
    truth_HW = layered(128) == 1
    seen_HW = truth_HW.copy()
    seen_HW[10:30, 20:50] = True
    seen_HW[85:92, 60:64] = False

    answer_KHW = corrected(answer(seen_HW, 0.999), 1, 6.0)

    assert (answer_KHW.argmax(0) == 1)[truth_HW].all()
    assert not (answer_KHW.argmax(0) == 1)[~truth_HW].any()
    assert np.allclose(answer_KHW.sum(0), 1, atol=1e-5)
    assert answer_KHW[1, 20, 35] > 0.2
    assert answer_KHW[1, 5, 5] < 0.01


def test_near_its_borders_the_answer_keeps_the_shape_of_a_band():
    seen_HW = layered(128) == 1
    seen_HW[60:64, ::8] = True  # teeth

    answer_KHW = corrected(answer(seen_HW, 0.9), 1, 16.0)

    assert ((answer_KHW.argmax(0) == 1) == seen_HW).all()


def test_labels_say_which_layer_is_one_piece():
    truth_HW = layered()

    recipe = from_labels([example(truth_HW)])

    assert recipe.band == 1
    assert "unbroken" in recipe.reasons[-1]


def test_a_layer_with_a_crack_in_it_is_one_piece_for_the_first_network_of_a_cascade():
    truth_HW = layered(512)
    truth_HW[300:420, 200:206] = 2

    recipe = from_labels([example(truth_HW)])
    far, near = recipes(recipe)

    assert (recipe.thin, recipe.band, far.band) == ((2,), 1, 1)
    assert {part.band for part in near} == {None}


def test_particles_and_broken_layers_are_no_band():
    rows, columns = np.indices((256, 256)) % 64 - 32
    particles_HW = (rows**2 + columns**2 < 300).astype(np.int16)
    broken_HW = layered()
    broken_HW[170:180, ::2] = 0

    assert from_labels([example(particles_HW)]).band is None
    assert from_labels([example(broken_HW)]).band is None


def test_who_asks_for_other_symmetries_has_no_band():
    recipe = from_labels([example(layered())])

    assert as_asked(recipe, [example(layered())], symmetries="all").band is None
    assert as_asked(recipe, [example(layered())], symmetries="left-right").band == 1


def test_columns_that_are_not_wholly_labelled_do_not_count():
    truth_HW = layered(64)
    truth_HW[40:50, :32] = 0
    truth_HW[0, :32] = UNLABELLED

    assert in_one_piece([example(truth_HW)], [1]) == pytest.approx(1)
