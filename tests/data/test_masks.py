"""Masks as people have them: palettes, colours, soft edges, regions of ImageJ, outlines."""

import json

import numpy as np
import pytest
import roifile
import tifffile
from PIL import Image as Picture
from PIL import ImageDraw, ImageFilter
from roifile import ROI_TYPE, ImagejRoi

from pearlite.data.masks import CLEAR, read_mask, unify
from pearlite.data.outlines import read_outlines
from pearlite.data.rois import read_rois
from pearlite.data.shapes import draw_labels
from pearlite.errors import InputError

RED, BLUE = (255, 0, 0), (0, 0, 255)


def discs(size=64, values=(0, 1, 2)):
    rows, columns = np.mgrid[:size, :size]
    mask = np.full((size, size), values[0], np.uint8)
    mask[(rows - 20) ** 2 + (columns - 20) ** 2 < 150] = values[1]
    mask[(rows - 45) ** 2 + (columns - 45) ** 2 < 150] = values[2]
    return mask


def painted(mask, colours):
    return np.array(colours, np.uint8)[mask]


def paletted(path, mask, colours):
    picture = Picture.frombytes("P", mask.shape[::-1], mask.tobytes())
    picture.putpalette(np.array(colours, np.uint8).ravel().tobytes())
    picture.save(path)


@pytest.mark.parametrize("name", ["m.png", "m.tif", "m.webp", "m.npy"])
def test_values_of_a_label_image_are_read_as_stored(tmp_path, name):
    mask = discs(values=(0, 128, 255))
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, mask)
    elif name.endswith("tif"):
        tifffile.imwrite(path, mask)
    else:
        Picture.fromarray(mask).save(path, lossless=True)
    found = unify([read_mask(path)])
    assert np.array_equal(found.masks[0], mask)
    assert not found.notes


def test_yes_and_no_are_0_and_1(tmp_path):
    Picture.fromarray(discs(values=(0, 255, 255))).convert("1").save(tmp_path / "m.png")
    assert set(np.unique(read_mask(tmp_path / "m.png").values_S)) == {0, 1}
    assert set(np.unique(read_mask(discs() > 0).values_S)) == {0, 1}


def test_indices_of_a_colour_table_are_values_with_their_colours(tmp_path):
    paletted(tmp_path / "m.png", discs(), [(0, 0, 0), RED, BLUE])
    found = unify([read_mask(tmp_path / "m.png")])
    assert np.array_equal(found.masks[0], discs())
    assert found.colours == {0: "#000000", 1: "#ff0000", 2: "#0000ff"}


def test_tables_that_disagree_are_told_apart_by_colour(tmp_path):
    paletted(tmp_path / "a.png", discs(), [(0, 0, 0), RED, BLUE])
    paletted(tmp_path / "b.png", discs(values=(0, 2, 1)), [(0, 0, 0), BLUE, RED])
    first, second = unify([read_mask(tmp_path / f"{name}.png") for name in "ab"]).masks
    assert np.array_equal(first, second)


def test_the_colour_table_of_imagej_is_read(tmp_path):
    table = np.zeros((3, 256), np.uint8)
    table[:, 1], table[:, 2] = RED, BLUE
    tifffile.imwrite(tmp_path / "m.tif", discs(), imagej=True, metadata={"LUTs": [table]})
    found = unify([read_mask(tmp_path / "m.tif")])
    assert found.colours[1] == "#ff0000"
    assert np.array_equal(found.masks[0], discs())


def test_colours_become_values_and_the_mapping_is_told(tmp_path):
    Picture.fromarray(painted(discs(), [(0, 0, 0), RED, BLUE])).save(tmp_path / "m.png")
    found = unify([read_mask(tmp_path / "m.png")])
    assert np.array_equal(found.masks[0], discs(values=(0, 2, 1)))
    assert found.colours == {0: "#000000", 1: "#0000ff", 2: "#ff0000"}
    assert "#0000ff is 1, #ff0000 is 2" in found.notes[0]


def test_soft_edges_go_to_the_nearest_class_and_are_told(tmp_path):
    canvas = Picture.new("RGB", (256, 256))
    ImageDraw.Draw(canvas).ellipse((40, 40, 120, 120), fill=RED)
    ImageDraw.Draw(canvas).ellipse((140, 140, 240, 240), fill=(0, 255, 0))
    canvas.filter(ImageFilter.GaussianBlur(1)).save(tmp_path / "m.png")
    found = unify([read_mask(tmp_path / "m.png")])
    hard = np.asarray(canvas)
    assert np.unique(found.masks[0]).tolist() == [0, 1, 2]
    assert np.mean((found.masks[0] == 2) != (hard[..., 0] > 0)) < 0.003
    assert "soft edges" in found.notes[0]


def test_classes_painted_on_a_micrograph_are_found():
    grey = np.random.default_rng(0).integers(0, 256, (96, 96), np.uint8)
    picture = np.repeat(grey[..., None], 3, axis=2)
    mask = discs(96)
    picture[mask == 1], picture[mask == 2] = RED, BLUE
    found = unify([read_mask(picture)])
    assert np.array_equal(found.masks[0], discs(96, values=(0, 2, 1)))
    assert "grey picture" in found.notes[0]


def test_transparent_pixels_say_nothing():
    picture = np.dstack([painted(discs(), [(0, 0, 0), RED, BLUE]), np.full((64, 64), 255)])
    picture[:5, :, 3] = 0
    found = unify([read_mask(picture.astype(np.uint8))])
    assert (found.masks[0][:5] == CLEAR).all()
    assert (found.masks[0][5:] >= 0).all()


def test_a_mask_stretched_to_16_bits_means_the_same(tmp_path):
    small = discs(values=(0, 128, 255))
    tifffile.imwrite(tmp_path / "deep.tif", small.astype(np.uint16) * 257)
    tifffile.imwrite(tmp_path / "flat.tif", small)
    found = unify([read_mask(tmp_path / name) for name in ("deep.tif", "flat.tif")])
    assert np.array_equal(found.masks[0], found.masks[1])
    assert "16 bits" in found.notes[0]


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8), "no mask of at most"),
        (np.full((8, 8), 0.5), "no whole numbers"),
        (np.full((8, 8), np.nan), "no whole numbers"),
        (np.full((8, 8), -3), "from -3"),
        (np.zeros((2, 8, 8, 8, 8), np.uint8), "shape"),
    ],
)
def test_what_is_no_mask_is_said(mask, said):
    with pytest.raises(InputError, match=said):
        unify([read_mask(mask)])


def test_a_blurred_mask_is_refused():
    rows = np.linspace(0, 255, 256).astype(np.uint8)
    with pytest.raises(InputError, match="classes"):
        unify([read_mask(np.repeat(np.sort(rows)[None], 256, axis=0))])


def square(left, top, name="", **more):
    corners = np.array([(0, 0), (10, 0), (10, 10), (0, 10)]) + np.array([left, top])
    region = ImagejRoi.frompoints(corners)
    region.name = name
    for key, value in more.items():
        setattr(region, key, value)
    return region


def test_regions_of_imagej_fill_their_pixels(tmp_path):
    square(20, 5).tofile(tmp_path / "one.roi")
    drawn = draw_labels(read_rois(tmp_path / "one.roi"), [7], (64, 64))
    assert np.array_equal(np.argwhere(drawn == 7)[[0, -1]], [[5, 20], [14, 29]])
    oval = ImagejRoi(roitype=ROI_TYPE.OVAL, top=10, left=10, bottom=30, right=50)
    oval.tofile(tmp_path / "oval.roi")
    drawn = draw_labels(read_rois(tmp_path / "oval.roi"), [1], (64, 64))
    assert drawn.sum() == pytest.approx(np.pi * 10 * 20, rel=0.03)


@pytest.mark.parametrize(
    ("regions", "labels"),
    [
        (
            [square(0, 0, "pore-1"), square(20, 20, "pore-2"), square(30, 0, "matrix")],
            "pore pore matrix",
        ),
        ([square(0, 0, "a", group=2), square(20, 20, "b", group=1)], "group 2 group 1"),
        (
            [
                square(0, 0, "a", stroke_color=b"\xff\xff\x00\x00"),
                square(20, 20, "b", stroke_color=b"\xff\x00\xff\x00"),
            ],
            "#ff0000 #00ff00",
        ),
    ],
)
def test_the_class_of_a_region_is_its_group_colour_or_name(tmp_path, regions, labels):
    roifile.roiwrite(tmp_path / "set.zip", regions)
    assert " ".join(shape.label for shape in read_rois(tmp_path / "set.zip")) == labels


def test_a_file_that_is_no_region_is_said(tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK nonsense")
    with pytest.raises(InputError, match="ImageJ regions"):
        read_rois(tmp_path / "bad.zip")


def coco(segmentation):
    return {
        "images": [{"id": 1, "file_name": "far/a.png", "height": 20, "width": 30}],
        "annotations": [{"image_id": 1, "category_id": 3, "segmentation": segmentation}],
        "categories": [{"id": 3, "name": "pool"}],
    }


@pytest.mark.parametrize(
    "segmentation",
    [
        [[5, 4, 15, 4, 15, 12, 5, 12]],
        {"size": [20, 30], "counts": [104, 8, *([12, 8] * 9), 308]},
        {"size": [20, 30], "counts": "X38<00000000000000000X9"},
    ],
)
def test_outlines_of_coco_are_drawn(tmp_path, segmentation):
    (tmp_path / "a.json").write_text(json.dumps(coco(segmentation)))
    (shape,) = read_outlines(tmp_path / "a.json")["a.png"]
    assert (shape.label, shape.value) == ("pool", 3)
    inside = shape.inside((20, 30))
    assert inside.sum() == 80
    assert inside[4:12, 5:15].all()


def test_outlines_of_via_are_drawn(tmp_path):
    regions = [
        {
            "shape_attributes": {"name": "rect", "x": 2, "y": 3, "width": 4, "height": 5},
            "region_attributes": {"Label": "Powder\n"},
        },
        {
            "shape_attributes": {"name": "circle", "cx": 30, "cy": 30, "r": 10},
            "region_attributes": {},
        },
    ]
    known = {"_via_img_metadata": {"x": {"filename": "a.png", "regions": regions}}}
    (tmp_path / "a.json").write_text(json.dumps(known))
    powder, region = read_outlines(tmp_path / "a.json")["a.png"]
    assert (powder.label, region.label) == ("Powder", "region")
    assert powder.inside((64, 64)).sum() == 20
    assert region.inside((64, 64)).sum() == pytest.approx(np.pi * 100, rel=0.03)
