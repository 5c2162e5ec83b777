import json
import re

import pytest
from PIL import Image

from pearlite import lecture
from pearlite.errors import InputError
from pearlite.lecture.page import Page, Picture, Section, write_index
from pearlite.see import page as parts
from pearlite.see.style import panels, styled


@styled
def small_page(name="neuron"):
    figure, axes = panels(1, 2, size=(4, 2))
    axes[0, 0].plot([0, 1], [0, 1])
    picture = Picture("figure", figure, "a line", "It <rises>.")
    table = parts.table([("slope", 1)])
    sections = [Section("What is seen", ["A line & nothing else.", picture, table])]
    return Page(name, "Is it straight?", sections, {"slope": 1.0}, seed=3)


def test_a_page_is_three_files_and_asks_the_network_for_nothing(tmp_path):
    small_page().write(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {
        "index.html",
        "figure.png",
        "numbers.json",
    }
    assert json.loads((tmp_path / "numbers.json").read_text()) == {"seed": 3, "slope": 1.0}
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.size == (640, 320)
    html = (tmp_path / "index.html").read_text()
    assert lecture.PAGES["neuron"] in html
    assert "A line &amp; nothing else." in html
    assert "It &lt;rises&gt;." in html
    assert "<table>" in html
    assert "pearlite lecture neuron --seed 3" in html
    assert re.findall(r'(?:src|href)="(?!data:)', html) == []
    assert "https:" not in html


def test_the_index_shows_the_pages_in_order_and_leads_to_them(tmp_path):
    pages = [small_page("square"), small_page("neuron")]
    write_index(pages, tmp_path)
    html = (tmp_path / "index.html").read_text()
    assert re.findall(r'href="([^"]+)"', html) == ["square/index.html", "neuron/index.html"]
    assert html.count("data:image/png") == 2


def test_drawing_leaves_matplotlib_as_it_was():
    from matplotlib import rcParams

    before = dict(rcParams)
    small_page()
    assert dict(rcParams) == before


def test_an_unknown_page_is_named_beside_the_known_ones(tmp_path):
    with pytest.raises(InputError, match=r"no page 'neurons'.*neuron, spectrum.*all"):
        lecture.run("neurons", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_anything_is_not_written_into(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="already holds other files"):
        lecture.run("neuron", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]
