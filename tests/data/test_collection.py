"""What the layout of a folder and the names of files say about images."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pearlite.data.collection import collect
from pearlite.data.filenames import image_groups, name_groups
from pearlite.data.labels import is_label_image
from pearlite.errors import InputError


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(path)


def pairs(found):
    return {found.name(image): found.name(mask) for image, mask in found.masks.items()}


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("images/a.png", "masks/a.png"),
        ("train/a.png", "train_annot/a.png"),
        ("images/train/a.png", "masks/train/a.png"),
        ("steel_images/a.png", "steel_annotations/a.png"),
        ("a.png", "a_mask.png"),
        ("imgs/a.tif", "labels/a_label.png"),
        ("set/a.png", "set/masks/a.png"),
    ],
)
def test_masks_are_found_where_people_put_them(tmp_path, image, mask):
    touch(tmp_path, image, mask)
    found = collect(tmp_path)
    assert [found.name(path) for path in found.images] == [image]
    assert pairs(found) == {image: mask}
    assert not found.unpaired


def test_a_mask_without_its_image_is_told(tmp_path):
    touch(tmp_path, "images/a.png", "masks/a.png", "masks/b.png")
    found = collect(tmp_path)
    assert [found.name(path) for path in found.unpaired] == ["masks/b.png"]


def test_classes_and_parts(tmp_path):
    for part in ("train", "val", "test"):
        touch(tmp_path, *(f"{part}/{kind}/{n}.png" for kind in ("cat", "dog") for n in (1, 2)))
    found = collect(tmp_path)
    assert set(found.parts) == {"train", "validation", "test"}
    assert found.classes[:4] == ("cat", "cat", "dog", "dog")


@pytest.mark.parametrize("names", [("0", "1"), ("class_1", "class_2"), ("ferrite", "pearlite")])
def test_folders_that_are_classes(tmp_path, names):
    touch(tmp_path, *(f"{name}/{n}.png" for name in names for n in range(3)))
    assert set(collect(tmp_path).classes) == set(names)


@pytest.mark.parametrize("names", [("sample_1", "sample_2"), ("a/b", "a/c"), ("images", "raw")])
def test_folders_that_are_no_classes(tmp_path, names):
    touch(tmp_path, *(f"{name}/{n}.png" for name in names for n in range(3)))
    assert not any(collect(tmp_path).classes)


def test_hidden_files_and_other_files(tmp_path):
    touch(tmp_path, "a.png", ".cache/b.png")
    (tmp_path / "t.CSV").write_text("a,b\n")
    found = collect(tmp_path)
    assert [path.name for path in found.images] == ["a.png"]
    assert found.files == {".csv": (tmp_path / "t.CSV",)}


def test_outlines_of_via_and_what_is_no_annotation(tmp_path):
    touch(tmp_path, "a.png")
    known = {"_via_img_metadata": {"a.png1": {"filename": "a.png", "regions": [{}, {}]}}}
    (tmp_path / "via.json").write_text(json.dumps(known))
    (tmp_path / "other.json").write_text("[1, 2]")
    (tmp_path / "cut.json").write_text('{"images": [')
    (outlines,) = collect(tmp_path).outlines
    assert (outlines.kind, outlines.counts) == ("VIA", {"a.png": 2})


def test_names_in_groups():
    names = [f"{piece}_{field}" for piece in ("top-1", "top-2", "low") for field in range(4)]
    first = name_groups(names)[0]
    assert first.pattern == "[^_]+"
    assert set(first.labels) == {"top-1", "top-2", "low"}
    assert not name_groups([f"frame_{n:03}" for n in range(20)])


def test_groups_as_declared(tmp_path):
    paths = [tmp_path / name for name in ("a_1.png", "a_2.png", "b_1.png", "c.png")]
    assert image_groups(paths, "[a-z]_").tolist() == ["a_", "a_", "b_", "c"]
    assert image_groups(paths, ".*(1|2|c)$").tolist() == ["1", "2", "1", "c"]
    assert image_groups(paths, [1, 1, 2, 3]).tolist() == [1, 1, 2, 3]
    (tmp_path / "papers.csv").write_text("image,doi\na_1.png,x\na_2,x\nb_1,y\nc,x\n")
    assert image_groups(paths, str(tmp_path / "papers.csv")).tolist() == ["x", "x", "y", "x"]
    assert len(set(image_groups([Path("u/a.png"), Path("v/a.png")], "folder"))) == 2
    with pytest.raises(InputError, match="one label for each of 4"):
        image_groups(paths, [1, 2])
    (tmp_path / "papers.csv").write_text("image,doi\na_1.png,x\na_1.png,y\n")
    with pytest.raises(InputError, match="more than once"):
        image_groups(paths, str(tmp_path / "papers.csv"))


def test_labels_and_grey_values():
    random = np.random.default_rng(0)
    assert is_label_image(random.integers(0, 3, (20, 20)))
    assert is_label_image(np.kron(np.arange(16).reshape(4, 4), np.ones((30, 30))))
    assert not is_label_image(random.integers(0, 255, (20, 20)))
    assert not is_label_image(random.random((20, 20)))
