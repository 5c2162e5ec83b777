"""Tables are read from any file or object; what is wrong with them is said in one sentence."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import feather

from pearlite.data.table import read_table
from pearlite.errors import InputError

PLAIN = pd.DataFrame(
    {"name": ["a", "b", "c"], "x": [1, 2, 3], "y": [0.5, np.nan, 2.5], "ok": [True, False, True]}
)


def write(folder: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def read(folder: Path, text: str, **options: Any) -> dict[str, list]:
    frame = read_table(write(folder, text, **options))
    return {name: frame[name].tolist() for name in frame.columns}


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, mark: str) -> None:
    text = PLAIN.to_csv(sep=mark, index=False)
    pd.testing.assert_frame_equal(read_table(write(tmp_path, text)), PLAIN, check_dtype=False)


def test_numbers_between_spaces_are_a_table(tmp_path: Path) -> None:
    assert read(tmp_path, "  x   y\n 1  2.5\n 10  -3e2 \n") == {"x": [1, 10], "y": [2.5, -300.0]}


def test_commas_in_numbers_do_not_divide_fields(tmp_path: Path) -> None:
    text = "temp, C;strength\n1,5;2,25\n-0,5;1.234,5\n3;4\n"
    assert read(tmp_path, text) == {"temp, C": [1.5, -0.5, 3.0], "strength": [2.25, 1234.5, 4.0]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_do_not_matter(tmp_path: Path, encoding: str, end: str) -> None:
    text = end.join(["Härte,größe", "weich,1", "süß,2", ""])
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    frame = read_table(path)
    assert frame["Härte"].tolist() == ["weich", "süß"]
    assert ("Windows-1252" in str(frame.attrs["notes"])) == (encoding == "cp1252")


def test_quoted_fields_keep_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    text = 'a,b\n"x, ""y""",1\n"two\nlines",2\n'
    assert read(tmp_path, text) == {"a": ['x, "y"', "two\nlines"], "b": [1, 2]}


def test_comments_and_empty_lines_and_columns_are_no_content(tmp_path: Path) -> None:
    text = "# from the lab\n\n#again\na,b,,\n1,2,,\n# between\n\n3,4,,\n,,,\n\n"
    frame = read_table(write(tmp_path, text))
    assert frame.to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    assert "2 columns were dropped that had neither name nor content" in frame.attrs["notes"]


def test_names_in_a_comment_are_names_where_the_lines_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "numpy.csv"
    for mark in (",", " ", "\t"):
        np.savetxt(path, np.eye(2), delimiter=mark, header=f"p{mark}q")
        assert read_table(path).to_dict("list") == {"p": [1, 0], "q": [0, 1]}


def test_without_names_columns_are_numbered(tmp_path: Path) -> None:
    assert read(tmp_path, "1,2\n3,4\n5,6\n") == {"x1": [1, 3, 5], "x2": [2, 4, 6]}


def test_row_names_without_a_header_field_are_a_column(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\nr1,1,2\nr2,3,4\n")["a"] == [1, 3]


def test_fields_in_quotes_between_spaces_stay_whole(tmp_path: Path) -> None:
    text = '"a" "b c"\n"r 1" 5 6\n"r 2" 7 8\n'
    assert read(tmp_path, text) == {"column 1": ["r 1", "r 2"], "a": [5, 7], "b c": [6, 8]}


def test_a_line_of_units_below_the_header_is_left_out_and_said(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path, "load,strain,kind\nkN,%,\n1,2.5,a\n2,3.5,b\n3,4.5,c\n"))
    assert frame["load"].tolist() == [1, 2, 3]
    assert frame["kind"].tolist() == ["a", "b", "c"]
    assert "names units (kN, %, )" in frame.attrs["notes"][0]
    words = read_table(write(tmp_path, "a,b,c\nx,y,z\n1,p,a\n2,q,b\n3,r,c\n"))
    assert len(words) == 4


def test_an_open_quotation_mark_is_named_as_a_cause(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a quotation mark is not closed"):
        read(tmp_path, 'a,b\n"x,1\ny,2\nz,3\n')


def test_excels_own_line_about_the_delimiter_is_understood(tmp_path: Path) -> None:
    assert read(tmp_path, "sep=;\na;b\n1;2\n") == {"a": [1], "b": [2]}


def test_packed_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert read_table(path).to_dict("list") == {"a": [1], "b": [2]}


def test_a_stray_control_character_is_left_out_and_said(tmp_path: Path) -> None:
    rows = [f"{n / 8},{n}" for n in range(300)]
    frame = read_table(write(tmp_path, "\n".join(["b,a", *rows]) + "\x1a\n"))
    assert frame["a"].iloc[-1] == 299
    assert frame.attrs["notes"] == ["1 odd characters were left out, such as '\\x1a'"]


def test_a_column_that_counts_the_rows_is_dropped_and_said(tmp_path: Path) -> None:
    path = tmp_path / "pandas.csv"
    PLAIN.to_csv(path)
    frame = read_table(path)
    assert list(frame.columns) == list(PLAIN.columns)
    assert "the first column only counts the rows; dropped" in frame.attrs["notes"]
    assert read(tmp_path, ",a\n7,1\n3,2\n") == {"column 1": [7, 3], "a": [1, 2]}


def test_a_line_that_ends_late_in_a_large_file_is_told_apart(tmp_path: Path) -> None:
    rows = [f"{n},{n / 7:.6f},some text of row {n}" for n in range(20_000)]
    frame = read_table(write(tmp_path, "\n".join(["n,x,t", *rows, "late,1.0,word"])))
    assert len(frame) == 20_001
    assert np.isnan(frame["n"].to_numpy()).sum() == 1
    assert "'late' in row 20001" in frame.attrs["lost"]["n"]
    rows[15_000] += ",more"
    with pytest.raises(InputError, match="line 15002 has 4 fields where the header has 3"):
        read_table(write(tmp_path, "\n".join(["n,x,t", *rows])))


@pytest.mark.parametrize("form", ["parquet", "feather", "stream", "folder"])
def test_arrow_files_are_read(tmp_path: Path, form: str) -> None:
    table = pa.Table.from_pandas(PLAIN)
    path = tmp_path / "t.bin"
    if form == "parquet":
        PLAIN.to_parquet(path)
    elif form == "feather":
        feather.write_feather(PLAIN, path)
    elif form == "folder":
        path.mkdir()
        PLAIN.to_parquet(path / "part-0.parquet")
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    pd.testing.assert_frame_equal(read_table(path), PLAIN, check_dtype=False)


@pytest.mark.parametrize(
    "source",
    [
        PLAIN,
        PLAIN.convert_dtypes(),
        PLAIN.astype({"name": "category", "x": "category"}),
        PLAIN.convert_dtypes(dtype_backend="pyarrow"),
        PLAIN.set_index(pd.Index([5, 3, 9])),
        pa.Table.from_pandas(PLAIN),
        pl.DataFrame(PLAIN.to_dict("list"), strict=False, nan_to_null=True),
        pl.LazyFrame(PLAIN.to_dict("list"), strict=False),
        PLAIN.to_dict("list"),
        PLAIN.to_records(index=False),
    ],
    ids=lambda source: type(source).__name__,
)
def test_every_kind_of_table_in_memory_becomes_the_same(source: Any) -> None:
    frame = read_table(source)
    pd.testing.assert_frame_equal(frame, PLAIN, check_dtype=False)
    assert [frame[name].dtype.kind for name in ("x", "y", "ok")] == ["i", "f", "b"]


def test_the_given_table_is_not_changed() -> None:
    given = pd.DataFrame({"x": ["1", "2"], "y": [1, 2]}, index=[4, 7])
    before = given.copy(deep=True)
    frame = read_table(given)
    frame["y"] = 0
    pd.testing.assert_frame_equal(given, before)
    assert not given.attrs


def test_an_array_has_numbered_columns() -> None:
    assert read_table(np.eye(2)).to_dict("list") == {"x1": [1, 0], "x2": [0, 1]}
    assert read_table([[1, 2], [3, 4]]).to_dict("list") == {"x1": [1, 3], "x2": [2, 4]}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b" \n\n", "is empty"),
        (b"a,b\n", "a header but no rows"),
        (b"# nothing\n", "comments only"),
        (b"a,b\n1,2\n3\n", "line 3 has 1 field where the header has 2"),
        (b"a,b\n1,2\n3,4,5\n6\n", r"line 3 has 3 fields .* \(2 such lines\)"),
        (
            b"run 5\nby me\na,b,c\n1,2,3\n4,5,6\n",
            "line 1 was taken for the header but has 1 field, most others 3",
        ),
        (b"a,b,a\n1,2,3\n", "2 columns named 'a'"),
        (b"a:b\nq:2\nr:4\n", "seems to have ':' between its fields"),
        (b"\x00\x01\x02", "no table of text"),
        ("a,ж\nд,1\n".encode("cp1251") * 9, "not in UTF-8"),
        ("名前,値\n鉄,1\n".encode("shift-jis"), "not in UTF-8"),
        (b'{"a": 1}', "JSON"),
        (b"<html>", "HTML"),
        (b"PK\x03\x04nothing", "no Excel workbook"),
        (b"PAR1nothing", "no whole Parquet file"),
        (b"ARROW1nothing", "no whole Arrow file"),
        (b"\xd0\xcf\x11\xe0old", "old Excel file; save it as .xlsx"),
        (b"%PDF-1.4", "PDF"),
        (b"\x1f\x8bnot packed", "cannot be read"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9] + bytes(9), "cannot be read"),
        (b'"a,' + b"b" * 200_000, "no header that can be read"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=why) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (pd.DataFrame(), "0 rows and 0 columns"),
        (pd.DataFrame({"a": []}), "0 rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "2 columns named 'a'"),
        (pd.DataFrame({"a;b": ["1;2"]}), "wrong delimiter"),
        (pd.DataFrame({"a\tb": ["1\t2"]}), "wrong delimiter"),
        (pd.DataFrame({"a": [[1], [2]], "b": [1, 2]}), "holds a list in row 1"),
        (pd.DataFrame({"a": [1j, 2], "b": [1, 2]}), "complex"),
        ({"a": [1], "b": [1, 2]}, "do not make a table"),
        (np.zeros(3), r"shape \(3,\) is no table"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\) is no table"),
        ([[1, 2], [3]], "different lengths"),
        (None, "is no table"),
        (7, "is no table"),
    ],
)
def test_an_object_that_is_no_table_is_refused_in_a_sentence(source: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_table(source)


def test_a_path_that_holds_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"folder without \.parquet"):
        read_table(tmp_path)
    with pytest.raises(InputError, match="no Excel file"):
        read_table(write(tmp_path, "a,b\n1,2\n"), sheet="one")
    with pytest.raises(InputError, match="only Excel"):
        read_table(PLAIN, sheet="one")


SAME_FOLDER = HealthCheck.function_scoped_fixture
CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.integers(-(10**9), 10**9),
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, st.sampled_from("αβ,;\"' z")), min_size=2, max_size=20),
    mark=st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_was_written_is_read(tmp_path: Path, rows: list[tuple], mark: str) -> None:
    frame = pd.DataFrame(rows, columns=["p", "q", "t"])
    frame["t"] = "w" + frame["t"] + "w"
    path = tmp_path / "t.csv"
    frame.to_csv(path, sep=mark, index=False)
    pd.testing.assert_frame_equal(read_table(path), frame, check_dtype=False)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.one_of(
        st.binary(max_size=60),
        st.text(alphabet='ab1.,;\t\n\r" #-', max_size=60).map(str.encode),
    )
)
def test_any_bytes_are_a_table_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    try:
        frame = read_table(path)
    except InputError:
        return
    assert len(frame)
    assert len(set(frame.columns)) == frame.shape[1]
