"""IoU, fractions and their pooling, against counting by hand."""

import numpy as np
import pytest

from pearlite.recipes.segment.examine import confusions, scores
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.scores import (
    fraction_error,
    iou,
    mean_iou,
    mean_iou_of,
    micro_iou,
    pooled,
)

TRUTH = np.array([[0, 0, 1, 1], [0, 0, 1, -1]], np.int16)
ANSWER = np.array([[0, 0, 0, 1], [0, 0, 1, 1]])


def test_unlabelled_pixels_are_not_counted():
    assert pooled([(TRUTH, ANSWER)], 3).tolist() == [[4, 0, 0], [1, 2, 0], [0, 0, 0]]


def test_an_image_without_labels_adds_nothing():
    blank = np.full_like(TRUTH, -1)
    assert (pooled([(TRUTH, ANSWER), (blank, ANSWER)], 2) == pooled([(TRUTH, ANSWER)], 2)).all()


def test_iou_is_hits_over_either_and_unknown_without_truth():
    counts_KK = pooled([(TRUTH, ANSWER)], 3)
    assert iou(counts_KK) == pytest.approx([4 / 5, 2 / 3, np.nan], nan_ok=True)
    assert mean_iou(counts_KK) == pytest.approx((4 / 5 + 2 / 3) / 2)


def test_a_class_that_is_never_found_has_iou_zero():
    counts_KK = pooled([(TRUTH, np.zeros_like(ANSWER))], 2)
    assert iou(counts_KK)[1] == 0


def test_micro_and_fractions_are_of_each_unit():
    counts_UKK = np.stack([pooled([(TRUTH, ANSWER)], 2), pooled([(TRUTH, 1 - ANSWER)], 2)])
    assert micro_iou(counts_UKK) == pytest.approx([(6 / 7) / (2 - 6 / 7), (1 / 7) / (2 - 1 / 7)])
    assert fraction_error(counts_UKK) == pytest.approx(np.array([[1 / 7] * 2, [2 / 7] * 2]))


def test_units_of_an_image_are_counted_apart_and_weighted():
    unit = np.array([[0, 0, 0, 0], [1, 1, 1, 1]], np.int32)
    example = Example(ANSWER[None], TRUTH, "one")
    tables = confusions([example], [unit], lambda image: image[0], 2)
    assert tables.tolist() == [[[2, 0], [1, 1]], [[2, 0], [0, 1]]]
    found = scores(tables, np.array([[1.0, 1.0], [0.0, 2.0]]))
    assert found["macro"] == pytest.approx([(4 / 5 + 2 / 3) / 2, 1.0])
    assert found["micro"] == pytest.approx([((3 / 4) / (2 - 3 / 4) + 1) / 2, 1.0])


def test_a_segmenter_is_scored_over_all_examples_at_once():
    class Said:
        def probabilities(self, image_CS):
            return np.stack([image_CS[0] == 0, image_CS[0] == 1]).astype(np.float32)

    examples = [Example(ANSWER[None], TRUTH, "a"), Example(TRUTH[None].clip(0), TRUTH, "b")]
    assert mean_iou_of(Said(), examples, 2) == pytest.approx((8 / 9 + 5 / 6) / 2)
