import numpy as np
import pytest
from scipy.stats import binomtest

from pearlite.errors import InputError
from pearlite.judge.classes import accuracy, confusion, share


@pytest.mark.parametrize(("right", "total"), [(0, 7), (3, 10), (50, 100), (178, 180), (30, 30)])
def test_the_interval_is_wilsons(right, total):
    expected = binomtest(right, total).proportion_ci(method="wilson")
    got = share(right, total)
    assert got.value == right / total
    assert (got.low, got.high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert 0 <= got.low <= got.value <= got.high <= 1


def test_accuracy_counts_equal_labels():
    got = accuracy([0, 1, 2, 1], [0, 1, 1, 1])
    assert got == share(3, 4)


def test_confusion_has_the_truth_in_rows_and_unseen_classes_too():
    matrix = confusion([0, 0, 1, 2], [0, 2, 1, 2], classes=4)
    expected = np.zeros((4, 4))
    expected[0, 0] = expected[0, 2] = expected[1, 1] = expected[2, 2] = 1
    assert np.array_equal(matrix, expected)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: accuracy([0, 1], [0]), "one length"),
        (lambda: accuracy([], []), "at least 1"),
        (lambda: share(3, 2), "3 of 2"),
        (lambda: share(0, 0), "total > 0"),
        (lambda: confusion([0, 3], [0, 1], classes=3), "from 0 to 3"),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(InputError, match=words):
        call()
