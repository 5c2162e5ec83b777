"""What images may come in, what they become, and which are turned away before any learning."""

from collections.abc import Sequence

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.recipes.reconstruct.images import prepare


def labels(*values: int, side: int = 64, seed: int = 0) -> np.ndarray:
    blocks = np.random.default_rng(seed).integers(len(values), size=(side // 8, side // 8))
    return np.array(values, np.uint8)[np.kron(blocks, np.ones((8, 8), int))]


def test_few_whole_numbers_are_phases_and_keep_their_values() -> None:
    pictures = prepare(labels(3, 90, 255))
    assert pictures.meaning.kind == "phases"
    assert pictures.meaning.values == (3, 90, 255)
    window = pictures.window(0, np.random.default_rng(0))
    assert window.shape == (1, 3, 64, 64)
    assert window.sum(1).eq(1).all()
    assert pictures.shares() == pytest.approx(window.mean((0, 2, 3)).numpy())


def test_one_image_stands_for_all_directions_and_may_be_turned() -> None:
    pictures = prepare(labels(0, 1)[:, :56])
    shapes = {tuple(pictures.window(1, np.random.default_rng(seed)).shape[2:]) for seed in range(9)}
    assert shapes == {(64, 56), (56, 64)}


def test_three_images_stay_as_they_are() -> None:
    given = [labels(0, 1, seed=seed) for seed in range(3)]
    pictures = prepare(given)
    for axis in range(3):
        window = pictures.window(axis, np.random.default_rng(axis))
        np.testing.assert_array_equal(window[0, 1].numpy(), given[axis])


def test_along_z_of_two_images_only_left_and_right_are_changed() -> None:
    given = [labels(0, 1, seed=seed) for seed in range(2)]
    pictures = prepare(given)
    seen = {pictures.window(2, np.random.default_rng(s))[0, 1].numpy().tobytes() for s in range(9)}
    allowed = [given[1].astype(np.float32), np.ascontiguousarray(given[1][:, ::-1], np.float32)]
    assert seen == {image.tobytes() for image in allowed}


def test_values_become_channels_of_mean_0_and_variance_1() -> None:
    grey = np.random.default_rng(0).normal(100, 20, (60, 70)).astype(np.float32)
    pictures = prepare(grey)
    assert pictures.meaning.kind == "grey"
    assert pictures.planes[0].mean() == pytest.approx(0, abs=1e-4)
    assert pictures.planes[0].std() == pytest.approx(1, abs=1e-3)
    colour = np.random.default_rng(0).integers(0, 256, (60, 70, 3)).astype(np.uint8)
    assert prepare(colour).meaning.kind == "colour"
    assert prepare(colour).planes[0].shape == (3, 60, 70)


def test_a_large_image_is_seen_through_windows() -> None:
    pictures = prepare(labels(0, 1, side=256))
    assert pictures.window(0, np.random.default_rng(0), 100).shape[2:] == (100, 100)


def test_damaged_labels_are_cleaned_when_asked() -> None:
    clean = labels(0, 128, 255)
    noise = np.random.default_rng(1).integers(-3, 4, clean.shape)
    damaged = np.clip(clean + noise, 0, 255).astype(np.uint8)
    pictures = prepare(damaged, clean=True)
    np.testing.assert_array_equal(pictures.planes[0], prepare(clean).planes[0])
    assert "given to the nearest of 3 phases" in pictures.notes[0]
    with pytest.raises(InputError, match="labels that JPEG or smoothing has damaged; give clean"):
        prepare(damaged)


RARE = labels(0, 1)
RARE[:3, :5] = 2
COLOURED = np.random.default_rng(0).random((64, 64, 3))


@pytest.mark.parametrize(
    ("images", "options", "said"),
    [
        (np.zeros((64, 64), np.uint8), {}, "constant"),
        (RARE, {}, "phase 2 fills 0.37% of the image"),
        (labels(0, 1)[:40], {}, "40 x 64 pixels; at least 48"),
        (np.arange(4096).reshape(64, 64) % 40, {"kind": "phases"}, "40 different values"),
        (np.full((64, 64), np.nan), {}, "not finite"),
        (np.zeros((4, 64, 64), np.uint8), {}, r"shape \(4, 64, 64\)"),
        ([labels(0, 1)] * 3, {"pixel_sizes": [1.0, 1.0, 0.5]}, "different pixel sizes"),
        ([labels(0, 1)] * 4, {}, "4 images"),
        ([labels(0, 1), COLOURED], {}, "some images are in colour"),
        (COLOURED, {"kind": "phases"}, "do not fit kind='phases'"),
        (labels(0, 1), {"kind": "words"}, "must be"),
        (np.array([["a"] * 60] * 60), {}, "expected numbers"),
        (np.random.default_rng(0).random((64, 64)), {"kind": "phases"}, "whole numbers"),
    ],
)
def test_what_cannot_be_learned_from_is_said(
    images: np.ndarray | Sequence[np.ndarray], options: dict, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        prepare(images, **options)
