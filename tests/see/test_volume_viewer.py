"""What a page carries of a volume: all of it, nothing from elsewhere, in bounded size."""

import base64
import json
import re
import zlib
from importlib.resources import files

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.see import page
from pearlite.see.volume import describe
from pearlite.see.volume_viewer import MOST_BYTES, MOST_QUADS, viewer

EVIL = "</script><script>alert('x')</script>\"onload=\"y"
NAMESPACE = "http://www.w3.org/1999/xhtml"  # the name of HTML's elements; nothing is loaded from it


@pytest.fixture(autouse=True)
def _coarse_picture(monkeypatch):
    monkeypatch.setattr("pearlite.see.volume_viewer.PICTURE", 80)


def carried(fragment):
    found = re.search(r'<script type="application/json">(.*?)</script>', fragment, flags=re.DOTALL)
    assert found
    data = json.loads(found[1])
    cells = np.frombuffer(zlib.decompress(base64.b64decode(data["cells"])), np.uint8)
    cells = cells.reshape(data["shape"])
    return data, np.cumsum(cells, axis=2, dtype=np.uint8) if data["differences"] else cells


def a_page(*fragments):
    return page.page("t", "s", *(page.section("Volume", fragment) for fragment in fragments))


def labels(side=20, seed=0):
    return np.random.default_rng(seed).integers(0, 3, (side, side + 1, side + 2)).astype(np.uint8)


def test_a_page_carries_labels_exactly_with_their_names_and_lengths():
    given = labels()
    fragment = viewer(given * 40, names=["a", "b", "c"], voxel_size=0.5, unit="µm", show=["b"])
    data, cells = carried(fragment)
    np.testing.assert_array_equal(cells, given)
    assert data["size"] == [10, 10.5, 11]
    assert [phase["name"] for phase in data["phases"]] == ["a", "b", "c"]
    assert [phase["shown"] for phase in data["phases"]] == [False, True, False]
    assert "so that the page stays small" not in fragment


def test_a_page_carries_grey_values_and_colours_exactly_where_bytes_can():
    given = np.random.default_rng(1).integers(0, 256, (9, 10, 11)).astype(np.uint8)
    ready = describe(given)
    _, cells = carried(viewer(given))
    np.testing.assert_array_equal(cells, ready.cells_ZYX)
    data, cells = carried(
        viewer(np.stack([given > 99, given > 9, given > 200], -1) * np.uint8(255))
    )
    palette = np.frombuffer(base64.b64decode(data["palette"]), np.uint8).reshape(-1, 3)
    np.testing.assert_array_equal(palette[cells][..., 1], (given > 9) * 255)


@pytest.mark.parametrize("kind", ["labels", "grey", "rgb"])
def test_the_worst_of_volumes_stays_small_and_says_so(kind):
    rng = np.random.default_rng(2)
    shape = (90, 85, 95) if kind == "labels" else (125, 115, 135)
    shape += (3,) if kind == "rgb" else ()
    noise = rng.integers(0, 4 if kind == "labels" else 256, shape).astype(np.uint8)
    made = viewer(noise, kind=kind)
    data, cells = carried(made)
    assert len(data["cells"]) <= 4 * MOST_BYTES / 3 + 4
    assert len(a_page(made).encode()) < 3_000_000
    assert max(cells.shape) > 60
    assert f"Shown here with {' × '.join(map(str, cells.shape))} cells" in made
    if kind == "labels":
        unlike = sum((np.diff(cells.astype(int), axis=axis) != 0).sum() for axis in range(3))
        assert unlike <= MOST_QUADS


def test_names_and_titles_never_become_markup():
    made = viewer(labels(), names=[EVIL, "b", "c"], title=EVIL, unit=EVIL)
    assert "<script>alert" not in made
    assert '"onload="' not in made
    assert made.count("</script>") == 1
    data, _ = carried(made)
    assert data["phases"][0]["name"] == EVIL


def test_a_page_has_one_script_for_all_its_viewers_and_none_without():
    with_two, without = a_page(viewer(labels()), viewer(labels(seed=5))), a_page("plain")
    script = files("pearlite.see").joinpath("volume_viewer.js").read_text(encoding="utf-8")
    assert with_two.count(script) == 1
    assert with_two.count('type="application/json"') == 2
    assert "volume" not in re.sub("Volume", "", without)
    (policy,) = re.findall(r"script-src (.*?); base-uri", with_two)
    assert policy.count("sha256-") == 2


def test_a_page_loads_nothing_from_elsewhere():
    made = a_page(viewer(labels()))
    assert set(re.findall(r"https?://[^\s\"'`)]+", made)) <= {NAMESPACE}
    sources = re.findall(r'\b(?:src|href|action)="([^"]*)"', made)
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert "default-src &#x27;none&#x27;" in made


def test_the_script_is_small_and_brings_the_licence_of_what_is_in_it():
    folder = files("pearlite.see")
    script = folder.joinpath("volume_viewer.js").read_text(encoding="utf-8")
    licence = folder.joinpath("volume_viewer.LICENSE.txt").read_text(encoding="utf-8").strip()
    assert len(script.encode()) < 600_000
    assert "three.js authors" in licence
    assert licence in script


def test_a_volume_of_one_phase_or_one_voxel_is_shown_too():
    for given in (np.zeros((3, 4, 5), np.uint8), np.ones((1, 1, 1), np.uint8), np.zeros((3, 4, 5))):
        _, cells = carried(viewer(given))
        assert cells.shape == given.shape


def test_a_phase_that_there_is_not_is_refused_in_words():
    with pytest.raises(InputError, match="no phase 'd'"):
        viewer(labels(), names=["a", "b", "c"], show=["d"])
