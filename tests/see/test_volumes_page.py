"""The page on volumes: what is printed there runs and writes what it says."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "volumes.md"


@pytest.mark.slow
def test_the_code_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.S | re.M)
    exec(compile(block, PAGE.name, "exec"), {})
    assert {path.name for path in tmp_path.iterdir()} == {"volume.png", "slices.png", "volume.html"}


def test_the_pictures_of_the_page_are_there_and_small():
    named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE.read_text("utf-8"))
    assert len(named) == 2
    assert all((PAGE.parent / name).stat().st_size < 300_000 for name in named)
