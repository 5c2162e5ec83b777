"""The floor: the same structure is inside, another is not, and pieces have one size."""

import numpy as np
import pytest
from scipy import ndimage
from structure_volumes import random_field

from pearlite.errors import InputError
from pearlite.judge.structure.describe import CHORDS, S2
from pearlite.judge.structure.floor import compare

SIDE = 32


def made(length: float = 2.0, share: float = 0.4, count: int = 3) -> list[np.ndarray]:
    return [random_field((SIDE,) * 3, length, share, 10 + seed) for seed in range(count)]


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return random_field((192, 192, 8), 2.0, 0.4, 1)[..., 0]


def rows_of(found, measure: str, phase: str = "1"):
    table = found.table
    return table[(table["measure"] == measure) & (table["phase"] == phase)]


def test_volumes_of_the_same_law_are_inside(image):
    found = compare(made(), image)
    assert found.size == {"z": (32, 32), "y": (32, 32), "x": (32, 32)}
    assert len(found.real["z"]) == 36
    assert found.table["inside"].mean() > 0.9
    assert set(found.table["slices"]) == {"z", "y", "x"}
    chord = rows_of(found, "mean chord").iloc[0]
    assert chord["low"] <= chord["generated"] <= chord["high"]
    assert chord["known"] == pytest.approx(chord["floor"] * 2.03 / 6, rel=0.01)


def test_other_surfaces_fractions_and_lengths_are_outside(image):
    coarse = compare(made(3.0), image)
    assert not rows_of(coarse, "surface")["inside"].any()
    assert (rows_of(coarse, "surface")["relative"] < -0.2).all()
    assert not rows_of(coarse, "mean chord")["inside"].all()
    more = compare(made(share=0.6), image)
    assert not rows_of(more, "fraction")["inside"].any()
    assert (rows_of(more, S2)["generated"] > rows_of(more, S2)["floor"]).all()
    assert "Furthest off: " in more.sentence()


@pytest.mark.slow
def test_a_true_volume_is_compared_with_volumes(image):
    true = random_field((64, 64, 64), 2.0, 0.4, 2)
    found = compare(made(), true, conducts=[1])
    assert found.size == {"-": (32, 32, 32)}
    assert len(found.real["-"]) == 8
    flux = rows_of(found, "diffusivity")
    assert len(flux) == 3
    assert flux["relative"].abs().max() < 0.2
    assert rows_of(found, "diffusivity", "0").empty
    assert found.table["inside"].mean() > 0.7


def test_each_of_three_images_is_compared_with_its_own_slices():
    noise = np.random.default_rng(0).standard_normal((64, 64, 64))
    field = ndimage.gaussian_filter(noise, (1, 1, 4), mode="wrap")
    volume = (field > 0).astype(int)
    images = [volume[32], volume[:, 32], volume[:, :, 32]]
    found = compare([volume], images)
    long, short = (
        rows_of(found, "mean chord").query(f"direction == '{name}'")["real"].mean() for name in "xy"
    )
    assert long > 1.5 * short
    turned = compare([volume], images[::-1])
    assert turned.table["inside"].mean() < found.table["inside"].mean() - 0.2


def test_the_error_of_a_curve_has_a_floor_of_its_own(image):
    found = compare(made(count=1), image, normals=[0])
    for measure in (S2, CHORDS):
        rows = rows_of(found, measure)
        assert (rows["real"] == 0).all()
        assert (rows["floor"] > 0.01).all()
        assert (rows["low"] == rows["high"]).all()
        np.testing.assert_allclose(rows["generated"], rows["low"])
    several = rows_of(compare(made(), image, normals=[0]), S2)
    assert (several["generated"] < several["high"]).all()


def test_the_size_can_be_asked_for(image):
    assert compare(made(count=1), image, normals=[1], size=(16, 24)).size == {"y": (16, 24)}


@pytest.mark.parametrize(
    ("generated", "real", "options", "said"),
    [
        ([], np.eye(64, dtype=int), {}, "at least one generated volume"),
        ([np.eye(64, dtype=int)], np.eye(64, dtype=int), {}, "at least one generated volume"),
        ([np.full((32,) * 3, 2)], np.eye(64, dtype=int), {}, "the labels hold 2; expected 0, 1"),
        ([np.zeros((32,) * 3, int)], np.eye(12, dtype=int), {}, "hold too little"),
        ([np.zeros((32,) * 3, int)], [np.eye(32, dtype=int)] * 2, {}, "2 real images"),
        ([np.zeros((32,) * 3, int)], np.eye(32, dtype=int), {"size": (30, 30)}, "has no spread"),
        ([np.zeros((32,) * 3, int)], np.eye(32, dtype=int), {"normals": [3]}, r"normals are \[3\]"),
    ],
)
def test_wrong_input_is_refused(generated, real, options, said):
    with pytest.raises(InputError, match=said):
        compare(generated, real, **options)
