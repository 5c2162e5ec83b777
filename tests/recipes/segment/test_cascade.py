"""Two networks that answer as one: a layer seen from afar, cracks in it from near."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pearlite.errors import InputError
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.model import single_answer
from pearlite.recipes.segment.network.cascade import (
    BESIDE,
    CascadeSegmenter,
    best_odds,
    joined,
    near_loss,
    train_by_recipe,
)
from pearlite.recipes.segment.network.crops import Crops, Geometry
from pearlite.recipes.segment.network.divide import BAND, inner, outer
from pearlite.recipes.segment.network.segmenter import NetworkSegmenter
from pearlite.recipes.segment.recipe import Recipe
from pearlite.train.state import State

RECIPE = Recipe(
    classes=3,
    scale=0.5,
    symmetries="left-right",
    crop=64,
    width=8,
    depth=2,
    thin=(2,),
    host=1,
    seconds=1000,
)


def coating(seed: int) -> Example:
    """A dark layer on a bright substrate, with upright cracks and round pores in it."""
    rng = np.random.default_rng(seed)
    truth_HW = np.zeros((128, 128), np.int16)
    truth_HW[40:90] = 1
    grey_HW = np.array([170.0, 110.0, 60.0])[truth_HW]
    for column in rng.choice(np.arange(8, 120, 6), 5, replace=False):
        truth_HW[42:88, column : column + 2] = 2
        grey_HW[42:88, column : column + 2] = 60
    grey_HW[5:15, 20:90] = 60  # as dark as a crack, but not in the layer
    image_HW = (grey_HW + rng.normal(size=grey_HW.shape) * 6).clip(0, 255).astype(np.uint8)
    return Example(image_HW[None], truth_HW, f"coating {seed}")


@pytest.fixture(scope="module")
def segmenter() -> CascadeSegmenter:
    trained = train_by_recipe([coating(1), coating(2)], [], RECIPE, seed=0, steps=40, batch=4)
    assert isinstance(trained, CascadeSegmenter)
    return trained


def test_finds_the_layer_and_the_cracks_in_it(segmenter: CascadeSegmenter) -> None:
    unseen = coating(3)
    labels_HW = segmenter.probabilities(unseen.image_CS).argmax(0)
    for number, wanted in [(0, 0.9), (1, 0.8), (2, 0.6)]:
        found, there = labels_HW == number, unseen.truth_S == number
        assert (found & there).sum() / (found | there).sum() > wanted


def test_probabilities_sum_to_one_and_cracks_lie_in_the_layer(segmenter: CascadeSegmenter) -> None:
    image_CHW = coating(3).image_CS
    found_KHW = segmenter.probabilities(image_CHW)
    assert found_KHW.shape == (3, 128, 128)
    assert found_KHW.sum(0) == pytest.approx(1, abs=1e-5)
    assert found_KHW[2, 5:15, 20:90].max() < 0.5


def test_where_the_first_is_unsure_the_second_says_where_the_layer_ends() -> None:
    outer_OS = np.array([[0.99, 0.6, 0.4, 0.01], [0.01, 0.4, 0.6, 0.99]], np.float32)
    inner_IS = np.array([[0.1, 0.1, 0.9, 0.9], [0.9, 0.9, 0.1, 0.06], [0, 0, 0, 0.04]], np.float32)
    found_KS = joined(outer_OS, inner_IS, RECIPE, odds=1.0)
    assert found_KS.sum(0) == pytest.approx(1, abs=1e-5)
    assert (found_KS[0] > 0.5).tolist() == [True, False, True, False]
    assert found_KS[2, 3] / found_KS[1, 3] == pytest.approx(0.04 / 0.06, rel=1e-4)
    tripled_KS = joined(outer_OS, inner_IS, RECIPE, odds=3.0)
    assert tripled_KS[0] == pytest.approx(found_KS[0])
    assert tripled_KS[2, 3] / tripled_KS[1, 3] == pytest.approx(3 * 0.04 / 0.06, rel=1e-4)


def test_far_from_its_border_the_layer_is_where_the_first_network_sees_it() -> None:
    outer_OS = np.stack([np.full(100, 0.4), np.full(100, 0.6)]).astype(np.float32)
    outer_OS[:, :50] = outer_OS[::-1, :50]
    contrary_IS = np.zeros((3, 100), np.float32)
    contrary_IS[1, :50] = contrary_IS[0, 50:] = 1
    found_KS = joined(outer_OS, contrary_IS, RECIPE, odds=1.0)
    assert np.isfinite(found_KS).all()
    changed_S = found_KS[0] > 0.5
    assert changed_S.nonzero()[0].tolist() == [*range(50 - BESIDE), *range(50, 50 + BESIDE)]


def test_a_single_look_spares_the_mirror_images_of_all_parts(
    segmenter: CascadeSegmenter,
) -> None:
    quick = single_answer(segmenter)
    assert isinstance(quick, CascadeSegmenter)
    assert not any(part.recipe.turns for part in (quick.far, *quick.near))
    image_CHW = coating(4).image_CS
    same = quick.probabilities(image_CHW).argmax(0) == segmenter.probabilities(image_CHW).argmax(0)
    assert same.mean() > 0.97


def test_saved_and_loaded_gives_the_same(segmenter: CascadeSegmenter, tmp_path: Path) -> None:
    segmenter.save(tmp_path / "model")
    loaded = CascadeSegmenter.load(tmp_path / "model")
    image_CHW = coating(4).image_CS
    assert loaded.recipe == segmenter.recipe
    np.testing.assert_array_equal(
        loaded.probabilities(image_CHW), segmenter.probabilities(image_CHW)
    )


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"kind": "network"})])
def test_what_is_no_saved_cascade_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(content)
    with pytest.raises(InputError, match=r"recipe\.json"):
        CascadeSegmenter.load(tmp_path)


def test_a_finished_training_is_taken_up_from_its_states(tmp_path: Path) -> None:
    examples = [coating(1)]

    def train() -> CascadeSegmenter | NetworkSegmenter:
        return train_by_recipe(examples, [], RECIPE, seed=0, steps=3, state=State(tmp_path))

    first, again = train(), train()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["far", "near_1"]
    image_CHW = coating(4).image_CS
    np.testing.assert_array_equal(first.probabilities(image_CHW), again.probabilities(image_CHW))


def test_where_the_first_sees_little_two_look_closer(tmp_path: Path) -> None:
    recipe = replace(RECIPE, scale=0.25, crop=32)
    found = train_by_recipe([coating(1)], [], recipe, seed=0, steps=1)
    assert isinstance(found, CascadeSegmenter)
    assert [part.recipe.scale for part in (found.far, *found.near)] == [0.25, 1.0, 0.5]
    found.save(tmp_path)
    image_CHW = coating(4).image_CS
    nears = [part.probabilities(image_CHW) for part in found.near]
    mean_IHW = np.asarray((nears[0] + nears[1]) / 2, np.float32)
    expected = joined(found.far.probabilities(image_CHW), mean_IHW, recipe, found.odds)
    loaded = CascadeSegmenter.load(tmp_path)
    assert loaded.probabilities(image_CHW) == pytest.approx(expected, abs=1e-5)


def test_without_thin_classes_one_network_is_trained() -> None:
    recipe = Recipe(classes=3, crop=32, width=8, depth=2)
    assert isinstance(train_by_recipe([coating(1)], [], recipe, seed=0, steps=2), NetworkSegmenter)


def test_odds_make_a_thin_class_as_frequent_as_validation_has_it(
    segmenter: CascadeSegmenter,
) -> None:
    """Where the second network is never sure of a crack, validation says what to call one."""

    class Shy:
        def probabilities(self, image_CHW: NDArray[np.generic]) -> NDArray[np.float32]:
            found_IHW = segmenter.near[0].probabilities(image_CHW)
            elsewhere_HW, layer_HW, crack_HW = found_IHW
            return np.stack([elsewhere_HW, layer_HW + 0.7 * crack_HW, 0.3 * crack_HW])

    shy: Any = Shy()
    unseen, chosen_on = coating(5), [coating(4)]
    odds = best_odds(segmenter.far, [shy], RECIPE, chosen_on)
    assert odds > 0.7 / 0.3
    for factor, least, most in [(1.0, 0.0, 0.0), (odds, 0.6, 1.0)]:
        cascade = CascadeSegmenter(segmenter.far, [shy], RECIPE, factor)
        found_HW = cascade.probabilities(unseen.image_CS).argmax(0) == 2
        there_HW = unseen.truth_S == 2
        assert least <= (found_HW & there_HW).sum() / (found_HW | there_HW).sum() <= most


def test_without_a_crack_to_choose_on_odds_stay(segmenter: CascadeSegmenter) -> None:
    assert best_odds(segmenter.far, segmenter.near, RECIPE, []) == 1


def test_loss_of_cracks_counts_what_is_missed_and_what_is_invented() -> None:
    truth = torch.zeros(1, 8, 8, dtype=torch.int64)
    truth[:, 1:], truth[:, 2:6, 3] = 1, 2
    sure = 20 * torch.nn.functional.one_hot(truth, 3).movedim(-1, 1).float()
    nothing, everywhere = torch.zeros_like(sure), torch.zeros_like(sure)
    nothing[:, 1], everywhere[:, 2] = 20, 20
    right, missed, invented = (float(near_loss(y, truth)) for y in (sure, nothing, everywhere))
    assert right < 0.01
    assert missed > 1
    assert invented > 1


def test_loss_of_cracks_looks_at_labelled_pixels_only() -> None:
    truth = torch.full((1, 8, 8), UNLABELLED)
    truth[:, 2:6, 2:6], truth[:, 3, 2:6] = 1, 2
    y_hat = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    other = y_hat.clone()
    other[:, :, :2], other[:, :, 6:] = 5, -5
    assert float(near_loss(y_hat, truth)) == float(near_loss(other, truth))
    assert float(near_loss(y_hat, torch.full_like(truth, UNLABELLED))) == 0


def test_crops_may_be_kept_inside_the_image() -> None:
    number_HW = np.arange(96 * 96).reshape(96, 96)
    example = Example(number_HW[None], np.zeros((96, 96), np.int16), "numbered")
    recipe = Recipe(crop=64, symmetries="none")
    for outside, mirrored in [(0.0, False), (1.0, True)]:
        geometry = Geometry(shape=0.0, outside=outside)
        crops = Crops([example], recipe, batch=8, geometry=geometry, vary=None, seed=0)
        x_BCHW, _ = crops(0)
        steps = [np.diff(crop[0].numpy(), axis=axis) for crop in x_BCHW for axis in (0, 1)]
        assert any((step < 0).any() for step in steps) == mirrored


def test_what_each_network_learns() -> None:
    recipe = Recipe(classes=4, thin=(1,), host=2)
    truth_HW = np.array([[0, 1, 2, 3, UNLABELLED]], np.int16)
    example = Example(np.zeros((1, 1, 5)), truth_HW, "five pixels")
    assert outer(example, recipe).truth_S.tolist() == [[0, 1, 1, 2, UNLABELLED]]
    assert inner(example, recipe).truth_S.tolist() == [[0, 2, 1, 0, UNLABELLED]]


def test_far_from_the_layer_the_second_network_learns_nothing() -> None:
    whole = coating(1)
    rows = inner(whole, RECIPE).truth_S[:, 0]
    assert (rows[40 - int(BAND) : 40] == 0).all()
    assert (rows[: 40 - int(BAND)] == UNLABELLED).all()
    empty = Example(whole.image_CS, np.zeros((128, 128), np.int16), "no layer")
    assert (inner(empty, RECIPE).truth_S == UNLABELLED).all()
