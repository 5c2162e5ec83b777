"""Percolation: what reaches from side to side."""

import numpy as np

from pearlite.judge.structure.labelled import labelled
from pearlite.judge.structure.percolation import percolating


def test_only_clusters_that_span_the_axis_count():
    image = np.zeros((10, 10), int)
    image[:, 2] = 1  # spans the rows
    image[0:5, 6] = 1  # touches one side
    found = percolating(image)[1]
    np.testing.assert_allclose(found, [10 / 15, 0])


def test_corners_do_not_connect():
    np.testing.assert_array_equal(percolating(np.eye(6, dtype=int))[1], [0, 0])


def test_a_phase_that_is_nowhere_has_no_share():
    found = percolating(labelled(np.zeros((3, 4, 5), int), (0, 1)))
    np.testing.assert_array_equal(found[0], [1, 1, 1])
    assert np.isnan(found[1]).all()
