import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from sklearn.datasets import load_digits

from pearlite.data import samples
from pearlite.data.blocks import split_blocks
from pearlite.data.leaks import check_split, find_leaks
from pearlite.data.overlap import SHARED
from pearlite.data.pixels import turned
from pearlite.data.split import Split, split
from pearlite.errors import InputError, Refused

EMPTY = np.array([], dtype=np.int64)
MAKERS = (samples.grains, samples.laths, samples.particles, samples.three_phase, samples.two_phase)


def digits() -> np.ndarray:
    known: Any = load_digits()
    return known.images


def textures(maker, count=24, size=64):
    return [maker((size, size), seed) for seed in range(count)]


def withheld(known, *asked):
    """Return all images, and a split that trains on `known` and tests on `asked`."""
    every = [*known, *asked]
    return every, Split(np.arange(len(known)), EMPTY, np.arange(len(known), len(every)), why="")


def jpeg(image, quality=90):
    stored = io.BytesIO()
    Image.fromarray(np.round(image * 255).astype(np.uint8)).save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored), dtype=np.float32) / 255


@pytest.mark.parametrize("maker", MAKERS)
def test_different_textures_are_never_refused(maker):
    images = textures(maker, 40)
    for seed in range(2):
        check_split(split(40, seed=seed), images)


@pytest.mark.parametrize("maker", MAKERS)
def test_disjoint_patches_of_one_image_are_never_refused(maker):
    corners, made = split_blocks((384, 384), (48, 48), block=(48, 48))
    image = maker((384, 384), 7)
    check_split(made, [image[r : r + 48, c : c + 48] for r, c in corners], boxes=boxes(corners, 48))


@pytest.mark.parametrize("name", ["brick", "camera", "coins", "grass", "gravel", "moon", "text"])
def test_disjoint_patches_of_pictures_are_never_refused(name):
    image = np.asarray(samples.load(name).array)
    rows, columns = (range(0, n - 47, 48) for n in image.shape)
    patches = [image[r : r + 48, c : c + 48] for r in rows for c in columns]
    check_split(split(len(patches)), patches)


def test_the_same_corner_in_blank_pictures_makes_no_two_images_alike():
    random = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    edges = zip(random.uniform(8, 14, 40), random.uniform(0.6, 1.6, 40), strict=True)
    images = [
        ndimage.gaussian_filter(((64 - y) * slope + x < size).astype(float), 0.8)
        + random.normal(0, 0.01, (64, 64))
        for size, slope in edges
    ]
    check_split(split(40), images)


@pytest.mark.slow
def test_handwritten_digits_are_never_refused():
    images = digits()
    for seed in range(5):
        check_split(split(len(images), seed=seed), images)


def boxes(corners, size):
    return np.concatenate([corners, corners + size], axis=1)


CHANGES = {
    "brightness": lambda image: image * np.float32(0.7) + np.float32(0.2),
    "grey levels": lambda image: np.round(image * 200 + 20).astype(np.uint8),
    "turned": lambda image: turned(image, 5),
    "noise": lambda image: (
        image + np.random.default_rng(0).normal(0, 0.02 * np.ptp(image), image.shape)
    ),
    "compression": jpeg,
    "shift": lambda image: ndimage.shift(image, (1, -1), order=1, mode="nearest"),
    "blur": lambda image: ndimage.gaussian_filter(image, 0.7),
    "size": lambda image: ndimage.zoom(image, 1.5, order=1),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("maker", [samples.grains, samples.particles])
def test_a_changed_copy_is_named_with_what_was_measured(maker, change):
    images = textures(maker)
    every, made = withheld(images, maker((64, 64), 99), CHANGES[change](images[5]))
    with pytest.raises(
        Refused, match=r"train 5 and test 25 .*correlation 0\.9|correlation 1"
    ) as no:
        check_split(made, every)
    assert "1 pairs" in str(no.value)


def test_equal_images_are_named_as_such():
    images = digits()
    every, made = withheld(images[:500], images[500], images[37])
    leaks = find_leaks(made, every)
    assert [(leak.kind, leak.first, leak.second) for leak in leaks] == [
        ("identical", ("train", 37), ("test", 501))
    ]


@pytest.mark.parametrize("turn", range(1, 8))
def test_a_turned_digit_of_other_brightness_is_named(turn):
    images = digits()
    every, made = withheld(images[:300], images[400], turned(images[20], turn) * 3 + 1)
    assert [(leak.first[1], leak.second[1]) for leak in find_leaks(made, every)] == [(20, 301)]


@pytest.mark.parametrize("maker", MAKERS[:4])
def test_overlapping_patches_are_named_at_any_offset(maker):
    image = maker((256, 256), 3)
    random = np.random.default_rng(0)
    for turn in range(8):
        row, column = random.integers(64, 128, 2)
        down, right = random.integers(-40, 41, 2)
        known = image[row : row + 64, column : column + 64]
        asked = image[row + down : row + down + 64, column + right : column + right + 64]
        every, made = withheld([maker((64, 64), 50), known], turned(asked, turn))
        leaks = find_leaks(made, every)
        assert [(leak.first[1], leak.second[1]) for leak in leaks] == [(1, 2)]
        if leaks[0].kind == "overlap":
            assert f"{64 - abs(down)} x {64 - abs(right)} pixels" in leaks[0].reason


def test_the_smallest_overlap_that_is_certain_to_be_found():
    image = np.random.default_rng(0).random((100, 100))
    known, asked = image[:50, :50], image[50 - SHARED :, 50 - SHARED :]
    every, made = withheld([known], asked)
    assert f"share {SHARED} x {SHARED} pixels" in find_leaks(made, every)[0].reason


def test_a_crop_of_a_colour_picture_is_named():
    picture = np.asarray(samples.load("coffee").array)
    channels_last = np.moveaxis(picture, 0, -1)
    every, made = withheld([channels_last], channels_last[100:230, 210:333])
    assert "130 x 123 pixels" in find_leaks(made, every)[0].reason


def test_the_usual_pipeline_that_leaks_is_refused():
    image = samples.laths((192, 192), 0)
    corners = [(r, c) for r in range(0, 129, 16) for c in range(0, 129, 16)]
    patches = [image[r : r + 64, c : c + 64] for r, c in corners]
    with pytest.raises(Refused, match="overlap"):
        check_split(split(len(patches)), patches)


def test_boxes_that_share_a_pixel_are_named():
    corners = np.array([[0, 0], [0, 40], [31, 31]])
    made = Split(np.array([0, 1]), EMPTY, np.array([2]), why="")
    leaks = find_leaks(made, boxes=boxes(corners, 32))
    assert [str(leak) for leak in leaks] == ["train 0 and test 2 share 1 x 1 pixels"]
    assert not find_leaks(made, boxes=boxes(corners, 32), image=["a", "a", "b"])
    assert not find_leaks(made, boxes=boxes(corners, 31))


def test_a_group_on_two_sides_is_named():
    group = np.array(["a", "a", "b", "b", "c"])
    made = Split(np.array([0, 2]), np.array([3]), np.array([1, 4]), why="")
    with pytest.raises(Refused, match=r"train 0 and test 1 belong to one group, 'a'") as no:
        check_split(made, group=group)
    assert "train 2 and validation 3 belong to one group, 'b'" in str(no.value)
    check_split(split(5, group=group), group=group)


def test_a_refusal_names_some_pairs_and_counts_the_rest():
    images = textures(samples.grains, 12)
    every, made = withheld(images, *images)
    with pytest.raises(Refused, match=r"leaks in 12 pairs .*and 7 more.*split\(group=…\)"):
        check_split(made, every)


def test_leaks_between_train_and_validation_count():
    images = [*textures(samples.grains, 6), samples.grains((64, 64), 2)]
    made = Split(np.arange(5), np.array([6]), np.array([5]), why="")
    assert find_leaks(made, images)[0].second == ("validation", 6)


def test_blank_images_tell_nothing():
    blank = np.zeros((32, 32), dtype=np.uint8)
    every, made = withheld([blank, *textures(samples.grains, 3)], blank)
    check_split(made, every)


def test_a_common_information_bar_makes_no_two_images_alike():
    bar = np.kron(np.random.default_rng(0).integers(0, 2, (8, 64)), np.ones((2, 2)))
    images = [np.concatenate([image, bar]) for image in textures(samples.grains, 12, 128)]
    check_split(split(12), images)


def test_equal_rows_of_a_table_are_named():
    rows = np.random.default_rng(0).random((50, 20))
    rows[40] = rows[3]
    made = Split(np.arange(30), EMPTY, np.arange(30, 50), why="")
    assert [str(leak) for leak in find_leaks(made, rows)] == [
        "train 3 and test 40 are byte for byte equal"
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"data": np.zeros((4, 8, 8))}, "names sample 4, the data hold 4"),
        ({"group": [1, 2]}, "one entry a sample"),
        ({"boxes": np.zeros((5, 3))}, r"\(samples, 2 x axes\)"),
    ],
)
def test_arguments_that_do_not_fit_are_told(given, said):
    with pytest.raises(InputError, match=said):
        find_leaks(split(5), **given)
