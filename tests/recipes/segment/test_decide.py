"""What is decided about a network before it is trained: from labels, then by short trials."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pearlite.recipes.segment import decide
from pearlite.recipes.segment.decide import choose, from_labels, try_encoders, with_variety
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.recipe import Recipe


def example(truth_HW: NDArray[np.integer]) -> Example:
    image_CHW = (60 + 50 * truth_HW[None]).clip(0, 255).astype(np.uint8)
    return Example(image_CHW, truth_HW.astype(np.int16), "made")


def grains(side: int = 192) -> Example:
    field = gaussian_filter(np.random.default_rng(0).normal(size=(side, side)), 4, mode="wrap")
    return example(np.digitize(field / field.std(), [-0.4, 0.6]))


def layers(*, crack: int = 0) -> Example:
    """Class 1 lies as a band of 160 rows in class 0, perhaps with an upright crack, class 2."""
    truth_HW = np.zeros((512, 512), np.int16)
    truth_HW[200:360] = 1
    truth_HW[200:340, 250 : 250 + crack] = 2
    return example(truth_HW)


def test_grains_may_be_turned_and_are_seen_as_they_are() -> None:
    recipe = from_labels([grains()])
    assert (recipe.symmetries, recipe.scale, recipe.encoder) == ("all", 1.0, "")
    assert (recipe.classes, recipe.channels, recipe.dims, recipe.crop) == (3, 1, 2, 128)


def test_layers_keep_their_up_and_down() -> None:
    assert from_labels([layers()]).symmetries == "left-right"


def test_layers_from_left_to_right_keep_their_order_too() -> None:
    assert from_labels([example(layers().truth_S.T)]).symmetries == "none"


def test_a_lone_particle_is_no_layer() -> None:
    truth_HW = np.zeros((128, 128), np.int16)
    truth_HW[40:90, 40:90] = 1
    assert from_labels([example(truth_HW)]).symmetries == "all"


def test_large_regions_are_seen_from_afar() -> None:
    recipe = from_labels([layers()])
    assert recipe.scale == 0.25
    assert 160 * recipe.scale >= decide.FEWEST


def test_cracks_in_a_layer_get_a_network_of_their_own() -> None:
    recipe = from_labels([layers(crack=6)])
    assert (recipe.thin, recipe.host) == ((2,), 1)
    assert recipe.scale == 0.25  # the crack does not decide it
    assert any("6 pixels wide" in reason for reason in recipe.reasons)


def test_a_wide_crack_is_an_ordinary_class() -> None:
    assert from_labels([layers(crack=60)]).thin == ()


def test_a_rare_class_among_grains_counts_more() -> None:
    truth_HW = grains().truth_S.copy()
    truth_HW[::32, ::32] = 3
    weights = from_labels([example(truth_HW)]).class_weights
    assert weights[:3] == (1, 1, 1)
    assert 1 < weights[3] <= 5


def test_strokes_are_not_measured() -> None:
    truth_HW = np.full((128, 128), UNLABELLED)
    truth_HW[60:62, 10:40], truth_HW[80:82, 10:40] = 0, 1
    recipe = from_labels([example(truth_HW)])
    assert (recipe.symmetries, recipe.scale, recipe.class_weights) == ("all", 1.0, ())
    assert "Few pixels" in recipe.reasons[0]


def test_volumes_have_smaller_crops_and_one_network() -> None:
    truth_DHW = np.zeros((32, 64, 64), np.int16)
    truth_DHW[:, 20:40] = 1
    recipe = from_labels([Example(truth_DHW[None].astype(np.uint8), truth_DHW, "volume")])
    assert (recipe.dims, recipe.crop, recipe.encoder, recipe.thin) == (3, 32, "", ())


@pytest.mark.parametrize("better", ["", "lite0"])
def test_the_encoder_that_did_better_is_taken(better: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "can_load_lite0", lambda recipe: True)
    budgets = []

    def attempt(recipe: Recipe, seconds: float) -> float:
        budgets.append(seconds)
        return 0.1 if recipe.encoder == better else 0.3

    recipe = try_encoders(Recipe(reasons=("Encoder: guessed.",)), attempt, 25.0)
    assert recipe.encoder == better
    assert budgets == [25.0, 25.0]
    assert len(recipe.reasons) == 1
    assert "0.900" in recipe.reasons[0]


def test_without_the_pretrained_weights_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "can_load_lite0", lambda recipe: False)
    recipe = try_encoders(Recipe(), lambda recipe, seconds: pytest.fail("tried"), 25.0)
    assert recipe.encoder == ""


@pytest.mark.slow
def test_trials_are_paid_from_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "SHORTEST", 0.1)
    recipe = choose([grains(96)], [grains(96)], seconds=2, seed=0)
    assert 1 <= recipe.seconds < 1.8
    assert any("on validation" in reason for reason in recipe.reasons)


def test_without_validation_the_labels_decide() -> None:
    recipe = choose([grains(96)], [], seconds=1000, seed=0)
    assert recipe.reasons == from_labels([grains(96)]).reasons


def test_a_class_that_only_validation_shows_is_a_class() -> None:
    assert from_labels([example(np.zeros((64, 64), np.int16))], [grains(64)]).classes == 3


def test_few_images_and_time_make_the_looks_of_other_microscopes() -> None:
    few = [grains()]
    recipe = with_variety(from_labels(few), few, 220.0)
    assert (recipe.vary, recipe.depth) == ("unlike", decide.DEEP)
    assert recipe.reasons[-1].startswith("Looks")


def test_looks_stay_where_time_is_short_images_are_many_or_labels_are_strokes() -> None:
    few, many = [grains()], 4 * [grains()]
    truth_HW = np.full_like(few[0].truth_S, UNLABELLED)
    truth_HW[:2] = few[0].truth_S[:2]
    strokes = [Example(few[0].image_CS, truth_HW, "strokes")]
    for examples, seconds in ((few, 60.0), (many, 220.0), (strokes, 220.0)):
        assert with_variety(from_labels(examples), examples, seconds).vary == "usual"
    assert with_variety(from_labels(many), many, 60.0, "unlike").vary == "unlike"
    assert with_variety(from_labels(few), few, 220.0, "usual").vary == "usual"


def test_a_cascade_spends_its_time_on_no_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "try_encoders", lambda *given: pytest.fail("tried"))
    cracked = [layers(crack=6)]
    recipe = choose(cracked, cracked, seconds=1000, seed=0)
    assert recipe.thin == (2,)
    assert recipe.seconds > 900
