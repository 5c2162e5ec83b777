import numpy as np
import pytest
from sklearn import metrics as reference

from pearlite.errors import InputError
from pearlite.judge.scores import DEFAULTS, GOALS, METRICS, chosen, pinball


@pytest.fixture
def random():
    return np.random.default_rng(0)


def shares_of(random, count, classes):
    return random.dirichlet(np.ones(classes), count).round(2)[:, :-1]


def filled(shares):
    return np.column_stack([shares, 1 - shares.sum(1)]).clip(0)


NUMBERS = {
    "mae": reference.mean_absolute_error,
    "rmse": reference.root_mean_squared_error,
    "r2": reference.r2_score,
    "median_ae": reference.median_absolute_error,
    "mape": reference.mean_absolute_percentage_error,
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("count", [2, 50, 51])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_numbers_are_scikit_learns(random, name, count, weighted):
    truth, answer = random.normal(7, 1, (2, count))
    weight = random.uniform(0.1, 2, count) if weighted else None
    expected = NUMBERS[name](truth, answer, sample_weight=weight)
    assert METRICS[name](truth, answer, weight) == pytest.approx(expected)


def test_largest_error_leaves_away_what_has_no_weight():
    assert METRICS["max_error"]([0.0, 0.0, 0.0], [1.0, -3.0, 9.0]) == 9
    assert METRICS["max_error"]([0.0, 0.0, 0.0], [1.0, -3.0, 9.0], [1, 1, 0]) == 3


LABELS = {
    "accuracy": reference.accuracy_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "f1_macro": lambda t, a, sample_weight: reference.f1_score(
        t, a, average="macro", sample_weight=sample_weight
    ),
    "mcc": reference.matthews_corrcoef,
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_labels_are_scikit_learns(random, name, classes, weighted):
    truth, answer = random.integers(classes, size=(2, 80))
    weight = random.uniform(0.1, 2, 80) if weighted else None
    expected = LABELS[name](truth, answer, sample_weight=weight)
    assert METRICS[name](truth, answer, weight) == pytest.approx(expected)


def test_f1_is_of_class_one(random):
    truth, answer = random.integers(2, size=(2, 80))
    assert METRICS["f1"](truth, answer) == pytest.approx(reference.f1_score(truth, answer))
    assert METRICS["f1"]([0, 0], [0, 0]) == 0


def test_labels_are_the_most_probable_classes(random):
    truth, shares = random.integers(3, size=80), filled(shares_of(random, 80, 3))
    for name in LABELS:
        assert METRICS[name](truth, shares) == METRICS[name](truth, shares.argmax(1))


def test_absent_classes_do_not_count_in_balanced_accuracy():
    assert METRICS["balanced_accuracy"]([0, 0, 2, 2], [0, 1, 2, 2]) == 0.75


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_two_probabilities_are_scikit_learns(random, weighted):
    truth, share = random.integers(2, size=90), random.random(90).round(1)  # with ties
    weight = random.uniform(0.1, 2, 90) if weighted else None
    for name, expected in {
        "roc_auc": reference.roc_auc_score,
        "average_precision": reference.average_precision_score,
        "log_loss": reference.log_loss,
        "brier": reference.brier_score_loss,
    }.items():
        want = pytest.approx(expected(truth, share, sample_weight=weight))
        assert METRICS[name](truth, share, weight) == want
        assert METRICS[name](truth, np.column_stack([1 - share, share]), weight) == want


def test_scores_of_many_probabilities_are_scikit_learns(random):
    truth, shares = random.integers(4, size=90), filled(shares_of(random, 90, 4))
    auc = reference.roc_auc_score(truth, shares, multi_class="ovr")
    assert METRICS["roc_auc"](truth, shares) == pytest.approx(auc)
    precision = reference.average_precision_score(np.eye(4)[truth], shares)
    assert METRICS["average_precision"](truth, shares) == pytest.approx(precision)
    assert METRICS["brier"](truth, shares) == pytest.approx(
        ((shares - np.eye(4)[truth]) ** 2).sum(1).mean()
    )


def test_roc_auc_of_one_class_is_not_defined():
    assert np.isnan(METRICS["roc_auc"]([1, 1], [0.2, 0.3]))


def test_quantiles(random):
    truth, answer = random.normal(size=40), np.sort(random.normal(size=(40, 3)), 1)
    levels = [0.1, 0.5, 0.9]
    each = [
        reference.mean_pinball_loss(truth, column, alpha=level)
        for column, level in zip(answer.T, levels, strict=True)
    ]
    assert pinball(levels)(truth, answer) == pytest.approx(np.mean(each))
    inside = (truth >= answer[:, 0]) & (truth <= answer[:, 2])
    assert METRICS["coverage"](truth, answer) == pytest.approx(inside.mean())
    assert METRICS["width"](truth, answer) == pytest.approx((answer[:, 2] - answer[:, 0]).mean())


def test_every_goal_has_metrics_that_are_made_for_it():
    for goal in GOALS:
        assert chosen(goal).name == DEFAULTS[goal][0]
        for name in DEFAULTS[goal]:
            assert goal in chosen(goal, name).goals


def test_pinball_is_made_for_the_levels_asked():
    metric = chosen("quantiles", "pinball", [0.25])
    assert metric([1.0, 2.0], [[0.0], [0.0]]) == pytest.approx(0.25 * 1.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: chosen("regresion"), "goal is 'regresion'"),
        (lambda: chosen("regression", "accuracy"), "is not for regression"),
        (lambda: chosen("regression", "mea"), "did you mean mae"),
        (lambda: METRICS["mae"]([1.0, np.nan], [1.0, 2.0]), "truth holds missing"),
        (lambda: METRICS["mae"]([1.0], [np.inf]), "answer holds missing"),
        (lambda: METRICS["mae"]([1.0], ["a"]), "no number"),
        (lambda: METRICS["mae"]([1.0], [1.0, 2.0]), "one length"),
        (lambda: METRICS["mae"]([], []), "at least 1"),
        (lambda: METRICS["mae"]([1.0], [1.0], [0.0]), "not all 0"),
        (lambda: METRICS["mae"]([1.0], [1.0], [1.0, 1.0]), "one for each of 1"),
        (lambda: METRICS["mape"]([0.0], [1.0]), "take mae"),
        (lambda: METRICS["accuracy"](["a"], ["a"]), "whole numbers"),
        (lambda: METRICS["accuracy"]([-1], [0]), "negative"),
        (lambda: METRICS["accuracy"]([0, 1], [0]), "2 true classes but 1"),
        (lambda: METRICS["log_loss"]([0, 2], [0.5, 0.5]), "a column of probabilities"),
        (lambda: METRICS["log_loss"]([0, 1], [[0.5, 0.2], [0.5, 0.5]]), "summing to 1"),
        (lambda: METRICS["pinball"]([1.0], [[1.0]]), "expected 3, one a quantile"),
        (lambda: METRICS["coverage"]([1.0], [1.0]), r"\(N, Q\)"),
        (lambda: pinball([0.5, 1.0]), "between 0 and 1"),
    ],
)
def test_wrong_input_to_a_metric_is_named(call, words):
    with pytest.raises(InputError, match=words):
        call()
