"""Triple lines and points: corners as counted one by one."""

import numpy as np
import pytest
from hypothesis import given
from structure_volumes import VALUES, tiny

from pearlite.judge.structure.labelled import labelled
from pearlite.judge.structure.triple import triple_length, triple_points


@given(tiny)
def test_corners_of_three_phases_are_counted(values_S):
    found = triple_points(labelled(values_S, VALUES))[VALUES]
    normals = range(3) if values_S.ndim == 3 else [None]
    for share, normal in zip(found, normals, strict=True):
        planes = values_S[None] if normal is None else np.moveaxis(values_S, normal, 0)
        corners = [
            len(set(plane[y : y + 2, x : x + 2].ravel().tolist())) == 3
            for plane in planes
            for y in range(plane.shape[0] - 1)
            for x in range(plane.shape[1] - 1)
        ]
        assert share == np.mean(corners)


def test_two_phases_have_none():
    assert triple_points(np.eye(5, dtype=int)) == {}


def test_a_straight_line_along_an_axis_is_measured_by_its_points():
    y, x = np.indices((20, 20))
    sectors = np.where(x < 10, 0, np.where(y < 10, 1, 2))
    pillar = np.stack([sectors] * 15)
    np.testing.assert_allclose(triple_points(pillar)[0, 1, 2], [1 / 19**2, 0, 0])
    assert triple_length(sectors)[0, 1, 2] == pytest.approx(1 / 19**2)


def test_lines_in_all_directions_have_their_true_length():
    """Three equal sectors; the staircase of their edge would be half as long again."""
    side, found, true = 41, 0.0, 0.0
    grid_S3 = np.moveaxis(np.indices((side,) * 3) - (side - 1) / 2, 0, -1)
    random = np.random.default_rng(6)
    for _ in range(24):
        frame, _ = np.linalg.qr(random.standard_normal((3, 3)))
        u, v = np.moveaxis(grid_S3 @ frame[:, :2], -1, 0)
        turn = (np.arctan2(v, u) + np.pi) / (2 * np.pi)
        labels_S = np.minimum((3 * turn).astype(int), 2)
        found += triple_length(labels_S)[0, 1, 2] * (side - 1) ** 2 * side
        true += (side - 1) / np.abs(frame[:, 2]).max()  # from side to side of the cube
    assert found == pytest.approx(true, rel=0.06)
