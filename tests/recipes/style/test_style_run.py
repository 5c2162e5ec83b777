"""Styling runs: what `fit`, `resume`, `apply`, the page and the command line promise."""

import json
import re
import sys

import numpy as np
import pytest
from tests.recipes.style.style_scenes import micrograph, phases, quicken

import pearlite as pl
from pearlite import cli
from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import write
from pearlite.run import Stopped


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    quicken(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def files(folder):
    """Two label maps, a reference and its labels."""
    marks = phases(9, (48, 64))
    (folder / "maps").mkdir()
    for seed in (1, 2):
        size = {"Y": 0.5, "X": 0.5}
        write(folder / f"maps/m{seed}.tif", Image(phases(seed), "YX", size, "µm"))
    write(folder / "look.tif", Image(micrograph(marks, 9), "YX", {"Y": 0.2, "X": 0.2}, "µm"))
    write(folder / "marks.tif", Image(marks, "YX"))
    return folder


@pytest.fixture
def pearlite(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pearlite", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    return call


def test_a_file_is_styled_with_its_axes_and_pixel_size(files):
    run = pl.fit("style", "maps/m1.tif", style="look.tif", style_labels="marks.tif", out="r")
    result = read(run.results["styled"])
    assert result.array.dtype == np.uint8
    assert result.axes == "YX"
    assert result.pixel_size["X"] == pytest.approx(0.5)
    facts = run.test["styled"]
    assert set(facts["texture"]["by_scale"]) == {"1", "2"}
    assert facts["texture"]["after"] > 0
    assert facts["boundaries"]["found"] > 0.7
    assert any("2.5 times as coarse" in note for note in facts["notes"])
    page = run.page.read_text()
    assert page.count("data:image/webp") >= 3
    assert "boundaries" in page
    assert "2.5 times as coarse" in page
    assert not re.search(r'(src|href)="http', page)


def test_a_folder_is_styled_and_the_style_used_again(files):
    run = pl.fit("style", "maps", style="look.tif", out="r")
    assert sorted(run.result) == ["m1", "m2"]
    (files / "look.tif").unlink()  # the run has its own copy
    new = phases(5)
    again = run.apply(new)
    assert again.shape == new.shape
    assert again[new == 1].mean() > again[new == 0].mean() + 40
    (written,) = pl.load("r").apply(["maps/m1.tif"], out="other")
    np.testing.assert_array_equal(read(written).array, run.result["m1"])
    assert (files / "other/applied.json").exists()
    with pytest.raises(pl.InputError, match="exists already"):
        run.apply(["maps/m1.tif"], out="other")


def test_arrays_are_kept_and_labels_may_be_arrays(folder):
    labels, marks = phases(1), phases(9, (48, 64))
    content, look = micrograph(labels, 1), micrograph(marks, 9)
    run = pl.fit("style", content, style=look, labels=labels, style_labels=marks, out="r")
    assert run.result.dtype == np.uint8
    np.testing.assert_array_equal(read(run.inputs[0]).array, content)
    assert run.test["styled"]["boundaries"]["found"] > 0.7
    styled = run.apply(content, labels=labels)
    np.testing.assert_array_equal(styled, run.result)


def test_a_stopped_run_goes_on_to_the_same_result(files, monkeypatch):
    options = {"style": "look.tif", "seed": 3}
    whole = pl.fit("style", "maps", out="whole", **options)
    from pearlite.recipes.style import runs

    done = runs.style_file
    calls = []

    def stop_at_the_second(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return done(*arguments)

    monkeypatch.setattr(runs, "style_file", stop_at_the_second)
    with pytest.raises(Stopped, match="pearlite style --resume part"):
        pl.fit("style", "maps", out="part", **options)
    monkeypatch.setattr(runs, "style_file", done)
    run = pl.load("part")
    assert (run.status, sorted(run.results)) == ("stopped", ["m1"])
    run.resume()
    for name, image in whole.result.items():
        np.testing.assert_array_equal(run.result[name], image)


def test_an_input_that_has_changed_is_not_resumed(files):
    run = pl.fit("style", "maps", style="look.tif", out="r")
    write(files / "maps/m1.tif", Image(phases(7), "YX"))
    with pytest.raises(pl.InputError, match="has changed"):
        run.resume()


def test_a_folder_goes_on_past_a_file_that_is_no_image(files):
    (files / "maps/broken.tif").write_bytes(b"no image")
    run = pl.fit("style", "maps", style="look.tif", out="r")
    assert sorted(run.results) == ["m1", "m2"]
    assert "broken" in run.failures
    assert run.exit_code == 2


def test_the_command_line_styles(files, pearlite):
    code, out, _ = pearlite("style", "maps/m1.tif", "--style", "look.tif", "--out", "r", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["results"]["styled"].endswith("styled.tif")
    assert facts["test"]["styled"]["texture"]["after"] > 0
    code, out, _ = pearlite("apply", "r", "maps/m2.tif", "--json")
    assert code == 0
    assert len(json.loads(out)["files"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["maps/m1.tif"], "--style FILE"),
        (["maps/m1.tif", "--style", "absent.tif"], "does not exist"),
        (["maps/m1.tif", "--style", "text.tif"], "not an image"),
        (["maps/m1.tif", "--style", "look.tif", "--dark-to-bright", "a,b"], "label values"),
        (["maps", "--style", "look.tif", "--labels", "marks.tif"], "one label image for 2 images"),
        (["maps/m1.tif", "--style", "maps/m1.tif", "--style-labels", "marks.tif"], "its labels"),
    ],
)
def test_wrong_input_is_a_sentence_and_exit_code_2(files, pearlite, arguments, said):
    (files / "text.tif").write_text("hello")
    code, _, err = pearlite("style", *arguments, "--out", "r")
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert not (files / "r").exists()
