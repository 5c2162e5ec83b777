"""Filters give the same wherever they are asked, and what they are named after."""

import numpy as np
import pytest

from pearlite.recipes.segment.eigen import eigenvalues
from pearlite.recipes.segment.filters import Filters
from pearlite.recipes.segment.normalise import Scale, fit


@pytest.fixture(scope="module")
def image_CHW() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65535, (2, 300, 217)).astype(np.uint16)


def test_boxes_of_any_size_and_place_give_exactly_the_whole(image_CHW: np.ndarray) -> None:
    filters = Filters(image_CHW, fit(image_CHW))
    whole_FHW = filters.of((0, 0), (300, 217))
    assert whole_FHW.shape == (filters.count, 300, 217)
    for start, stop in [((0, 0), (64, 64)), ((37, 101), (180, 217)), ((299, 3), (300, 4))]:
        box = np.s_[:, start[0] : stop[0], start[1] : stop[1]]
        assert np.array_equal(filters.of(start, stop), whole_FHW[box])


def test_a_part_with_its_surroundings_gives_exactly_the_whole(image_CHW: np.ndarray) -> None:
    scale = fit(image_CHW)
    whole_FHW = Filters(image_CHW, scale, levels=4).of((0, 0), (300, 217))
    part = Filters(image_CHW[:, 64:256], scale, levels=4)
    assert np.array_equal(part.of((64, 0), (128, 217)), whole_FHW[:, 128:192])


def test_a_box_of_a_volume_gives_exactly_the_whole() -> None:
    volume_CDHW = np.random.default_rng(1).normal(size=(1, 20, 31, 26))
    filters = Filters(volume_CDHW, fit(volume_CDHW), levels=3)
    whole_FDHW = filters.of((0, 0, 0), (20, 31, 26))
    assert np.isfinite(whole_FDHW).all()
    assert np.array_equal(filters.of((3, 9, 5), (15, 30, 6)), whole_FDHW[:, 3:15, 9:30, 5:6])


@pytest.mark.parametrize("sides", [(1, 1), (2, 50), (3, 3, 3)])
def test_small_images_have_all_features(sides: tuple[int, ...]) -> None:
    image_CS = np.arange(np.prod(sides), dtype=np.float32).reshape(1, *sides)
    filters = Filters(image_CS, fit(image_CS))
    assert np.isfinite(filters.of((0,) * len(sides), sides)).all()


def test_features_know_what_they_see() -> None:
    rows, columns = np.mgrid[:64, :64].astype(np.float64)
    image_CHW = np.stack([np.exp(-((columns - 32) ** 2) / 8), rows])
    filters = Filters(image_CHW, Scale(np.zeros(2), np.ones(2) / 10))
    at = dict(zip(filters.names, filters.of((0, 0), (64, 64))[:, 32, 32], strict=True))
    assert at["2nd Hessian eigenvalue of channel 1 at 0.71 px"] < -0.015  # a bright line
    assert abs(at["1st Hessian eigenvalue of channel 1 at 0.71 px"]) < 1e-5
    assert at["gradient of channel 2 at 0.71 px"] == pytest.approx(0.1, rel=1e-4)
    assert at["gradient of channel 2 at 3.6 px"] == pytest.approx(0.4, rel=1e-4)
    assert at["brightness of channel 2 at 3.6 px"] == pytest.approx(3.2, rel=1e-4)


def test_texture_is_seen_by_the_deviation() -> None:
    image_CHW = np.zeros((1, 64, 128))
    image_CHW[:, :, 64:] = np.random.default_rng(0).normal(size=(64, 64))
    filters = Filters(image_CHW, fit(image_CHW), levels=3)
    deviation_HW = filters.of((0, 0), (64, 128))[filters.names.index("deviation at 1.7 px")]
    assert deviation_HW[:, 80:].min() > deviation_HW[:, :50].max()


@pytest.mark.parametrize("side", [2, 3])
def test_eigenvalues_are_those_of_the_matrix(side: int) -> None:
    rng = np.random.default_rng(side)
    matrix_Nij = rng.normal(size=(500, side, side)).astype(np.float32)
    matrix_Nij += matrix_Nij.transpose(0, 2, 1)
    matrix_Nij[0] = np.eye(side)
    entries = {(i + 1, j + 1): matrix_Nij[:, i, j] for i in range(side) for j in range(i, side)}
    expected_Ni = np.linalg.eigvalsh(matrix_Nij.astype(np.float64))[:, ::-1]
    np.testing.assert_allclose(np.stack(eigenvalues(entries), 1), expected_Ni, atol=2e-5)
