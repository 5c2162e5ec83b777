"""The pages on segmentation: what is printed there runs, and what they name can be imported."""

import re
from pathlib import Path

import pytest

import pearlite.recipes.segment

PAGES = sorted((Path(__file__).parents[3] / "docs").glob("segment*.md"))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", page.read_text(), flags=re.S | re.M):
        exec(compile(block, page.name, "exec"), names)


def test_the_table_of_array_functions_names_all_of_them():
    (page,) = (page for page in PAGES if page.name == "segment.md")
    table = page.read_text().split("## Arrays, without a folder")[1]
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]*`|import [^\n]*", table))))
    assert set(pearlite.recipes.segment.__all__) <= named
