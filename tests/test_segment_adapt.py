"""A network gets used to one image."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.nets.norm import BatchNorm
from pearlite.recipes.segment.classes import Classes
from pearlite.recipes.segment.example import Example
from pearlite.recipes.segment.fraction import FractionError
from pearlite.recipes.segment.model import Known, Model
from pearlite.recipes.segment.network import NetworkSegmenter, train_network
from pearlite.recipes.segment.network.adapt import AdaptingSegmenter, adapted, taught, windows
from pearlite.recipes.segment.network.build import build_network
from pearlite.recipes.segment.network.working import working_image
from pearlite.recipes.segment.outside import Outside
from pearlite.recipes.segment.recipe import Recipe
from pearlite.recipes.segment.results import Wanted, label, places, write_results

pytestmark = pytest.mark.usefixtures("one_thread")


def segmenter(dims: int = 2) -> NetworkSegmenter:
    recipe = Recipe(dims=dims, classes=3, width=4, depth=2, turns=False)
    return NetworkSegmenter(build_network(recipe, torch.Generator().manual_seed(0)), recipe)


def image(side: int = 64, dims: int = 2) -> NDArray[np.float32]:
    random = np.random.default_rng(1)
    return random.standard_normal((1, *dims * [side])).astype(np.float32)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_first_layer_gives_mean_0_and_deviation_1_on_a_large_enough_image(dims: int):
    image_CS = image({2: 512, 3: 64}[dims], dims)
    network = adapted(segmenter(dims), image_CS).network
    first = next(module for module in network.modules() if isinstance(module, BatchNorm))
    means, variances = [], []

    def look(_: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
        axes = [0, *range(2, dims + 2)]
        means.append(output.mean(axes))
        variances.append(output.var(axes))

    first.register_forward_hook(look)
    with torch.inference_mode():
        network(working_image(image_CS, 1.0)[None])
    assert means[0].abs().max() < 0.05
    assert (variances[0] - 1).abs().max() < 0.1


def test_a_small_image_is_trusted_less():
    def first_variance(image_CS: NDArray[np.float32]) -> torch.Tensor:
        network = adapted(segmenter(), image_CS).network
        return next(m for m in network.modules() if isinstance(m, BatchNorm)).variance

    small, large = (image(side) for side in (16, 512))
    assert (first_variance(small) - 1).abs().max() < (first_variance(large) - 1).abs().max()


def test_the_trained_segmenter_stays_as_it_was_and_answers_repeat():
    trained = segmenter()
    image_CS = image()
    before = trained.probabilities(image_CS)
    first = AdaptingSegmenter(trained).probabilities(image_CS)
    assert np.array_equal(trained.probabilities(image_CS), before)
    assert not np.allclose(first, before, atol=0.01)
    assert np.array_equal(AdaptingSegmenter(trained).probabilities(image_CS), first)
    assert np.allclose(first.sum(0), 1, atol=1e-5)


def test_gain_and_offset_change_nothing():
    image_CS = image()
    first = AdaptingSegmenter(segmenter()).probabilities(image_CS)
    again = AdaptingSegmenter(segmenter()).probabilities(40 * image_CS + 7)
    assert np.mean(first.argmax(0) == again.argmax(0)) > 0.99


def test_of_a_large_image_four_windows_are_looked_at():
    first, last = slice(0, 512), slice(188, 700)
    assert windows((700, 300)) == [(first, first), (last, first)]
    assert windows((700, 700)) == [(first, first), (first, last), (last, first), (last, last)]
    assert len(windows((20, 30))) == 1


def test_its_own_sure_answers_make_it_surer():
    rows, columns = np.mgrid[:64, :64]
    truth_S = ((rows // 16 + columns // 16) % 2).astype(np.int16)
    noise = np.random.default_rng(0).normal(0, 0.4, (2, 1, 64, 64))
    train_CS, faint_CS = truth_S + noise[0], 0.7 * truth_S + noise[1]
    recipe = Recipe(classes=2, width=4, depth=2, crop=32, turns=False)
    trained = train_network([Example(train_CS, truth_S, "one")], [], recipe, seed=0, steps=30)
    before = trained.probabilities(faint_CS)
    after = taught(trained, faint_CS).probabilities(faint_CS)
    assert after.max(0).mean() > before.max(0).mean()
    assert np.mean(after.argmax(0) == truth_S) > np.mean(before.argmax(0) == truth_S)


@pytest.mark.parametrize(
    ("vary", "limit", "adapts"),
    [("unlike", 0.0, True), ("unlike", 1.0, False), ("usual", 0.0, False)],
)
def test_a_model_adapts_to_what_is_outside_if_it_was_trained_for_that(
    vary: str, limit: float, adapts: bool, tmp_path: Path
):
    trained = segmenter()
    trained.recipe = replace(trained.recipe, vary=vary)
    seven = 7 * (0.0,)
    model = Model(
        trained,
        Classes((0, 1, 2), ("a", "b", "c"), ("#000000", "#ff0000", "#00ff00")),
        Known(1, 2, False, None, ("float32",)),
        FractionError.learn([], 3),
        Outside(seven, seven, 0.02, 0.5, limit, 2.0, 5 * (0.0,)),
    )
    image_CS = image()
    expected = AdaptingSegmenter(trained) if adapts else trained
    labels = label(Image(image_CS[0], "YX"), model, Wanted())
    assert np.array_equal(labels, expected.probabilities(image_CS).argmax(0))
    facts = write_results(Image(image_CS[0], "YX"), places(tmp_path, None), model, Wanted())
    assert any("adapted" in note for note in facts["notes"]) == adapts
    written = read(places(tmp_path, None)["labels"]).array
    assert np.array_equal(written, labels)
