"""Whatever data is given, the guide names its kind, a task, and commands that work here."""

import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image
from scipy import ndimage

import pearlite as pl
from pearlite.data import samples
from pearlite.errors import InputError
from pearlite.fieldguide import guide
from pearlite.fieldguide.answer import works
from pearlite.fieldguide.field_guide import FIELD_GUIDE, markdown
from pearlite.recipes import TASKS

RANDOM = np.random.default_rng(0)


def grey(image):
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)


def save(folder, **images):
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        Image.fromarray(image).save(folder / f"{name}.png")


def noisy(seed=0):
    return grey(samples.add_noise(samples.grains((128, 128), seed), gain=0.02, seed=seed))


def phases(seed=0):
    return (samples.two_phase((128, 128), seed) > 0.5).astype(np.uint8)


def table(rows=60, **columns):
    known = {"strain": RANDOM.normal(size=rows), "heat": RANDOM.normal(size=rows)}
    return pd.DataFrame({**known, **columns})


def run(folder):
    """Return the words of the commands, all of which have to be of tasks that are here."""
    advice = guide(folder)
    typed = [shlex.split(command) for command in advice.commands]
    assert all(words[0] == "pearlite" and works(words[1]) for words in typed)
    return advice, typed


def test_a_noisy_image_is_denoised(tmp_path):
    save(tmp_path, scan=noisy())
    advice, typed = run(tmp_path / "scan.png")
    assert advice.kind == "image"
    assert ["pearlite", "denoise", str(tmp_path / "scan.png")] in typed
    assert "128 x 128 pixels of uint8" in advice.given
    assert any("passed" in note for note in advice.notes)
    assert not advice.later


def test_correlated_noise_asks_for_a_remedy():
    image = samples.add_noise(samples.grains((256, 256), 0), gain=0.02, seed=0)
    advice = guide(ndimage.gaussian_filter(image, 0.7))
    assert any("failed" in note for note in advice.notes)
    assert "--remedy" in advice.commands[-1]


def test_a_clean_image_is_not_denoised():
    advice = guide(samples.particles((128, 128), 0))
    assert advice.task == "segment"
    assert any("little to remove" in note for note in advice.notes)


def test_grey_and_coloured_images_are_one_set(tmp_path):
    save(tmp_path, grey=noisy(), colour=np.stack([noisy(n) for n in range(3)], axis=-1))
    assert guide(tmp_path).kind == "images"


def test_several_images_of_specimens(tmp_path):
    save(tmp_path, **{f"steel_{n % 2}_{n}": noisy(n) for n in range(8)})
    advice, typed = run(tmp_path)
    assert advice.kind == "images"
    assert ["pearlite", "denoise", str(tmp_path)] in typed


def test_images_with_masks(tmp_path):
    save(tmp_path / "train", a=noisy(0), b=noisy(1))
    save(tmp_path / "train_annot", a=phases(0), b=phases(1), c=phases(2))
    advice, typed = run(tmp_path)
    assert advice.kind == "images with masks"
    assert "2 images, 2 of them with a mask, values 0, 1" in advice.given
    assert ["pearlite", "audit", str(tmp_path)] in typed
    assert any("1 mask without an image" in note for note in advice.notes)
    assert guide(tmp_path / "train").kind == "images with masks"
    assert guide(tmp_path / "train_annot").kind == "label maps"


@pytest.mark.skipif("segment" in TASKS, reason="this version can segment")
def test_a_task_that_is_not_here_is_named_and_not_given_as_a_command(tmp_path):
    save(tmp_path / "images", a=noisy())
    save(tmp_path / "masks", a=phases())
    advice = guide(tmp_path)
    assert advice.later.startswith(f"pearlite segment {tmp_path / 'images'} --masks")
    assert advice.later.endswith("(not in this version)")
    assert not any("pearlite segment" in command for command in advice.commands)


def test_images_with_outlines(tmp_path):
    save(tmp_path / "images", a=noisy(0), b=noisy(1))
    known = {
        "images": [{"id": 3, "file_name": "a.png"}, {"id": 4, "file_name": "b.png"}],
        "annotations": [{"image_id": 3}, {"image_id": 4}, {"image_id": 4}],
        "categories": [{"id": 1, "name": "melt pool"}],
    }
    (tmp_path / "train.json").write_text(json.dumps(known))
    for data in (tmp_path, tmp_path / "images"):
        advice = guide(data)
        assert advice.kind == "images with outlines"
        assert "2 images with 3 outlines of melt pool" in advice.given
    with pytest.raises(InputError, match="3 outlines for 2 images"):
        guide(tmp_path / "train.json")


def test_class_folders_and_specimen_folders(tmp_path):
    for name in ("ferrite", "pearlite"):
        save(tmp_path / "classes" / name, a=noisy(0), b=noisy(1))
    for name in ("sample_1", "sample_2"):
        save(tmp_path / "specimens" / name, a=noisy(0), b=noisy(1))
    advice = guide(tmp_path / "classes")
    assert advice.kind == "class folders"
    assert "ferrite (2), pearlite (2)" in advice.given
    advice = guide(tmp_path / "specimens")
    assert advice.kind == "images"
    assert any("--group folder" in note for note in advice.notes)


def test_noisy_and_clean_pairs(tmp_path):
    save(tmp_path, a_noisy=noisy(), a_clean=grey(samples.grains((128, 128))))
    advice, typed = run(tmp_path)
    assert advice.kind == "noisy and clean"
    assert typed[-1][-2:] == ["--truth", str(tmp_path / "a_clean.png")]


@pytest.mark.parametrize(
    ("array", "axes", "kind"),
    [
        (samples.add_noise(samples.grains((6, 64, 64)), gain=0.02), "ZYX", "volume"),
        ((samples.two_phase((6, 64, 64)) > 0.5).astype(np.uint8), "ZYX", "label volume"),
        (samples.add_noise(samples.grains((6, 64, 64)), gain=0.02), "TYX", "time stack"),
    ],
)
def test_stacks(tmp_path, array, axes, kind):
    tifffile.imwrite(tmp_path / "s.ome.tif", array, metadata={"axes": axes})
    assert guide(tmp_path / "s.ome.tif").kind == kind


def test_a_segmented_image_asks_for_a_volume(tmp_path):
    save(tmp_path, pores=phases())
    assert guide(tmp_path / "pores.png").kind == "labels"


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (np.arange(60) / 7, "table, number"),
        (np.arange(60) % 2 == 0, "table, class"),
        (np.arange(60) % 3, "table, class"),
        (np.array(["soft", "hard"])[np.arange(60) % 2], "table, class"),
    ],
)
def test_tables(tmp_path, target, kind):
    table(result=target).to_csv(tmp_path / "t.csv", index=False)
    advice, typed = run(tmp_path / "t.csv")
    assert advice.kind == kind
    assert "60 rows, 3 columns" in advice.given
    if "tabular" in TASKS:
        assert typed[-1] == ["pearlite", "tabular", str(tmp_path / "t.csv"), "--target", "result"]


def test_the_named_target_is_taken_and_quoted():
    frame = table(**{"yield (MPa)": np.arange(60) / 7})
    assert guide(frame, target="heat").commands[-1].endswith("--target heat")
    assert guide(frame, target="yield (MPa)").commands[-1].endswith("--target 'yield (MPa)'")
    with pytest.raises(InputError, match="did you mean 'heat'"):
        guide(frame, target="heta")


def test_compositions_and_dates_are_noticed():
    frame = table(formula=["Fe2O3", "NaCl", "SiO2", "Al2O3", "TiO2", "CaO"] * 10)
    frame["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(RANDOM.permutation(60), "D")
    frame["gap"] = RANDOM.normal(size=60)
    notes = " ".join(guide(frame).notes)
    assert "formula holds compositions" in notes
    assert "--time when" in notes


def walk(rows):
    return RANDOM.normal(size=rows).cumsum()


def test_values_over_time_are_a_series(tmp_path):
    dates = pd.date_range("2020-01-01", periods=80, freq="MS")
    frame = pd.DataFrame({"month": dates.astype(str), "load": walk(80), "heat": walk(80)})
    frame.to_csv(tmp_path / "s.csv", index=False)
    advice = guide(tmp_path / "s.csv")
    assert advice.kind == "series"
    assert "2 series side by side from 2020-01-01 to 2026-08-01" in advice.given
    assert guide(frame.sample(frac=1, random_state=0)).kind == "table, number"
    assert guide(walk(50)).kind == "series"
    assert guide(walk(50) * 1e300).kind == "series"
    assert guide(pd.DataFrame({"load": walk(50)})).kind == "series"
    with pytest.raises(InputError, match="one column"):
        guide(pd.DataFrame({"load": RANDOM.normal(size=50)}))


def test_curves_are_signals_and_of_different_length_are_series():
    axis = np.linspace(0, 9, 60)
    curves = np.array([np.sin(axis + shift) for shift in RANDOM.uniform(0, 6, 30)])
    frame = pd.DataFrame(curves, columns=[f"{500 + n} nm" for n in range(60)])
    frame.insert(0, "kind", np.array(["a", "b"])[np.arange(30) % 2])
    advice = guide(frame)
    assert advice.kind == "signals"
    assert "30 curves of 60 points" in advice.given
    assert advice.commands[-1].endswith("--target kind")
    assert guide(frame.drop(columns="kind") * 1e300).kind == "signals"
    for row in range(30):
        frame.iloc[row, 40 + row % 20 :] = np.nan
    assert guide(frame.drop(columns="kind")).kind == "many series"


def test_texts(tmp_path):
    (tmp_path / "book.txt").write_text("It was the best of times, it was the worst.\n" * 50)
    (tmp_path / "list.txt").write_text("Fe2O3\nNaCl\nSiO2\nLa0.5Sr0.5MnO3\n")
    assert guide(tmp_path / "book.txt").kind == "corpus"
    assert guide(tmp_path / "list.txt").kind == "formulas"
    words = ["a steel that was tempered", "a glass that was cast in air"]
    frame = pd.DataFrame({"abstract": [f"{words[n % 2]} in run {n}" for n in range(40)]})
    frame["glass"] = np.arange(40) % 2
    assert guide(frame).kind == "labelled text"


def test_a_table_that_lists_images_is_answered_with_the_images(tmp_path):
    save(tmp_path, **{f"im{n}": noisy(n) for n in range(3)})
    frame = pd.DataFrame({"file": ["im0.png", "im1.png", "im2.png"], "specimen": ["a", "a", "b"]})
    frame.to_csv(tmp_path / "list.csv", index=False)
    for data in (tmp_path, tmp_path / "list.csv"):
        advice = guide(data)
        assert advice.kind == "images"
        assert any("list.csv describes the images" in note for note in advice.notes)


def test_tables_in_parts_are_one_and_rows_in_two_of_them_are_told(tmp_path):
    frame = table(result=np.arange(60) / 7)
    frame[:40].to_csv(tmp_path / "train.csv", index=False)
    frame[38:].to_csv(tmp_path / "test.csv", index=False)
    advice = guide(tmp_path)
    assert advice.kind == "table, number"
    assert any("2 rows of test.csv are in train.csv as well" in note for note in advice.notes)


def test_a_folder_of_several_sets_names_each(tmp_path):
    save(tmp_path / "scans", a=noisy(0), b=noisy(1))
    table(result=np.arange(60) / 7).to_csv(tmp_path / "results.csv", index=False)
    advice, typed = run(tmp_path)
    assert advice.kind == "several"
    assert list(advice.parts) == [str(tmp_path / "results.csv"), str(tmp_path / "scans")]
    assert ["pearlite", "guide", str(tmp_path / "scans")] in typed
    assert len(advice.table()) > 3


def test_a_packed_table(tmp_path):
    table(result=np.arange(60) / 7).to_csv(tmp_path / "t.csv.gz", index=False)
    assert guide(tmp_path / "t.csv.gz").kind == "table, number"


def test_parquet_is_only_looked_into(tmp_path):
    table(30_000, result=RANDOM.normal(size=30_000)).to_parquet(tmp_path / "t.parquet")
    assert "30,000 rows" in guide(tmp_path / "t.parquet").given


def test_arrays(tmp_path):
    np.save(tmp_path / "numbers.npy", RANDOM.normal(size=(50, 4)))
    assert guide(tmp_path / "numbers.npy").kind == "table, number"
    assert guide(noisy()).kind == "image"
    assert guide([noisy(0), noisy(1)]).kind == "images"
    assert guide(pl.Image(noisy()[None], "ZYX")).kind == "image"


def test_the_answer_is_a_table_and_plain_facts(tmp_path):
    save(tmp_path, scan=noisy())
    advice = guide(tmp_path / "scan.png")
    assert advice.table()[0] == ("question", "answer")
    assert all(len(row) == 2 for row in advice.table())
    assert json.loads(json.dumps(advice.facts()))["task"] == "denoise"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("film.mp4", b"\0\0", "save its frames as one TIFF stack"),
        ("model.pkl", b"\x80\x04", "can run any program"),
        ("notes.txt", b"", "is empty"),
        ("notes.txt", b"\xff\xfe\x00", "is no text"),
        ("things.xyz", b"abc", "no kind of data that is known"),
        ("only.json", b"{}", "no kind of data that is known"),
        ("cut.png", b"\x89PNG\r\n\x1a\n", "cut short or damaged"),
    ],
)
def test_what_is_not_known_is_said_in_a_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        guide(tmp_path / name)


def test_images_that_are_damaged_are_named_and_left_aside(tmp_path):
    save(tmp_path, **{f"scan_{n}": noisy(n) for n in range(3)})
    (tmp_path / "broken.png").write_bytes(b"no image")
    advice = guide(tmp_path)
    assert advice.task == "denoise"
    assert any(note.startswith("broken.png cannot be read") for note in advice.notes)


def test_dates_are_no_target():
    days = pd.date_range("2025-01-01", periods=60)
    with pytest.raises(InputError, match="'day' holds dates"):
        guide(table(day=days), target="day")


def test_words_beside_dates_are_no_values_over_time():
    days = pd.date_range("2025-01-01", periods=60)
    advice = guide(table(day=days, phase=np.resize(["a", "b", "a"], 60)), target="heat")
    assert advice.kind == "table, number"


def test_more_that_is_not_known(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        guide(tmp_path / "nothing")
    with pytest.raises(InputError, match="holds no image, table or text"):
        guide(tmp_path)
    save(tmp_path, scan=noisy(), blank=noisy() * 0)
    with pytest.raises(InputError, match="one value only"):
        guide(tmp_path / "blank.png")
    with pytest.raises(InputError, match="a target was named"):
        guide(tmp_path / "scan.png", target="x")
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match="is a run of pearlite"):
        guide(tmp_path)


def test_every_row_of_the_field_guide_names_commands_of_its_task():
    for row in FIELD_GUIDE.values():
        assert row.command.split()[:2] == ["pearlite", row.task]
        assert all(template.startswith("pearlite ") for template in row.today)


def test_the_printed_field_guide_is_the_one_that_answers():
    page = Path(__file__).parents[2] / "docs" / "guide.md"
    printed = page.read_text(encoding="utf-8").split("<!-- field guide -->\n")[1]
    assert printed.split("<!-- end -->")[0] == markdown()
