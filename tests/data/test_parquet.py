"""A Parquet table larger than memory: counts, batches, samples, and who trains."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pearlite.data.parquet import Parquet, is_parquet
from pearlite.data.part_rule import PartRule
from pearlite.errors import InputError


@pytest.fixture
def frame():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": random.normal(size=9000),
            "lab": random.choice(list("abcdefghijklmnopqrst"), 9000),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(9000), "h"),
        }
    )


@pytest.fixture
def table(frame, tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    frame[:4000].to_parquet(folder / "a.parquet", row_group_size=700)
    frame[4000:].to_parquet(folder / "b.parquet", row_group_size=5000)
    return Parquet.open(folder)


def all_rows(table, **options):
    return pd.concat(table.batches(rows=300, **options))


def test_batches_are_the_rows_of_all_files_in_order_with_their_numbers(table, frame):
    assert table.rows == 9000
    read = all_rows(table)
    assert read.index.tolist() == list(range(9000))
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)
    assert all(len(batch) <= 300 for batch in table.batches(rows=300))


def test_only_the_columns_that_are_asked_for_are_read(table):
    assert list(all_rows(table, columns=["lab"])) == ["lab"]


def test_a_sample_is_reproducible_and_comes_from_all_over_the_table(table, frame):
    sample = table.sample(1000, seed=3)
    assert len(sample) == 1000
    assert sample.index.is_unique
    pd.testing.assert_frame_equal(sample, frame.loc[sample.index], check_dtype=False)
    pd.testing.assert_frame_equal(sample, table.sample(1000, seed=3))
    assert not sample.index.equals(table.sample(1000, seed=4).index)
    assert np.histogram(sample.index, 9, (0, 9000))[0].min() > 70


def test_a_sample_of_more_rows_than_there_are_is_the_table(table, frame):
    assert len(table.sample(20_000, seed=0)) == len(frame)


def test_decimals_are_numbers(tmp_path):
    amounts = pa.array([1, 2], pa.decimal128(5, 2))
    pq.write_table(pa.table({"amount": amounts}), tmp_path / "t.parquet")
    assert all_rows(Parquet.open(tmp_path / "t.parquet"))["amount"].tolist() == [1.0, 2.0]


def test_the_index_that_pandas_stored_is_no_column(tmp_path):
    pd.DataFrame({"x": [1, 2]}, index=[5, 7]).to_parquet(tmp_path / "t.parquet")
    assert Parquet.open(tmp_path / "t.parquet").columns == ["x"]


def write(path, columns):
    pq.write_table(pa.table(columns), path)
    return path


def test_bad_files_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"holds no \.parquet file"):
        Parquet.open(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        Parquet.open(tmp_path / "gone.parquet")
    (tmp_path / "words.parquet").write_text("no table")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        Parquet.open(tmp_path / "words.parquet")
    with pytest.raises(InputError, match="no rows"):
        Parquet.open(write(tmp_path / "empty.parquet", {"x": pa.array([], pa.int64())}))
    with pytest.raises(InputError, match=r"'x' .* no single value"):
        Parquet.open(write(tmp_path / "lists.parquet", {"x": [[1, 2], [3]]}))
    whole = write(tmp_path / "whole.parquet", {"x": np.random.default_rng(0).random(5000)})
    bad = bytearray(whole.read_bytes())
    bad[20:-2000] = bytes(len(bad) - 2020)
    whole.write_bytes(bad)
    with pytest.raises(InputError, match="damaged or has changed"):
        list(Parquet.open(whole).batches())


def test_files_of_one_table_have_one_kind_of_columns(tmp_path):
    write(tmp_path / "a.parquet", {"x": [1]})
    write(tmp_path / "b.parquet", {"y": [1]})
    with pytest.raises(InputError, match="other columns or types"):
        Parquet.open(tmp_path)


def test_parquet_is_told_by_its_name_or_what_a_folder_holds(table, tmp_path):
    assert is_parquet(table.source)
    assert is_parquet("t.parquet")
    assert not is_parquet("t.csv")
    (tmp_path / "images").mkdir()
    assert not is_parquet(tmp_path / "images")
    assert not is_parquet(pd.DataFrame())


def parts(rule, table, rows=300):
    return np.concatenate([rule.parts(batch) for batch in table.batches(rows=rows)])


def test_rows_are_divided_by_their_number_however_they_are_read(table):
    rule = PartRule.learn(table, seed=1)
    found = parts(rule, table)
    assert np.array_equal(found, parts(rule, table, rows=5000))
    assert np.bincount(found) / len(found) == pytest.approx([0.7, 0.2, 0.1], abs=0.02)
    assert not np.array_equal(found, parts(PartRule.learn(table, seed=2), table))
    assert PartRule.learn(table, seed=1).hash == rule.hash != PartRule.learn(table, seed=2).hash


def test_no_group_is_in_two_parts(table, frame):
    found = pd.Series(parts(PartRule.learn(table, group=["lab"], seed=0), table))
    assert found.groupby(frame["lab"]).nunique().eq(1).all()
    assert found.nunique() > 1


def test_by_time_the_test_part_is_the_latest(table, frame):
    rule = PartRule.learn(table, time="day")
    found = parts(rule, table)
    assert np.bincount(found) / len(found) == pytest.approx([0.7, 0.2, 0.1], abs=0.01)
    assert (np.diff(found) >= 0).all()
    assert "the earliest rows" in rule.why


def test_some_rows_are_divided_as_the_whole_table_is(table):
    rule = PartRule.learn(table, seed=5)
    sample = table.sample(2000, seed=0)
    divided = rule.split(sample)
    for number, places in enumerate((divided.train, divided.validation, divided.test)):
        assert (rule.parts(sample.iloc[places]) == number).all()


def test_what_cannot_be_divided_is_refused(tmp_path):
    path = write(tmp_path / "t.parquet", {"lab": ["a", None, "b"], "day": [1.0, 1.0, 1.0]})
    table = Parquet.open(path)
    (rows,) = table.batches()
    with pytest.raises(InputError, match="lab is missing in row 2"):
        PartRule(group=("lab",)).parts(rows)
    with pytest.raises(InputError, match="differ too little"):
        PartRule.learn(table, time="day")
    with pytest.raises(InputError, match="by group or by time"):
        PartRule.learn(table, time="day", group=["lab"])
    with pytest.raises(InputError, match="neither a number nor a date"):
        PartRule.learn(Parquet.open(write(tmp_path / "u.parquet", {"t": list("abc")})), time="t")
    with pytest.raises(InputError, match="falls into the"):
        PartRule().split(rows)
