"""What users ask for, rightly or wrongly, is done or said."""

import numpy as np
import pytest
import torch
from PIL import Image as Picture
from roifile import ImagejRoi, roiwrite
from skimage.measure import label

import pearlite as pl
from pearlite.errors import InputError
from pearlite.recipes.segment.decide import as_asked, from_labels
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.examples import gather
from pearlite.recipes.segment.pixels import train_pixels


def discs(size=120):
    """Return a noisy image with discs of two greys, and which of them a pixel belongs to."""
    rows, columns = np.mgrid[:size, :size]
    random = np.random.default_rng(1)
    mask = np.zeros((size, size), np.uint8)
    for number in range(8):
        row, column = random.integers(8, size - 8, 2)
        mask[(rows - row) ** 2 + (columns - column) ** 2 < 60] = 1 + number % 2
    image = np.array([60, 130, 200])[mask] + random.normal(0, 8, mask.shape)
    return image.clip(0, 255).astype(np.uint8), mask


@pytest.mark.parametrize(("head", "seed"), [("forest", 0), ("forest", 7), ("lightgbm", 1)])
def test_a_class_of_five_percent_of_the_pixels_is_found_whatever_the_seed(head, seed):
    image, mask = discs()
    truth = (mask == 1).astype(np.int16)
    example = Example(image[None], truth, "discs")
    segmenter = train_pixels([example], 2, head=head, levels=3, seed=seed)
    found = segmenter.probabilities(image[None]).argmax(axis=0) == 1
    assert (found & (truth == 1)).sum() / (found | (truth == 1)).sum() > 0.95


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"masks": np.zeros((0, 120), np.uint8)}, "has no pixel"),
        ({"data": np.zeros((0, 120), np.uint8)}, "has no pixel"),
        ({"data": None}, r"an array of shape \(\) was given"),
        ({"data": np.full((120, 120), 7)}, "every pixel of image has the same value"),
        ({"names": "a,a,b"}, "a name of its own"),
        ({"names": ",,"}, "a name of its own"),
    ],
)
def test_what_cannot_be_learned_from_is_said(change, said):
    image, mask = discs()
    with pytest.raises(InputError, match=said):
        gather(**{"data": image, "masks": mask, "unlabelled": -1, **change})


def test_an_image_in_place_of_its_mask_is_said(tmp_path):
    Picture.fromarray(discs()[0]).save(tmp_path / "image.png")
    with pytest.raises(InputError, match="is given as image and as mask"):
        gather(tmp_path / "image.png", tmp_path / "image.png")


def test_a_value_for_unlabelled_that_no_mask_holds_and_an_image_that_shows_nothing_are_told():
    image, mask = discs()
    found = gather([image, np.full_like(image, 7)], [mask, mask], unlabelled=77)
    assert any("No pixel of the masks has the value 77" in note for note in found.notes)
    assert any("Every pixel of image 2 has the same value" in note for note in found.notes)


def test_what_lies_outside_regions_of_several_classes_says_nothing(tmp_path):
    corners = {
        "pore": [[10, 10], [40, 10], [40, 40], [10, 40]],
        "matrix": [[60, 60], [90, 60], [90, 90]],
    }
    regions = [ImagejRoi.frompoints(points, name=name) for name, points in corners.items()]
    roiwrite(tmp_path / "regions.zip", regions, mode="w")
    found = gather(discs()[0], tmp_path / "regions.zip")
    assert found.classes.names == ("matrix", "pore")
    assert found.sparse


def test_what_is_asked_for_stands_in_place_of_what_was_decided():
    image, mask = discs(256)
    examples = [Example(image[None], mask.astype(np.int16), "discs")]
    decided = from_labels(examples)
    asked = as_asked(decided, examples, "left-right", 0.5)
    assert (asked.symmetries, asked.scale) == ("left-right", 0.5)
    assert asked.crop <= 128
    assert asked.reasons[-2].startswith("Asked for: symmetries")
    assert as_asked(decided, examples) == decided


def test_a_run_trains_as_it_was_asked_and_its_record_says_so(tmp_path):
    image, mask = discs(64)
    options = {"symmetries": "none", "scale": 0.5, "minutes": 0.02, "method": "network"}
    run = pl.fit("segment", image, masks=mask, unlabelled=-1, out=tmp_path / "run", **options)
    assert (run.test["recipe"]["symmetries"], run.test["recipe"]["scale"]) == ("none", 0.5)
    assert "symmetries='none', scale=0.5" in run.record["command"]
    assert run.result.shape == mask.shape


@pytest.mark.parametrize(("instances", "most"), [(False, 1.0), (True, 2 / 3)])
def test_a_network_gets_what_pixels_and_rims_leave_of_the_time(
    tmp_path, monkeypatch, instances, most
):
    """Three images: no part shares one, so that a single network is trained."""

    class Enough(Exception):
        pass

    given: list[float] = []

    def train(*_, seconds, **__):
        given.append(seconds)
        raise Enough

    monkeypatch.setattr("pearlite.recipes.segment.learn.train_by_recipe", train)
    rows, columns = np.indices((100, 100)) % 20 - 10
    mask = rows**2 + columns**2 < 40  # 25 discs: more than there are classes
    image = (80 + 60 * mask + np.random.default_rng(0).normal(0, 8, mask.shape)).astype(np.uint8)
    numbered = label(mask) if instances else np.uint8(mask)
    options = {"masks": [numbered] * 3, "minutes": 0.5, "instances": instances}
    with pytest.raises(Enough):
        pl.fit("segment", [image] * 3, unlabelled=-1, out=tmp_path / "run", **options)
    whole = 0.7 * 0.5 * 60 * torch.get_num_threads()
    assert 0.3 * most * whole < given[0] < most * whole - 0.2  # the pixels take longer


@pytest.mark.parametrize(
    ("option", "said"),
    [({"symmetries": "odd"}, "symmetries is 'odd'"), ({"scale": 0}, "scale is 0")],
)
def test_options_of_the_network_that_are_wrong_are_said(option, said):
    with pytest.raises(InputError, match=said):
        pl.fit("segment", discs()[0], masks=discs()[1], **option)
