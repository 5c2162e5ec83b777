"""Regions are measured as they were made."""

import numpy as np
import pytest

from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.extent import extents, labelled_share, layering


def example(truth_HW: np.ndarray) -> Example:
    return Example(np.zeros((1, *truth_HW.shape), np.uint8), truth_HW.astype(np.int16), "made")


def band() -> np.ndarray:
    truth_HW = np.zeros((100, 200))
    truth_HW[30:70] = 1
    truth_HW[40:60, 100:104] = 2
    return truth_HW


def test_width_of_a_band_and_of_a_slit_in_it() -> None:
    _, layer, slit = extents([example(band())], 3)
    assert layer.width == pytest.approx(40, rel=0.15)
    assert slit.width == pytest.approx(4, abs=0.5)


def test_what_encloses_what() -> None:
    outside, layer, slit = extents([example(band())], 3)
    assert (slit.host, slit.enclosed) == (1, 1)
    assert (layer.host, outside.host) == (0, 1)
    assert outside.share == pytest.approx(0.6)


def test_a_class_that_is_nowhere_has_no_width() -> None:
    assert extents([example(np.zeros((20, 20)))], 2)[1].width == 0


def test_layers_across_rows_and_columns() -> None:
    down, across = layering([example(band())], 3)
    assert down > 0.9 > 0.05 > across
    assert layering([example(band().T)], 3) == pytest.approx([across, down])


def test_unlabelled_pixels_are_no_class_and_no_order() -> None:
    truth_HW = band()
    truth_HW[:, 50:150] = UNLABELLED
    assert labelled_share([example(truth_HW)]) == 0.5
    assert layering([example(truth_HW)], 3)[0] > 0.9
    assert extents([example(truth_HW)], 3)[0].host == 1
