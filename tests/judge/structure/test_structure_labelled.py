"""Labels: phases are the values of an array, whatever they are, and wrong input is said."""

import numpy as np
import pytest
from hypothesis import given
from structure_volumes import random_field, tiny

from pearlite.errors import InputError
from pearlite.judge.structure.fractions import fractions, material_fractions
from pearlite.judge.structure.labelled import labelled


@given(tiny)
def test_codes_stand_for_the_values_in_ascending_order(values_S):
    known = labelled(values_S)
    assert known.phases == tuple(np.unique(values_S).tolist())
    np.testing.assert_array_equal(np.array(known.phases)[known.codes], values_S)
    assert labelled(known) is known


def test_phases_that_do_not_occur_can_be_told_of():
    known = labelled(np.zeros((2, 3), np.uint8), phases=(128, 0))
    assert known.phases == (0, 128)
    assert fractions(known) == {0: 1.0, 128: 0.0}
    assert fractions(np.array([[True, False]])) == {0: 0.5, 1: 0.5}
    assert labelled(np.array([[10**12, -(10**12)]])).phases == (-(10**12), 10**12)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.zeros((4, 4)), "segment the image first"),
        (np.zeros(4, int), "expected an image"),
        (np.zeros((2, 0), int), "expected an image"),
        (np.arange(40).reshape(5, 8), "40 different labels"),
    ],
)
def test_what_holds_no_labels_is_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        labelled(wrong)


def test_a_value_that_is_no_phase_is_refused():
    with pytest.raises(InputError, match="the labels hold 3; expected 0, 1"):
        labelled(np.array([[0, 3]]), phases=(0, 1))
    with pytest.raises(InputError, match="no phase 7"):
        labelled(np.array([[0, 3]])).inside(7)


def test_the_fraction_of_the_material_is_less_sure_where_the_structure_is_coarse():
    fine, coarse = (random_field((128, 128), length, 0.3, seed=0) for length in (1.5, 6.0))
    known, rough = material_fractions(fine)[1], material_fractions(coarse)[1]
    assert known.low < known.value < known.high
    assert known.value == pytest.approx(0.3, abs=0.01)
    assert rough.percent > 2 * known.percent
    assert rough.pieces < known.pieces / 4
