"""Files of a segmentation: what ImageJ, napari and Python read from them."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow
from skimage.io import imread

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.write import write
from pearlite.errors import InputError
from pearlite.recipes.segment.classes import Classes
from pearlite.recipes.segment.labels_file import (
    label_meta,
    probability_meta,
    uncertainty_meta,
    write_instances,
)

CLASSES = Classes((0, 7, 255), ("matrix", "pore", "crack"), ("#d9dbdf", "#0072b2", "#e69f00"))


def write_labels(path: Path, labels: np.ndarray, classes: Classes, like: Image) -> None:
    meta = label_meta(classes, like)
    axes = like.axes.replace("C", "")
    write(path, Image(labels, axes, like.pixel_size, like.unit, None, meta))


def write_probabilities(path: Path, shares: np.ndarray, like: Image) -> None:
    axes = like.axes.replace("YX", "CYX")
    meta = probability_meta(CLASSES, like)
    write(path, Image(np.moveaxis(shares, 0, -3), axes, like.pixel_size, like.unit, None, meta))


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((40, 50), np.uint8)
    labels[5:15, 5:20], labels[25:38, 30:45], labels[30:33, 35:40] = 7, 255, 0
    labels[15, 20] = 7
    return labels


@pytest.fixture
def micrograph() -> Image:
    grey = np.zeros((40, 50), np.uint16)
    return Image(grey, "YX", {"Y": 0.02, "X": 0.02}, "µm", None, {"imagej": {"Info": "kV=15"}})


@pytest.mark.parametrize("name", ["labels.tif", "labels.png"])
def test_labels_keep_their_values_and_viewers_show_the_classes_colours(
    tmp_path, labels, micrograph, name
):
    path = tmp_path / name
    write_labels(path, labels, CLASSES, micrograph)
    picture = Pillow.open(path)
    assert picture.mode == "P"
    assert (np.array(picture) == labels).all()
    shown = np.array(picture.convert("RGB"))
    assert shown[10, 10].tolist() == [0x00, 0x72, 0xB2]
    assert shown[26, 31].tolist() == [0xE6, 0x9F, 0x00]


def test_imagej_finds_names_pixel_size_and_palette(tmp_path, labels, micrograph):
    path = tmp_path / "labels.tif"
    write_labels(path, labels, CLASSES, micrograph)
    assert (imread(path) == labels).all()
    with tifffile.TiffFile(path) as tif:
        assert tif.is_imagej
        assert tif.imagej_metadata["Info"] == "0 = matrix\n7 = pore\n255 = crack\nkV=15"
        assert tif.imagej_metadata["unit"] == "micron"
        assert tif.pages[0].colormap.shape == (3, 256)
    assert read(path).pixel_size == pytest.approx({"Y": 0.02, "X": 0.02})


def test_a_stack_of_labels_keeps_its_axes_and_palette(tmp_path):
    stack = Image(
        np.zeros((3, 2, 16, 20), np.uint8), "ZCYX", {"Z": 0.1, "Y": 0.02, "X": 0.02}, "µm"
    )
    labels = np.arange(3, dtype=np.uint8).repeat(320).reshape(3, 16, 20)
    path = tmp_path / "labels.tif"
    write_labels(path, labels, Classes((0, 1, 2), ("a", "b", "c"), CLASSES.colours), stack)
    again = read(path)
    assert again.axes == "ZYX"
    assert (np.asarray(again.array) == labels).all()
    assert again.pixel_size == pytest.approx(stack.pixel_size)


def test_values_above_255_are_written_without_a_palette(tmp_path, labels, micrograph):
    deep = Classes((0, 7, 300), CLASSES.names, CLASSES.colours)
    write_labels(tmp_path / "labels.tif", labels.astype(np.uint16), deep, micrograph)
    assert np.asarray(read(tmp_path / "labels.tif").array).dtype == np.uint16


def test_probabilities_are_channels_named_by_the_classes(tmp_path, micrograph):
    shares = np.random.default_rng(0).dirichlet((1, 1, 1), (40, 50)).transpose(2, 0, 1)
    path = tmp_path / "probabilities.tif"
    write_probabilities(path, shares.astype(np.float32), micrograph)
    again = read(path)
    assert again.axes == "CYX"
    assert (np.asarray(again.array) == shares.astype(np.float32)).all()
    with tifffile.TiffFile(path) as tif:
        assert tif.imagej_metadata["Labels"] == list(CLASSES.names)


def test_probabilities_of_a_volume_are_named_plane_by_plane(tmp_path):
    volume = Image(np.zeros((4, 16, 20), np.uint8), "ZYX")
    shares = np.full((3, 4, 16, 20), 1 / 3, np.float32)
    shares[1, 2] = 0.5
    path = tmp_path / "probabilities.tif"
    write_probabilities(path, shares, volume)
    again = read(path)
    assert again.axes == "ZCYX"
    assert (np.asarray(again.array)[2, 1] == 0.5).all()


def test_uncertainty_and_instances_keep_the_pixel_size(tmp_path, micrograph):
    doubt = np.full((40, 50), 0.5, np.float32)
    scale = micrograph.pixel_size, micrograph.unit
    write(tmp_path / "u.tif", Image(doubt, "YX", *scale, None, uncertainty_meta(micrograph)))
    many = np.arange(2000, dtype=np.int32).reshape(40, 50)
    write_instances(tmp_path / "i.tif", many, micrograph)
    write_instances(tmp_path / "deep.tif", many * 100, micrograph)
    for name in ("u", "i", "deep"):
        assert read(tmp_path / f"{name}.tif").pixel_size == pytest.approx({"Y": 0.02, "X": 0.02})
    assert np.asarray(read(tmp_path / "i.tif").array).dtype == np.uint16
    assert (np.asarray(read(tmp_path / "deep.tif").array) == many * 100).all()


def test_labels_of_another_image_are_refused(tmp_path, labels, micrograph):
    with pytest.raises(InputError, match="do not fit an image of"):
        write_instances(tmp_path / "instances.tif", labels[:-1], micrograph)
    assert list(tmp_path.iterdir()) == []
