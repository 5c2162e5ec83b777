"""The estimators keep scikit-learn's contract, and what they learnt survives in a folder."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import check_estimator

from pearlite.errors import InputError
from pearlite.recipes.tabular import TabularClassifier, TabularRegressor
from pearlite.recipes.tabular.files import MODEL, load

QUICK = {"quality": "fast", "threads": 1}
BOTH = [TabularRegressor(**QUICK), TabularClassifier(**QUICK)]
TRAIN = slice(None, 300)
TEST = slice(300, None)


@pytest.fixture(scope="module")
def diabetes() -> tuple[pd.DataFrame, pd.Series]:
    return load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def regressor(diabetes) -> TabularRegressor:
    table, target = diabetes
    return TabularRegressor(**QUICK).fit(table[TRAIN], target[TRAIN])


@pytest.fixture(scope="module")
def classifier() -> TabularClassifier:
    table, target = load_wine(return_X_y=True)
    return TabularClassifier(**QUICK).fit(
        table, np.array(["Barolo", "Grignolino", "Barbera"])[target]
    )


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    """A table with columns of many kinds, some of them with missing values."""
    random = np.random.default_rng(0)
    count = 120
    table = pd.DataFrame(
        {
            "alloy": random.choice(["Fe2O3", "NiTi", "Al0.9Cu0.1", "Fe0.5Ni0.5"], count),
            "heat": random.normal(500, 50, count),
            "lab": random.choice(["Oslo", "Graz", "Kyoto"], count),
            "made": pd.date_range("2024-01-01", periods=count, freq="31h"),
        }
    )
    table["strength"] = table["heat"] + 100 * (table["alloy"] == "NiTi") + random.normal(size=count)
    table.loc[3, ["heat", "made"]] = None
    table.loc[4, ["alloy", "lab"]] = None
    return table


@pytest.mark.slow
@pytest.mark.parametrize("estimator", BOTH, ids=lambda estimator: type(estimator).__name__)
def test_scikit_learn_finds_its_contract_kept(estimator):
    # As for scikit-learn's own forests and boosted trees, a row that counts twice is not quite two
    # rows: bootstrap and folds draw rows.
    differs = {"check_sample_weight_equivalence_on_dense_data": "rows are drawn"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(
            estimator, expected_failed_checks=differs, on_skip=None, on_fail=None
        )
    assert len(found) > 50
    assert [each["check_name"] for each in found if each["status"] == "failed"] == []


def test_numbers_are_predicted_and_intervals_hold_them(diabetes, regressor):
    table, target = diabetes[0][TEST], diabetes[1][TEST]
    assert regressor.score(table, target) > 0.4
    for coverage in (0.5, 0.9):
        low, high = regressor.predict_interval(table, coverage).T
        assert abs(((low <= target) & (target <= high)).mean() - coverage) < 0.1


def test_intervals_widen_with_coverage(diabetes, regressor):
    widths = [
        np.ptp(regressor.predict_interval(diabetes[0][TEST], coverage), axis=1).mean()
        for coverage in (0.5, 0.8, 0.95)
    ]
    assert widths == sorted(widths)
    with pytest.raises(InputError, match=r"coverage is 90"):
        regressor.predict_interval(diabetes[0][TEST], 90)


def test_quantiles_come_in_the_order_asked_for(diabetes):
    table, target = diabetes
    model = TabularRegressor(quantiles=(0.9, 0.1), **QUICK).fit(table[TRAIN], target[TRAIN])
    high, low = model.predict_quantiles(table[TEST]).T
    middle = model.predict(table[TEST])
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert abs((target[TEST] <= high).mean() - 0.9) < 0.1
    held = model.predict_interval(table[TEST], 0.9)
    assert abs(((held[:, 0] <= target[TEST]) & (target[TEST] <= held[:, 1])).mean() - 0.9) < 0.1


def test_quantiles_that_were_not_learnt_are_refused(diabetes, regressor):
    with pytest.raises(InputError, match="no quantiles were learnt"):
        regressor.predict_quantiles(diabetes[0][TEST])


def test_classes_are_named_as_they_were_given(classifier):
    table, target = load_wine(return_X_y=True)
    assert classifier.classes_.tolist() == ["Barbera", "Barolo", "Grignolino"]
    shares = classifier.predict_proba(table)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    named = np.array(["Barolo", "Grignolino", "Barbera"])[target]
    assert (classifier.predict(table) == named).mean() > 0.95


def test_a_table_of_many_kinds_is_learnt(mixed):
    inputs, target = mixed.drop(columns="strength"), mixed["strength"]
    model = TabularRegressor(**QUICK).fit(inputs, target)
    assert set(model.portfolio_.features.kinds.values()) == {
        "composition",
        "number",
        "category",
        "date",
    }
    assert model.score(inputs, target) > 0.7
    shuffled = inputs[inputs.columns[::-1]].assign(more="words")
    np.testing.assert_array_equal(model.predict(shuffled), model.predict(inputs))
    with pytest.raises(InputError, match=r"lacks 1 of the columns.*'heat'"):
        model.predict(inputs.drop(columns="heat"))
    with pytest.raises(InputError, match="'heat' held numbers"):
        model.predict(inputs.assign(heat="hot"))


def test_polars_and_pandas_say_the_same(mixed):
    plain = mixed.dropna()
    inputs, target = plain[["heat", "lab", "made"]], plain["strength"]
    expected = TabularRegressor(**QUICK).fit(inputs, target).predict(inputs[:5])
    other = pl.from_pandas(inputs)
    found = TabularRegressor(**QUICK).fit(other, target.to_numpy()).predict(other[:5])
    np.testing.assert_allclose(found, expected)


def test_it_goes_into_scikit_learn_like_any_other(diabetes):
    scores = cross_val_score(TabularRegressor(**QUICK), *diabetes, cv=3)
    assert scores.mean() > 0.4


def test_groups_are_never_on_two_sides_of_a_fold(diabetes):
    table, target = diabetes
    groups = np.arange(len(table)) // 20
    model = TabularRegressor(**QUICK).fit(table, target, groups=groups)
    sides = pd.Series(model.portfolio_.folds).groupby(groups).nunique()
    assert (sides == 1).all()


def test_with_time_every_fold_learns_from_the_past(diabetes):
    table, target = diabetes
    days = pd.date_range("2020-01-01", periods=len(table))
    folds = TabularRegressor(**QUICK).fit(table, target, time=days).portfolio_.folds
    assert folds[0] == -1
    assert (np.diff(folds) >= 0).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sample_weight": [0.0] * 30}, "every sample weight is zero"),
        ({"sample_weight": [1.0] * 29 + [-1.0]}, "weights"),
        ({"groups": ["a"] * 29 + [None]}, "groups must give each of 30 rows a label"),
        ({"time": ["yesterday"] * 30}, "neither numbers nor dates"),
        ({"time": [1.0] * 20}, "time must give each of 30 rows"),
    ],
)
def test_declarations_that_do_not_fit_are_refused(given, message):
    random = np.random.default_rng(0)
    with pytest.raises(InputError, match=message):
        TabularRegressor(**QUICK).fit(random.normal(size=(30, 2)), random.normal(size=30), **given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quality": "good"}, "quality is 'good'; expected one of fast, balanced, best"),
        ({"minutes": -1}, "minutes is -1; expected a number, 0 or more"),
        ({"metric": "accuracy"}, "the metric 'accuracy' is not for regression"),
        ({"quantiles": (0.5, 5)}, "must lie between 0 and 1"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    random = np.random.default_rng(0)
    with pytest.raises(InputError, match=message):
        TabularRegressor(**options).fit(random.normal(size=(30, 2)), random.normal(size=30))


def test_a_target_of_another_kind_is_refused():
    table = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(InputError, match="use TabularClassifier"):
        TabularRegressor(**QUICK).fit(table, ["hard", "soft"] * 15)
    with pytest.raises(InputError, match="the target has 1 class, 'hard'"):
        TabularClassifier(**QUICK).fit(table, ["hard"] * 30)
    with pytest.raises(InputError, match="mixes kinds of classes"):
        TabularClassifier(**QUICK).fit(table, np.array(["hard", 1] * 15, dtype=object))
    with pytest.raises(InputError, match="the target holds dates"):
        TabularRegressor(**QUICK).fit(table, pd.date_range("2026-01-01", periods=30))


def test_a_loaded_regressor_answers_exactly_as_the_saved_one(tmp_path, diabetes, regressor):
    again = TabularRegressor.load(regressor.save(tmp_path / "model"))
    table = diabetes[0][TEST]
    np.testing.assert_array_equal(again.predict(table), regressor.predict(table))
    np.testing.assert_array_equal(again.predict_interval(table), regressor.predict_interval(table))
    assert again.get_params() == regressor.get_params()
    assert again.feature_names_in_.tolist() == list(table.columns)
    assert again.n_features_in_ == table.shape[1]


def test_a_loaded_classifier_answers_exactly_as_the_saved_one(tmp_path, classifier):
    again = load(classifier.save(tmp_path / "model"))
    assert isinstance(again, TabularClassifier)
    table = load_wine().data
    np.testing.assert_array_equal(again.predict_proba(table), classifier.predict_proba(table))
    np.testing.assert_array_equal(again.predict(table), classifier.predict(table))
    assert again.classes_.dtype == classifier.classes_.dtype


def test_a_model_holds_no_pickle(tmp_path, classifier):
    files = [path for path in classifier.save(tmp_path / "model").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".txt", ".safetensors"}


def test_saving_again_replaces_the_older_model(tmp_path, classifier, regressor):
    regressor.save(tmp_path / "model")
    classifier.save(tmp_path / "model")
    assert isinstance(load(tmp_path / "model"), TabularClassifier)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    with pytest.raises(InputError, match="holds a TabularClassifier"):
        TabularRegressor.load(tmp_path / "model")


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no model\.json"):
        load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts.pop("portfolio"),
        lambda facts: facts.update(estimator="Oracle"),
        lambda facts: facts["portfolio"]["features"].update(parts=[{}]),
        lambda facts: facts.update(format=99),
    ],
)
def test_a_damaged_model_is_refused(tmp_path: Path, regressor, change):
    path = regressor.save(tmp_path / "model") / MODEL
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))
    with pytest.raises(InputError, match=r"damaged|format 99"):
        load(path.parent)


@pytest.mark.parametrize(
    ("option", "wrong"),
    [("quantiles", "high"), ("quantiles", 0.5), ("minutes", "1"), ("seed", None)],
)
def test_an_option_of_the_wrong_type_is_told(option: str, wrong: object) -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(InputError, match=option):
        TabularRegressor(quality="fast", **{option: wrong}).fit(x, x[:, 0])


def test_numbers_beyond_32_bits_are_told_in_training_and_cut_in_new_rows() -> None:
    x = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(InputError, match="in another unit"):
        TabularRegressor(quality="fast").fit(x * [1e200, 1], x[:, 1])
    model = TabularRegressor(quality="fast", threads=1).fit(x, x[:, 0])
    assert np.isfinite(model.predict([[1e200, 0.0]])).all()
