import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.learning_curve import learning_curve

SIZES = [50, 100, 200, 400, 800]


def law(n, a=3.0, b=0.6, c=0.05):
    return a * n**-b + c


def noisy(seed, scatter=0.1, repeats=3, **constants):
    random = np.random.default_rng(seed)
    return lambda n: law(n, **constants) * np.exp(scatter * random.standard_normal(repeats))


@pytest.mark.parametrize("constants", [{}, {"b": 0.3, "c": 0.0}, {"a": 40.0, "b": 1.0, "c": 0.2}])
def test_finds_the_law(constants):
    curve = learning_curve(lambda n: law(n, **constants), SIZES)
    assert curve.at(3200).value == pytest.approx(law(3200, **constants), rel=0.01)
    assert curve.b == pytest.approx(constants.get("b", 0.6), abs=0.02)
    assert curve.c == pytest.approx(constants.get("c", 0.05), abs=0.01)


def test_the_interval_holds_a_new_measurement_as_often_as_it_says():
    inside = 0
    for seed in range(50):
        measure = noisy(seed)
        interval = learning_curve(measure, SIZES).at(1600)
        inside += interval.low <= measure(1600)[0] <= interval.high
    assert inside >= 42  # 95 % of 50, less the spread of so few


def test_more_repeats_narrow_what_more_data_would_bring():
    few, many = (learning_curve(noisy(0, repeats=r), SIZES).resampled for r in (2, 30))
    assert many[:, 1].std() < few[:, 1].std()


@pytest.mark.parametrize("seed", range(3))
def test_says_whether_more_data_are_worth_it(seed):
    steep = learning_curve(noisy(seed, 0.03, c=0.0), SIZES).worth(2)
    flat = learning_curve(noisy(seed, 0.03, a=0.5, b=1.0, c=0.3), SIZES).worth(2)
    assert steep.startswith("2 times the data (800 to 1600 samples)")
    assert steep.endswith(": worth it.")
    assert flat.endswith(": not worth much.")


def test_errors_that_grow_leave_a_flat_law():
    curve = learning_curve(lambda n: n / 100, SIZES)
    assert curve.at(1600).value <= max(SIZES) / 100
    assert curve.worth().endswith(("open.", "not worth much."))


def test_same_seed_same_intervals():
    first, second, other = (learning_curve(noisy(0), SIZES, seed=s).at(1600) for s in (1, 1, 2))
    assert first == second != other


def test_every_size_is_fitted_once_and_a_zero_among_errors_is_borne():
    asked = []

    def fit_at(n):
        asked.append(n)
        return [law(n), 0.0 if n == 800 else law(n)]

    curve = learning_curve(fit_at, SIZES)
    assert asked == SIZES
    assert curve.errors.tolist()[-1] == 0
    assert 0 < curve.at(800).value < law(400)


@pytest.mark.parametrize(
    ("error", "sizes", "message"),
    [
        (0.1, [100, 200, 400], "four different sizes"),
        (0.1, [0, 1, 2, 3], "four different sizes"),
        (float("nan"), SIZES, "expected positive"),
        (-1.0, SIZES, "expected positive"),
        (0.0, SIZES, "expected positive"),
    ],
)
def test_what_is_no_curve_is_refused(error, sizes, message):
    with pytest.raises(InputError, match=message):
        learning_curve(lambda n: error, sizes)
