"""A table's columns become matrices that are learnt from training rows only."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from pearlite.errors import InputError
from pearlite.recipes.tabular.features import Features

ROWS = 300


@pytest.fixture
def frame() -> pd.DataFrame:
    """Rows with a column of every kind, each with a missing value."""
    random = np.random.default_rng(0)
    words = ["annealed", "quenched", "rolled", "cast", "ground", "etched"]
    table = pd.DataFrame(
        {
            "strain": random.normal(size=ROWS),
            "dose": 10 ** random.uniform(-4, 4, ROWS),
            "sound": random.choice([True, False], ROWS),
            "phase": random.choice(["alpha", "beta", "gamma"], ROWS, p=[0.6, 0.3, 0.1]),
            "made": pd.date_range("2024-01-01", periods=ROWS, freq="31h").astype(str),
            "note": [" ".join(random.choice(words, 6)) for _ in range(ROWS)],
            "alloy": random.choice(["Fe2O3", "NiTi", "Al0.9Cu0.1", "Fe0.5Ni0.5"], ROWS),
        }
    )
    for row, name in enumerate(["strain", "dose", "phase", "made", "note", "alloy"]):
        table.loc[row, name] = None
    return table


KINDS = {
    "strain": "number",
    "dose": "number",
    "sound": "number",
    "phase": "category",
    "made": "date",
    "note": "text",
    "alloy": "composition",
}


@pytest.fixture
def features(frame: pd.DataFrame) -> Features:
    return Features.learn(frame, kinds=KINDS)


@pytest.mark.parametrize("encoding", ["tree", "dense"])
@pytest.mark.parametrize("composition", ["fractions", "statistics", "both"])
def test_every_feature_has_a_name_and_a_column_of_its_own(frame, features, encoding, composition):
    matrix = features.matrix(frame, encoding, composition)
    names = features.names(encoding, composition)
    sources = features.source_columns(encoding, composition)
    assert matrix.shape == (ROWS, len(names))
    assert matrix.dtype == np.float64
    assert len(set(names)) == len(names)
    assert set(sources) == set(frame)
    assert all(name.startswith(source) for name, source in zip(names, sources, strict=True))


def test_trees_see_missing_values_and_sums_see_none(frame, features):
    tree = pd.DataFrame(features.matrix(frame, "tree"), columns=features.names("tree"))
    dense = pd.DataFrame(features.matrix(frame, "dense"), columns=features.names("dense"))
    assert tree["strain"].isna().tolist() == frame["strain"].isna().tolist()
    assert not dense.isna().to_numpy().any()
    assert dense["strain (number) is missing"].tolist() == frame["strain"].isna().tolist()


def test_one_outlier_does_not_decide_the_scale(frame):
    wild = frame.assign(strain=frame["strain"].fillna(0))
    wild.loc[5, "strain"] = 1e9
    scaled = Features.learn(wild, kinds={"strain": "number"}).matrix(wild, "dense")[:, 0]
    assert 0.8 < scaled[wild["strain"] < 10].std() < 1.2
    assert scaled.max() < 30


def test_values_over_decades_become_logarithms(frame, features):
    place = features.names("dense").index("dose")
    scaled = features.matrix(frame, "dense")[:, place]
    present = frame["dose"].notna()
    linear = np.corrcoef(scaled[present], np.log(frame["dose"][present]))[0, 1]
    assert linear > 0.999


def test_categories_are_coded_by_frequency_and_new_ones_share_a_code(frame, features):
    new = frame.head(3).assign(phase=["alpha", "beta", "omega"])
    codes = features.matrix(new, "tree")[:, features.names("tree").index("phase")]
    assert codes.tolist() == [0, 1, 3]
    dense = pd.DataFrame(features.matrix(new, "dense"), columns=features.names("dense"))
    assert dense["phase = alpha"].tolist() == [1, 0, 0]
    assert dense["phase = another"].tolist() == [0, 0, 1]


def test_a_category_is_the_same_however_a_file_wrote_it():
    learnt = Features.learn(pd.DataFrame({"lab": ["1", "2", "1", "2"]}), kinds={"lab": "category"})
    assert learnt.matrix(pd.DataFrame({"lab": [2.0, 1.0]})).ravel().tolist() == [1, 0]


def test_dates_tell_when_and_where_in_the_week(frame, features):
    tree = pd.DataFrame(features.matrix(frame, "tree"), columns=features.names("tree"))
    moments = pd.to_datetime(frame["made"])
    assert tree["made: weekday"][10:].tolist() == moments.dt.day_of_week[10:].tolist()
    seconds = 3600 * moments.dt.hour
    assert tree["made: second of the day"][10:].tolist() == seconds[10:].tolist()


def test_texts_alike_are_near_in_topics(features):
    texts = ["annealed annealed annealed", "annealed annealed", "etched ground cast"]
    new = pd.DataFrame({name: [None] * 3 for name in KINDS}).assign(note=texts)
    topics = [name.startswith("note: topic") for name in features.names("tree")]
    near = features.matrix(new, "tree")[:, topics]
    assert np.linalg.norm(near[0] - near[1]) < np.linalg.norm(near[0] - near[2])


def test_an_alloy_of_elements_in_training_is_their_shares(features, frame):
    new = frame.head(1).assign(alloy="Ti3Fe")
    row = dict(zip(features.names(), features.matrix(new)[0], strict=True))
    assert (row["alloy: Ti"], row["alloy: Fe"], row["alloy: Cu"]) == (0.75, 0.25, 0)


def test_features_survive_json_exactly(frame, features):
    again = Features.from_dict(json.loads(json.dumps(features.to_dict(), allow_nan=False)))
    assert again.kinds == features.kinds
    assert again.parts == features.parts
    for encoding in ("tree", "dense"):
        np.testing.assert_array_equal(
            again.matrix(frame, encoding), features.matrix(frame, encoding)
        )


def test_other_rows_do_not_change_what_was_learnt(frame, features):
    part = features.matrix(frame.iloc[[40, 7, 99]], "dense")
    np.testing.assert_array_equal(part, features.matrix(frame, "dense")[[40, 7, 99]])


def test_additional_columns_and_another_order_do_not_matter(frame, features):
    other = frame[frame.columns[::-1]].assign(more=1)
    np.testing.assert_array_equal(features.matrix(other), features.matrix(frame))


def test_a_lacking_column_is_named(frame, features):
    with pytest.raises(InputError, match="'dose'"):
        features.matrix(frame.drop(columns="dose"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("strain", "numbers"), ("made", "dates"), ("alloy", "chemical formulas")],
)
def test_words_where_training_had_something_else_are_refused(frame, features, name, expected):
    with pytest.raises(InputError, match=f"'{name}' held {expected}.*'what'"):
        features.matrix(frame.assign(**{name: "what"}))


def test_infinities_are_refused_with_their_place(frame, features):
    frame.loc[6, "strain"] = np.inf
    with pytest.raises(InputError, match=r"'strain'.*row 7"):
        features.matrix(frame)


def test_columns_that_say_nothing_are_left_out(frame):
    kinds = {"strain": "number", "phase": "constant", "note": "identifier"}
    assert Features.learn(frame, kinds=kinds).names() == ["strain"]
    with pytest.raises(InputError, match="no input column is of use"):
        Features.learn(frame, kinds={"phase": "constant", "note": "identifier"})


def test_kinds_are_found(frame):
    found = Features.learn(frame).kinds
    assert found == KINDS


def test_numbers_that_count_the_rows_are_used_only_alone():
    counter = np.arange(50)
    both = pd.DataFrame({"run": counter, "heat": np.sqrt(counter)})
    assert Features.learn(both).names() == ["heat"]
    assert Features.learn(both[["run"]]).names() == ["run"]


def test_a_million_categories_stay_small_and_quick():
    random = np.random.default_rng(0)
    table = pd.DataFrame({"serial": random.integers(0, 10**6, 10**6).astype(str)})
    started = time.process_time()
    learnt = Features.learn(table, kinds={"serial": "category"})
    assert learnt.matrix(table).shape == (10**6, 1)
    assert time.process_time() - started < 20
    assert len(json.dumps(learnt.to_dict())) < 20_000
