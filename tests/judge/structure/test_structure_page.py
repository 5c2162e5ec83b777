"""The page on measures of structure: what is printed there runs, and what it names exists."""

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs/structure.md"


@pytest.mark.slow
def test_the_code_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), flags=re.S | re.M):
        exec(compile(block, PAGE.name, "exec"), names)


def test_the_functions_in_the_table_exist():
    named = re.findall(r"`(\w+)\.(\w+)`", PAGE.read_text().split("## Diffusivity")[0])
    assert len(named) > 8
    for module, function in named:
        assert callable(getattr(import_module(f"pearlite.judge.structure.{module}"), function))
