"""From files and arrays to examples: what belongs together, what it means, what is wrong."""

import json

import numpy as np
import pytest
import roifile
import tifffile
from PIL import Image as Picture
from roifile import ImagejRoi

from pearlite.data.image import Image
from pearlite.data.write import write
from pearlite.errors import InputError
from pearlite.recipes.segment.classes import Classes, name_classes
from pearlite.recipes.segment.examples import gather


def scene(seed=0, size=64, values=(0, 1, 2)):
    """Return a noisy image and its mask: a disc of each class on a background."""
    rows, columns = np.mgrid[:size, :size]
    number = np.zeros((size, size), np.uint8)
    number[(rows - 20) ** 2 + (columns - 20) ** 2 < 150] = 1
    number[(rows - 45) ** 2 + (columns - 45) ** 2 < 150] = 2
    noise = np.random.default_rng(seed).normal(0, 8, number.shape)
    image = (60 + 70 * number + noise).clip(0, 255).astype(np.uint8)
    return image, np.array(values, np.uint8)[number]


def scribbled(mask):
    sparse = np.zeros_like(mask)
    sparse[20:22, 12:28], sparse[45:47, 38:52], sparse[5:7, 40:60] = 1, 2, 3
    return sparse


def folder(root, count=2, mask_name="{}.png", **options):
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        image, mask = scene(number, **options)
        Picture.fromarray(image).save(root / "images" / f"f{number}.png")
        Picture.fromarray(mask).save(root / "masks" / mask_name.format(f"f{number}"))
    return root / "images", root / "masks"


@pytest.mark.parametrize("mask_name", ["{}.png", "{}_mask.png", "{}-labels.tif"])
def test_masks_of_a_folder_belong_to_images_of_their_name(tmp_path, mask_name):
    images, masks = folder(tmp_path, mask_name=mask_name)
    found = gather(images, masks)
    assert [example.name for example in found.examples] == ["f0.png", "f1.png"]
    for number, example in enumerate(found.examples):
        image, mask = scene(number)
        assert np.array_equal(example.image_CS, image[None])
        assert np.array_equal(example.truth_S, mask)
    assert found.classes.values == (0, 1, 2)
    assert not found.sparse


def test_masks_beside_images_are_found_with_the_parts_of_folders(tmp_path):
    for part in ("train", "test"):
        images, masks = folder(tmp_path / part, 1)
        target = tmp_path / "set"
        target.mkdir(exist_ok=True)
        images.rename(target / part)
        masks.rename(target / f"{part}_annot")
    found = gather(tmp_path / "set")
    assert sorted(found.parts) == ["test", "train"]


def test_values_of_masks_are_kept_and_named():
    image, mask = scene(values=(10, 128, 255))
    found = gather(image, mask, names={128: "pore"})
    assert found.classes.values == (10, 128, 255)
    assert found.classes.names == ("class 10", "pore", "class 255")
    assert np.array_equal(found.classes.values_of(found.examples[0].truth_S), mask)
    assert found.classes.values_of(found.examples[0].truth_S).dtype == np.uint8
    assert Classes.from_dict(json.loads(json.dumps(found.classes.to_dict()))) == found.classes


@pytest.mark.parametrize("names", ["matrix,pore,crack", ["matrix", "pore", "crack"], "1=pore"])
def test_names_are_given_in_the_order_of_values_or_by_value(names):
    assert gather(*scene(), names=names).classes.names[1] == "pore"


@pytest.mark.parametrize("names", ["a,b", {7: "x"}, "x=pore"])
def test_names_that_do_not_fit_are_said(names):
    with pytest.raises(InputError, match="name"):
        gather(*scene(), names=names)


def test_0_of_scribbles_in_an_array_says_nothing():
    image, mask = scene()
    found = gather(image, scribbled(mask))
    assert found.sparse
    assert found.classes.values == (1, 2, 3)
    assert (found.examples[0].truth_S == -1).sum() == (scribbled(mask) == 0).sum()
    assert "unlabelled=-1" in found.notes[0]
    assert gather(image, scribbled(mask), unlabelled=-1).classes.values == (0, 1, 2, 3)


def test_every_value_of_a_file_is_a_class_unless_it_is_said(tmp_path):
    image, mask = scene()
    Picture.fromarray(scribbled(mask)).save(tmp_path / "m.png")
    Picture.fromarray(image).save(tmp_path / "i.png")
    assert gather(tmp_path / "i.png", tmp_path / "m.png").classes.values == (0, 1, 2, 3)
    found = gather(tmp_path / "i.png", tmp_path / "m.png", unlabelled=0)
    assert found.classes.values == (1, 2, 3)
    assert found.classes.unlabelled == 0


def test_planes_of_a_stack_are_examples_and_those_without_labels_left_out():
    image, mask = scene()
    masks = np.zeros((3, *mask.shape), np.uint8)
    masks[1] = scribbled(mask)
    stack = np.stack([image] * 3)
    found = gather(stack, masks, axes="ZYX")
    assert [example.name for example in found.examples] == ["image, plane 2"]
    (volume,) = gather(stack, masks, axes="ZYX", volume=True).examples
    assert volume.image_CS.shape == (1, 3, 64, 64)
    assert volume.truth_S.shape == (3, 64, 64)


def test_channels_and_pixel_sizes_come_along(tmp_path):
    image, mask = scene()
    many = Image(np.stack([image] * 4), "CYX", {"Y": 20.0, "X": 20.0}, "nm")
    write(tmp_path / "i.tif", many)
    Picture.fromarray(mask).save(tmp_path / "i_mask.png")
    (example,) = gather(tmp_path).examples
    assert example.image_CS.shape == (4, 64, 64)
    assert example.pixel_size == pytest.approx(2e-8)


def test_colour_pictures_have_three_channels_and_grey_ones_among_them_too(tmp_path):
    image, mask = scene()
    colour = np.stack([image, image // 2, 255 - image], axis=-1)
    assert gather(colour, mask).examples[0].image_CS.shape == (3, 64, 64)
    images, masks = folder(tmp_path)
    Picture.fromarray(colour).save(images / "f0.png")
    assert [e.image_CS.shape[0] for e in gather(images, masks).examples] == [3, 3]


def test_regions_of_imagej_are_scribbles(tmp_path):
    image, _ = scene()
    Picture.fromarray(image).save(tmp_path / "i.png")
    regions = []
    for name, place in (("matrix", 0), ("pore", 15)):
        corners = np.array([(0, 0), (8, 0), (8, 8), (0, 8)]) + place
        regions.append(ImagejRoi.frompoints(corners))
        regions[-1].name, regions[-1].stroke_color = name, bytes([255, place, 0, 0])
    regions[0].stroke_color = b"\xff\x00\xff\x00"
    roifile.roiwrite(tmp_path / "regions.zip", regions)
    found = gather(tmp_path / "i.png", tmp_path / "regions.zip")
    assert found.classes.values == (1, 2)
    assert (found.examples[0].truth_S >= 0).sum() == 128


def test_outlines_are_classes_and_what_lies_outside_is_background(tmp_path):
    images, _ = folder(tmp_path, 1)
    known = {
        "images": [{"id": 0, "file_name": "f0.png"}],
        "annotations": [
            {"image_id": 0, "category_id": 0, "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]},
            {"image_id": 0, "category_id": 0, "segmentation": [[40, 40, 50, 40, 50, 50, 40, 50]]},
        ],
        "categories": [{"id": 0, "name": "melt pool"}],
    }
    (tmp_path / "train.json").write_text(json.dumps(known))
    found = gather(images, tmp_path / "train.json", instances=True)
    assert found.classes.names == ("background", "melt pool")
    assert found.examples[0].truth_S.sum() == 500
    assert set(np.asarray(found.objects[0]).ravel()) == {0, 1, 2}


def test_numbered_objects_are_one_class_and_told_apart():
    image, _ = scene()
    rows, columns = np.mgrid[:64, :64] // 12
    objects = (rows * 6 + columns + 1) * ((np.mgrid[:64, :64] % 12).min(axis=0) > 1)
    found = gather(image, objects, instances=True)
    assert found.classes.names == ("background", "object")
    assert np.array_equal(np.asarray(found.objects[0]), objects)
    assert np.array_equal(found.examples[0].truth_S > 0, objects > 0)


def test_images_without_a_mask_are_left_aside_and_told(tmp_path):
    images, masks = folder(tmp_path, 3)
    (masks / "f2.png").rename(masks / "other.png")
    found = gather(images, masks)
    assert [path.name for path in found.unlabelled] == ["f2.png"]
    assert "f2.png" in found.notes[0]
    assert "other.png" in found.notes[1]


def image_only(tmp_path):
    images, _ = folder(tmp_path / "a")
    return images.rename(tmp_path / "alone"), None


def other_names(tmp_path):
    images, masks = folder(tmp_path)
    for path in list(masks.iterdir()):
        path.rename(masks / f"x{path.name}")
    return images, masks


def one_for_many(tmp_path):
    images, masks = folder(tmp_path)
    return images, masks / "f0.png"


def small_mask(tmp_path):
    images, masks = folder(tmp_path)
    Picture.fromarray(np.zeros((64, 60), np.uint8)).save(masks / "f1.png")
    return images, masks


def stray_value(tmp_path):
    images, masks = folder(tmp_path)
    _, mask = scene()
    mask[0, :3] = 77
    Picture.fromarray(mask).save(masks / "f0.png")
    return images, masks


def channels(tmp_path):
    images, masks = folder(tmp_path)
    tifffile.imwrite(images / "f2.tif", np.zeros((2, 64, 64), np.uint8), metadata={"axes": "CYX"})
    Picture.fromarray(scene()[1]).save(masks / "f2.png")
    return images, masks


def photograph(tmp_path):
    images, masks = folder(tmp_path)
    Picture.fromarray(scene()[0]).save(masks / "f0.png")
    return images, masks


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (image_only, "no masks for them"),
        (other_names, "name each mask like its image"),
        (one_for_many, "one mask for 2 images"),
        (small_mask, "64 x 64 pixels and its mask 64 x 60"),
        (stray_value, r"too few examples: class 77 \(value 77\) has 3"),
        (channels, "2 channels and others have|1 channels and others have 2"),
        (photograph, "as in a photograph"),
    ],
)
def test_what_does_not_fit_in_folders_is_said(tmp_path, make, said):
    images, masks = make(tmp_path)
    with pytest.raises(InputError, match=said):
        gather(images, masks)


@pytest.mark.parametrize(
    ("masks", "options", "said"),
    [
        (np.ones((64, 64), np.uint8), {}, "one class only"),
        (np.zeros((64, 64), np.uint8), {"unlabelled": 0}, "masks are empty"),
        (np.zeros((32, 64), np.uint8), {}, "its mask 32 x 64"),
        (scene()[1], {"volume": True}, "axes='ZYX'"),
        (scene()[1].astype(np.int64) * 40_000, {}, "up to 80000"),
        ([scene()[1]] * 2, {}, "2 masks were given"),
        (np.arange(4096).reshape(64, 64), {}, "instances=True"),
    ],
)
def test_what_does_not_fit_in_arrays_is_said(masks, options, said):
    with pytest.raises(InputError, match=said):
        gather(scene()[0], masks, **options)


def test_many_classes_have_colours_that_differ():
    assert len(set(name_classes(range(40)).colours)) == 40
