"""Volumes made ready for pictures: what they are taken for, fewer cells, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pearlite.errors import InputError
from pearlite.see.volume import LONGEST, MOST, describe
from pearlite.see.volume_cells import commonest, edges, fit_within, mean_cells

LABELS = np.array([0, 85, 170], np.uint8)[np.arange(4 * 5 * 6).reshape(4, 5, 6) % 3]


def test_few_whole_numbers_are_labels_with_names_colours_and_shares():
    made = describe(LABELS, names=["pore", "particle", "binder"], colours={85: "#112233"})
    assert [phase.value for phase in made.phases] == [0, 85, 170]
    assert [phase.name for phase in made.phases] == ["pore", "particle", "binder"]
    assert made.phases[1].colour == "#112233"
    assert sum(phase.share for phase in made.phases) == pytest.approx(1)
    assert tuple(made.palette_P3[1]) == (0x11, 0x22, 0x33)
    np.testing.assert_array_equal(np.array([0, 85, 170])[made.cells_ZYX], LABELS)


def test_negative_labels_and_bool_are_labels_too():
    assert [phase.value for phase in describe(LABELS.astype(np.int16) - 7).phases] == [-7, 78, 163]
    assert [phase.value for phase in describe(LABELS > 0).phases] == [0, 1]


def test_many_values_or_floats_are_grey_and_keep_their_order():
    ramp = np.linspace(-3, 9, 4 * 5 * 6).reshape(4, 5, 6)
    made = describe(ramp)
    assert not made.phases
    assert (np.diff(made.cells_ZYX.ravel().astype(int)) >= 0).all()
    assert (made.cells_ZYX.min(), made.cells_ZYX.max()) == (0, 255)
    assert not describe(np.arange(MOST + 1).reshape(1, 1, -1)).phases
    assert not describe(LABELS, kind="grey").phases


def test_missing_values_are_black():
    ramp = np.linspace(0, 1, 60).reshape(3, 4, 5)
    ramp[1, 1, 1] = np.nan
    assert describe(ramp).cells_ZYX[1, 1, 1] == 0
    assert not describe(np.full((2, 2, 2), np.nan)).cells_ZYX.any()


@pytest.mark.parametrize("scale", [1, 255])
def test_colours_come_back_where_there_are_at_most_256(scale):
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 255], [255, 255, 255]])
    drawn = colours[np.arange(60).reshape(3, 4, 5) % 4]
    made = describe((drawn / 255).astype(np.float32) if scale == 1 else drawn.astype(np.uint8))
    np.testing.assert_array_equal(made.palette_P3[made.cells_ZYX], drawn)


def test_sizes_are_those_of_the_whole_box():
    made = describe(LABELS, voxel_size=(0.5, 1, 2), unit="µm")
    assert made.size == (2, 5, 12)
    assert made.cell == (0.5, 1, 2)
    assert "4 × 5 × 6 voxels, 2 × 5 × 12 µm" in made.words()


def test_a_large_volume_has_fewer_cells_and_the_same_shape_and_shares():
    long = np.zeros((2, 3, 3 * LONGEST), np.uint8)
    long[..., LONGEST:] = 4
    made = describe(long, kind="labels")
    assert made.whole == long.shape
    assert made.shape == (1, 1, LONGEST)
    assert [phase.share for phase in made.phases] == pytest.approx([1 / 3, 2 / 3])
    assert made.cells_ZYX.mean() == pytest.approx(2 / 3, abs=0.01)


@given(
    arrays(np.uint8, st.tuples(*[st.integers(1, 9)] * 3), elements=st.integers(0, 2)),
    st.data(),
)
def test_a_cell_has_the_commonest_label_and_the_mean_of_its_voxels(volume, data):
    shape = tuple(data.draw(st.integers(1, side)) for side in volume.shape)
    labels, means = commonest(volume, [0, 1, 2], shape), mean_cells(volume, shape)
    places = [edges(side, cells) for side, cells in zip(volume.shape, shape, strict=True)]
    assert labels.shape == means.shape == shape
    for cell in np.ndindex(shape):
        own = tuple(slice(at[i], at[i + 1]) for at, i in zip(places, cell, strict=True))
        counts = np.bincount(volume[own].ravel(), minlength=3)
        assert counts[labels[cell]] == counts.max() > 0
        assert means[cell] == pytest.approx(volume[own].mean(), abs=1e-5)


@given(st.tuples(*[st.integers(1, 5000)] * 3), st.integers(1, 300))
def test_fewer_cells_keep_the_proportions(whole, longest):
    shape = fit_within(whole, longest)
    assert max(shape) == min(longest, max(whole))
    factor = max(shape) / max(whole)
    assert all(
        abs(n - factor * side) <= 0.5 or n == 1 for n, side in zip(shape, whole, strict=True)
    )


@pytest.mark.parametrize(
    ("volume", "options", "words"),
    [
        (np.zeros((4, 4)), {}, "axes z, y, x"),
        (np.zeros((4, 4, 4, 2)), {}, "axes z, y, x"),
        (np.zeros((4, 0, 4)), {}, "no voxel"),
        (np.zeros((4, 4, 4), complex), {}, "real numbers"),
        (np.array([[["a"]]]), {}, "real numbers"),
        (np.zeros((4, 4, 4)), {"kind": "rgb"}, "does not fit"),
        (np.zeros((4, 4, 4, 3)), {"kind": "labels"}, "does not fit"),
        (np.full((4, 4, 4, 3), 1.5), {}, "floats from 0 to 1"),
        (np.full((4, 4, 4, 3), np.nan), {}, "floats from 0 to 1"),
        (np.zeros((4, 4, 4)), {"names": ["a"]}, "whole numbers"),
        (np.arange(64).reshape(4, 4, 4), {"kind": "labels"}, "more than 12 labels"),
        (LABELS, {"names": ["a", "b"]}, "3 phases"),
        (LABELS, {"names": "pore"}, "3 phases"),
        (LABELS, {"names": {3: "a"}}, "value 3"),
        (LABELS, {"names": ["a", "a", "b"]}, "its own name"),
        (LABELS, {"colours": ["red", "#000000", "#ffffff"]}, "#rrggbb"),
        (LABELS, {"voxel_size": 0}, "voxel_size"),
        (LABELS, {"voxel_size": (1, 2)}, "voxel_size"),
        (LABELS, {"voxel_size": float("nan")}, "voxel_size"),
    ],
)
def test_what_is_no_volume_or_does_not_fit_is_refused_in_words(volume, options, words):
    with pytest.raises(InputError, match=words):
        describe(volume, **options)
