"""Read tables from Excel workbooks (.xlsx)."""

import warnings
import zipfile
from collections import Counter
from pathlib import Path

import pandas as pd

from pearlite.errors import InputError


def read_excel(path: Path, sheet: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Read one sheet: the first row that is not empty names the columns.

    Parameters
    ----------
    path
        An .xlsx file.
    sheet
        The sheet's name; the first unless given.

    Returns
    -------
    table, notes
        Cells as Python objects; sentences on what was left out.

    Raises
    ------
    InputError
        If it is no workbook, has no such sheet, or the sheet is empty, a header only, or repeats
        column names.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on styles and validation rules, which are not read
            with pd.ExcelFile(path, engine="openpyxl") as book:
                sheets = [str(name) for name in book.sheet_names]
                if sheet is not None and sheet not in sheets:
                    listed = ", ".join(map(repr, sheets))
                    raise InputError(f"{path} has no sheet {sheet!r}; it has {listed}")
                chosen = sheet or sheets[0]
                cells = pd.DataFrame(
                    book.parse(chosen, header=None, keep_default_na=False, na_values=[""])
                )
    except InputError:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError, SyntaxError) as error:
        raise InputError(f"{path} is no Excel workbook that can be read: {error}") from error
    notes = []
    if sheet is None and len(sheets) > 1:
        notes.append(f"of {len(sheets)} sheets the first, {chosen!r}, was read; choose by --sheet")
    cells = cells.dropna(axis=0, how="all").dropna(axis=1, how="all")
    if cells.empty:
        raise InputError(f"sheet {chosen!r} of {path} is empty; a header and rows are expected")
    header = ["" if pd.isna(name) else " ".join(str(name).split()) for name in cells.iloc[0]]
    names = [name or f"column {place}" for place, name in enumerate(header, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(
            f"sheet {chosen!r} of {path} has several columns named {twice[0]!r}; give every column "
            "its own name"
        )
    if len(cells) == 1:
        raise InputError(f"sheet {chosen!r} of {path} holds a header but no rows")
    return cells.iloc[1:].set_axis(names, axis=1).reset_index(drop=True), notes
