import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

from pearlite.see.importance import SHOWN, draw_dependence, draw_importance
from pearlite.see.learning_curve import draw_learning_curve
from pearlite.see.predicted import draw_predicted, draw_probabilities
from pearlite.see.reliability import draw_reliability
from pearlite.see.residuals import GROUPS, draw_residuals, draw_residuals_by_group
from pearlite.see.style import FAINT, VERMILION, panels


@pytest.fixture
def axis():
    return panels(size=(4, 4))[1][0, 0]


def points(axis, colour=None):
    drawn = [
        tuple(offset)
        for dots in axis.collections
        if isinstance(dots, PathCollection) and np.size(dots.get_offsets())
        for offset in np.asarray(dots.get_offsets()).tolist()
        if colour is None or to_hex(np.asarray(dots.get_edgecolor())[0]) == colour
    ]
    return sorted(drawn)


def test_a_truth_outside_its_interval_has_its_own_colour(axis):
    truth, predicted = np.array([1.0, 5.0, 9.0]), np.array([1.5, 5.0, 4.0])
    interval = np.array([predicted - 1, predicted + 1])
    draw_predicted(axis, truth, predicted, interval, np.array([False, True, True]), "y (MPa)")
    assert points(axis) == [(1.0, 1.5), (5.0, 5.0), (9.0, 4.0)]
    assert points(axis, VERMILION) == [(9.0, 4.0)]
    assert axis.get_xlim() == axis.get_ylim()
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("y (MPa), true", "y (MPa), predicted")


def test_of_a_million_predictions_a_readable_number_is_drawn(axis):
    truth = np.random.default_rng(0).normal(size=1_000_000)
    draw_predicted(axis, truth, truth)
    draw_residuals(axis, truth, truth)
    assert len(points(axis)) <= 2 * 1500


def test_one_prediction_can_be_drawn(axis):
    draw_predicted(axis, np.array([3.0]), np.array([3.0]))
    draw_residuals(axis, np.array([3.0]), np.array([0.0]))
    axis.figure.canvas.draw()
    assert points(axis) == [(3.0, 0.0), (3.0, 3.0)]


def test_probabilities_of_the_two_classes_point_up_and_down(axis):
    truth = np.array([True, True, True, False])
    draw_probabilities(axis, truth, np.array([0.9, 0.92, 0.91, 0.1]), ("crystal", "glass"))
    heights = [bar.get_height() for bar in axis.patches]
    assert (max(heights), min(heights)) == (3, -1)
    assert [text.get_text() for text in axis.texts] == ["truly crystal", "truly glass"]


def test_groups_that_are_farthest_off_come_first(axis):
    names = np.repeat([f"mix {number}" for number in range(20)], 2)
    draw_residuals_by_group(axis, np.repeat(np.arange(20.0) - 5, 2), names)
    shown = [label.get_text() for label in axis.get_yticklabels()]
    assert shown[:3] == ["mix 19 (2)", "mix 18 (2)", "mix 17 (2)"]
    assert len(shown) == GROUPS


def test_columns_that_may_not_matter_are_pale(axis):
    losses = np.array([[0.1, -0.1, 0.3], [2.0, 1.0, 3.0]])
    draw_importance(axis, ["Water", "Age"], losses, "MAE grows by")
    assert [label.get_text() for label in axis.get_yticklabels()] == ["Age", "Water"]
    colours = [to_hex(bar.get_facecolor()) for bar in axis.patches]
    assert colours[1] == FAINT
    assert colours[0] != FAINT


def test_only_the_most_important_columns_are_drawn(axis):
    draw_importance(axis, [f"{n}" for n in range(40)], np.ones((40, 3)), "")
    assert len(axis.patches) == SHOWN


def test_dependence_on_a_number_is_a_curve_and_on_a_category_its_names(axis):
    draw_dependence(axis, np.array([1.0, 2.0]), np.ones(2), np.ones((2, 2)), ("Age", "strength"))
    assert axis.lines[0].get_xdata().tolist() == [1, 2]
    other = panels(size=(4, 4))[1][0, 0]
    draw_dependence(other, ["a", "b"], np.ones(2), np.ones((2, 2)), ("kind", "strength"))
    assert [label.get_text() for label in other.get_xticklabels()] == ["a", "b"]


def test_fuller_bins_of_a_reliability_curve_are_larger(axis):
    bins, count = np.array([0.2, 0.8]), np.array([5, 50])
    draw_reliability(axis, bins, bins, np.array([bins - 0.1, bins + 0.1]), count)
    sizes = next(dots for dots in axis.collections if isinstance(dots, PathCollection)).get_sizes()
    assert sizes[1] > 2 * sizes[0]


def test_a_learning_curve_is_dotted_beyond_what_was_measured(axis):
    sizes, law = np.array([50, 100, 200, 400, 800]), np.ones((3, 5))
    draw_learning_curve(axis, np.array([50, 100, 200]), np.array([3, 2, 1]), sizes, law)
    known, beyond, _ = axis.lines
    assert known.get_xdata().max() == 200
    assert beyond.get_xdata().min() == 200
    assert beyond.get_linestyle() == ":"
