"""Particles as regions of ImageJ: names, places, exactly their pixels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import roifile
from skimage.measure import grid_points_in_poly

from pearlite.data.rois import read_rois
from pearlite.recipes.segment.classes import Classes
from pearlite.recipes.segment.outlines import outlines, write_outlines
from pearlite.recipes.segment.particles import Particles

CLASSES = Classes((0, 7, 255), ("matrix", "pore", "crack"), ("#d9dbdf", "#0072b2", "#e69f00"))


@pytest.fixture
def particles() -> Particles:
    """Two pores that touch, one with a pixel at its corner, and a crack around a hole."""
    map_YX = np.zeros((40, 50), np.int32)
    map_YX[5:15, 5:20], map_YX[5:15, 20:24], map_YX[15, 4] = 1, 2, 1
    map_YX[25:38, 30:45], map_YX[30:33, 35:40] = 3, 0
    return Particles(map_YX, np.array([1, 1, 2]))


def inside(roi: Any) -> np.ndarray:
    return grid_points_in_poly((40, 50), roi.coordinates()[:, ::-1] - 0.5)


def regions(path: Path) -> Any:
    return roifile.roiread(path)


def test_outlines_hold_exactly_the_pixels_of_their_particles(tmp_path, particles):
    write_outlines(tmp_path / "outlines.zip", outlines(particles, CLASSES))
    rois = regions(tmp_path / "outlines.zip")
    assert [roi.name for roi in rois] == ["pore 1", "pore 2", "crack 3"]
    assert [roi.group for roi in rois] == [2, 2, 3]
    assert {roi.position for roi in rois} == {0}
    for roi in rois[:2]:
        assert (inside(roi) == (particles.map_S == int(roi.name.split()[1]))).all()


def test_holes_are_filled(particles):
    crack = outlines(particles, CLASSES)[2]
    assert inside(crack).sum() == 13 * 15


def test_they_can_be_learned_from(tmp_path, particles):
    write_outlines(tmp_path / "outlines.zip", outlines(particles, CLASSES))
    assert [shape.value for shape in read_rois(tmp_path / "outlines.zip")] == [2, 2, 3]


def test_planes_of_a_stack_and_of_a_volume_are_numbered_from_one(particles):
    assert {roi.position for roi in outlines(particles, CLASSES, first_plane=4)} == {5}
    volume = Particles(
        np.stack([particles.map_S, 0 * particles.map_S, particles.map_S]), np.array([1, 1, 2])
    )
    assert [roi.position for roi in outlines(volume, CLASSES, first_plane=0)] == [1, 1, 1, 3, 3, 3]


def test_without_particles_the_file_is_empty(tmp_path):
    none = Particles(np.zeros((8, 8), np.int32), np.array([], np.int64))
    write_outlines(tmp_path / "outlines.zip", outlines(none, CLASSES))
    assert regions(tmp_path / "outlines.zip") == []
