"""A network gets used to one image."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pearlite.nets.norm import BatchNorm
from pearlite.recipes.segment.network import NetworkSegmenter
from pearlite.recipes.segment.network.adapt import AdaptingSegmenter, adapted, windows
from pearlite.recipes.segment.network.build import build_network
from pearlite.recipes.segment.network.working import working_image
from pearlite.recipes.segment.recipe import Recipe


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
    assert windows(torch.zeros(1, 700, 300)).shape == (2, 1, 512, 300)
    assert windows(torch.zeros(1, 700, 600)).shape == (4, 1, 512, 512)
    assert windows(torch.zeros(1, 20, 30)).shape == (1, 1, 20, 30)
