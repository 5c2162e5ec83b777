"""All measures in one table, of images, volumes, slices and pieces."""

import numpy as np
import pytest
from structure_volumes import random_field

from pearlite.errors import InputError
from pearlite.judge.structure import describe as module
from pearlite.judge.structure.describe import (
    CHORDS,
    S2,
    UNITS,
    average,
    describe,
    describe_slices,
    pieces,
)
from pearlite.judge.structure.labelled import labelled


def three_phases(seed: int, shape: tuple[int, ...] = (24, 24, 24)) -> np.ndarray:
    coarse, fine = random_field(shape, 3.0, 0.5, seed), random_field(shape, 1.0, 0.3, seed + 1)
    return np.where(coarse, 128, np.where(fine, 255, 0))


def test_a_volume_gets_every_measure():
    found = describe(three_phases(0))
    assert {key[0] for key in found.values} == set(UNITS)
    assert {key[0] for key in found.curves} == {S2, CHORDS}
    assert found.values["fraction", "0", "all"] == (three_phases(0) == 0).mean()
    assert {key[1:] for key in found.values if key[0] == "triple points"} == {
        ("0|128|255", name) for name in "zyx"
    }
    table = found.table
    assert list(table.columns) == ["measure", "phase", "direction", "value", "unit"]
    assert len(table) == len(found.values)


def test_an_image_gets_no_measure_of_transport():
    found = describe(three_phases(0)[5])
    measures = {key[0] for key in found.values}
    assert measures == set(UNITS) - {"percolating", "diffusivity", "triple lines"}
    assert {key[2] for key in found.values} == {"y", "x", "all"}


def test_only_what_conducts_is_solved():
    found = describe(three_phases(1), conducts=[128])
    assert {key[1] for key in found.values if key[0] == "diffusivity"} == {"128"}
    assert not [key for key in describe(three_phases(1), conducts=()).values if "diffus" in key[0]]


def test_slices_are_named_by_the_axes_that_they_show():
    volume = three_phases(2)
    found = describe_slices(volume, 1, most=24)
    by_hand = average(describe(volume[:, y], axes="zx") for y in range(24))
    assert found.values == pytest.approx(by_hand.values, nan_ok=True)
    assert {key[2] for key in found.values} == {"z", "x", "all"}
    for key, curve in by_hand.curves.items():
        np.testing.assert_allclose(found.curves[key], curve)


def test_of_a_large_window_pieces_are_measured(monkeypatch):
    image = random_field((96, 96), 2.0, 0.4, seed=3)
    monkeypatch.setattr(module, "MOST", {2: 96 * 96 - 1, 3: 10})
    found = describe(image)
    assert found.values["fraction", "1", "all"] == pytest.approx(0.4, abs=0.05)
    assert found.values["fraction", "1", "all"] != image.mean()


def test_what_one_piece_does_not_know_is_left_out_of_the_mean():
    first, second = (labelled(np.full((9, 9), value), (0, 1)) for value in (0, 1))
    second.codes[:, ::3] = 0
    found = average([describe(first), describe(second)])
    assert found.values["mean chord", "1", "x"] == pytest.approx(2, rel=0.1)
    assert np.isnan(found.values["mean chord", "1", "y"])


def test_pieces_do_not_overlap_and_reach_from_end_to_end():
    places = pieces((20, 33), (6, 10))
    assert len(places) == 9
    hits = np.zeros((20, 33), int)
    for place in places:
        hits[place] += 1
    assert hits.max() == 1
    assert (hits[0, 0], hits[-1, -1]) == (1, 1)
    assert len(pieces((20, 33), (6, 10), 4)) == 4


def test_wrong_questions_are_refused():
    with pytest.raises(InputError, match="do not fit into"):
        pieces((20, 5), (6, 10))
    with pytest.raises(InputError, match="an image has no slices"):
        describe_slices(np.eye(9, dtype=int), 0)
    with pytest.raises(InputError, match="name 1 axes; the labels have 2"):
        describe(np.eye(9, dtype=int), axes="z")
