"""Tables in Excel workbooks, and workbooks that hold none."""

import datetime
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from pearlite.data.columns import describe
from pearlite.data.table import read_table
from pearlite.errors import InputError

PLAIN = pd.DataFrame(
    {"name": ["a", "b", "c"], "x": [1, 2, 3], "y": [0.5, np.nan, 2.5], "ok": [True, False, True]}
)


def workbook(path: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_excel_sheets_are_read(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as book:
        PLAIN.to_excel(book, sheet_name="one", index=False, startrow=2, startcol=1)
        when = pd.DataFrame({"day": [datetime.date(2026, 1, 31)], "mixed": ["1,5"]})
        when.to_excel(book, sheet_name="two")
    frame = read_table(path)
    pd.testing.assert_frame_equal(frame, PLAIN, check_dtype=False)
    assert frame.attrs["notes"] == ["of 2 sheets the first, 'one', was read; choose by --sheet"]
    second = read_table(path, sheet="two")
    assert second["day"].tolist() == [pd.Timestamp("2026-01-31")]
    with pytest.raises(InputError, match="has no sheet 'three'; it has 'one', 'two'"):
        read_table(path, sheet="three")


def test_cells_of_many_types_become_columns_of_one(tmp_path: Path) -> None:
    day = datetime.datetime(2026, 1, 31, 12)
    rows = [
        ["number", "when", "words", "broken"],
        *([n, day + datetime.timedelta(n), f"w{n % 3}", n / 4] for n in range(12)),
        ["13.5", "2026-03-01", 7, "#DIV/0!"],
    ]
    frame = read_table(workbook(tmp_path / "t.xlsx", rows))
    assert [column.kind for column in describe(frame)] == ["number", "date", "category", "number"]
    assert frame["number"].iloc[-1] == 13.5
    assert frame["when"].iloc[-1] == pd.Timestamp("2026-03-01")
    assert frame["words"].iloc[-1] == "7"
    assert np.isnan(frame["broken"].iloc[-1])


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "is empty"),
        ([["a", "b"]], "a header but no rows"),
        ([["a", "a"], [1, 2]], "several columns named 'a'"),
    ],
)
def test_a_workbook_without_a_table_is_refused(
    tmp_path: Path, rows: list[list[Any]], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        read_table(workbook(tmp_path / "t.xlsx", rows))


def test_a_workbook_cut_short_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", [["a", "b"], [1, 2]])
    whole = path.read_bytes()
    for length in range(100, len(whole), 250):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="no Excel workbook"):
            read_table(path)


def test_a_workbook_is_known_by_its_content_and_another_archive_is_none(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", [["a", "b"], [1, 2]]).rename(tmp_path / "t.csv")
    assert read_table(path).to_dict("list") == {"a": [1], "b": [2]}
    for name in ("word/document.xml", "[Content_Types].xml"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, "<broken")
        with pytest.raises(InputError, match="no Excel workbook"):
            read_table(path)
