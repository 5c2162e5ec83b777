"""A network trained on strokes: what it promises, and what it learns from.

Axes: C channels, S space, that is HW of an image or DHW of a volume; K classes.
"""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from pearlite.errors import InputError
from pearlite.recipes.segment.example import UNLABELLED, Example
from pearlite.recipes.segment.network import NetworkSegmenter, own_labels
from pearlite.recipes.segment.network.augment import usual
from pearlite.recipes.segment.network.own_labels import OwnLabels, common, reweighted
from pearlite.recipes.segment.network.partial import train_partial
from pearlite.recipes.segment.network.smooth import smoothness, usual_difference
from pearlite.recipes.segment.recipe import Recipe
from pearlite.train.state import State

SMALL = Recipe(classes=2, width=8, depth=2, crop=32)


def grains(*sides: int, seed: int) -> Example:
    """Two phases of unlike grey and noise, one of them a fifth of the volume."""
    rng = np.random.default_rng(seed)
    field_S = gaussian_filter(rng.normal(size=sides), 5, mode="wrap")
    truth_S = (field_S > np.quantile(field_S, 0.8)).astype(np.int16)
    grey_S = np.where(truth_S, 150, 110) + 15 * rng.normal(size=sides)
    return Example(grey_S[None].clip(0, 255).astype(np.uint8), truth_S, f"grains {seed}")


def strokes(example: Example, pixels: int = 150) -> Example:
    """As many pixels of either class, none near a border."""
    kept_S = np.full_like(example.truth_S, UNLABELLED)
    for number in (0, 1):
        depth_S = np.asarray(distance_transform_edt(example.truth_S == number))
        places = np.flatnonzero(depth_S > 2)
        kept_S.flat[places[:: max(1, len(places) // pixels)]] = number
    return replace(example, truth_S=kept_S)


def trained(
    examples: list[Example], recipe: Recipe = SMALL, steps: int = 60, **options: Any
) -> NetworkSegmenter:
    return train_partial(examples, recipe, seed=0, steps=steps, batch=4, **options)


def labels(segmenter: NetworkSegmenter, example: Example) -> NDArray[np.integer]:
    return segmenter.probabilities(example.image_CS).argmax(0)


@pytest.fixture(scope="module")
def segmenter() -> NetworkSegmenter:
    return trained([strokes(grains(96, 96, seed=1))], steps=90)


def test_finds_the_borders_and_the_share_of_a_class_from_strokes(
    segmenter: NetworkSegmenter,
) -> None:
    new = grains(96, 96, seed=2)
    found_S = labels(segmenter, new)
    assert (found_S == new.truth_S).mean() > 0.95
    assert abs(found_S.mean() - new.truth_S.mean()) < 0.05


@pytest.mark.slow
def test_volumes_are_learned_from_strokes() -> None:
    recipe = replace(SMALL, dims=3, crop=16)
    new = grains(20, 33, 40, seed=2)
    segmenter = trained([strokes(grains(24, 40, 40, seed=1))], recipe, steps=30)
    assert (labels(segmenter, new) == new.truth_S).mean() > 0.85


@pytest.mark.slow
def test_every_image_with_strokes_counts_and_others_do_not_hurt() -> None:
    one, other = strokes(grains(64, 64, seed=1)), strokes(grains(64, 64, seed=3))
    first_S = np.where(one.truth_S == 0, 0, UNLABELLED).astype(np.int16)
    blank = replace(one, truth_S=np.full_like(one.truth_S, UNLABELLED))
    segmenter = trained([replace(one, truth_S=first_S), other, blank], steps=50)
    new = grains(96, 96, seed=2)
    assert (labels(segmenter, new) == new.truth_S).mean() > 0.9


def test_a_class_without_a_stroke_is_named() -> None:
    example = strokes(grains(64, 64, seed=1))
    none = replace(example, truth_S=np.minimum(example.truth_S, 0))
    with pytest.raises(InputError, match="class 1 has no labelled pixel"):
        trained([none])


@pytest.mark.slow
def test_another_segmenters_sure_answers_may_come_first(segmenter: NetworkSegmenter) -> None:
    example = strokes(grains(96, 96, seed=1), pixels=10)
    new = grains(96, 96, seed=2)
    warm, cold = (
        (labels(trained([example], steps=25, warm=warm), new) == new.truth_S).mean()
        for warm in (segmenter, None)
    )
    assert warm > cold


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = [strokes(grains(64, 64, seed=1))]
    image_CS = grains(64, 64, seed=2).image_CS
    calls = 0

    def interrupting(
        x_BCS: torch.Tensor, y_BS: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal calls
        calls += 1
        if calls == 8:  # after the first round, before the second
            os.kill(os.getpid(), signal.SIGINT)
        return usual(x_BCS, y_BS, generator)

    whole = trained(examples, steps=14)
    monkeypatch.setattr(own_labels, "usual", interrupting)
    with pytest.raises(KeyboardInterrupt):
        trained(examples, steps=14, state=State(tmp_path))
    assert calls == 8
    resumed = trained(examples, steps=14, state=State(tmp_path))
    assert calls == 14
    np.testing.assert_array_equal(resumed.probabilities(image_CS), whole.probabilities(image_CS))


def test_classes_are_found_to_be_as_common_as_they_are() -> None:
    rng = np.random.default_rng(0)
    truth_N = rng.choice(3, 20_000, p=[0.7, 0.25, 0.05])
    seen_N = truth_N + 0.4 * rng.normal(size=truth_N.size)
    alike_KN = np.exp(-((seen_N - np.arange(3)[:, None]) ** 2) / (2 * 0.4**2))
    balanced_KN = alike_KN / alike_KN.sum(0)
    shares_K = common(balanced_KN, np.zeros(3))
    np.testing.assert_allclose(shares_K, [0.7, 0.25, 0.05], atol=0.02)
    right = [
        (p.argmax(0) == truth_N).mean() for p in (balanced_KN, reweighted(balanced_KN, shares_K))
    ]
    assert right[1] > right[0] + 0.02


def test_no_class_is_rarer_than_its_strokes() -> None:
    nobody_KN = np.array([[1.0] * 100, [0.0] * 100])
    np.testing.assert_allclose(common(nobody_KN, np.array([0.02, 0.1]))[1], 0.1, atol=0.02)


def test_sure_answers_become_labels_and_strokes_stay() -> None:
    class Teacher:
        def probabilities(self, image_CS: NDArray[np.generic]) -> NDArray[np.float32]:
            second_S = np.full(image_CS.shape[1:], 0.5, np.float32)
            second_S[:32], second_S[48:] = 0.001, 0.999
            return np.stack([1 - second_S, second_S])

    example = grains(64, 64, seed=1)
    strokes_S = np.full_like(example.truth_S, UNLABELLED)
    strokes_S[5, 5:9] = 1
    strokes_S[60, 5:9] = 0
    own = OwnLabels([replace(example, truth_S=strokes_S)], SMALL, batch=2, seed=0)
    own.learn_from(Teacher())
    expected_S = np.full_like(strokes_S, UNLABELLED)
    expected_S[:32], expected_S[48:] = 0, 1
    expected_S[5, 5:9], expected_S[60, 5:9] = 1, 0
    np.testing.assert_array_equal(own.examples[0].truth_S, expected_S)


@pytest.mark.parametrize("sides", [(40, 40), (12, 20, 20)])
def test_smoothness_asks_for_agreement_inside_grains_and_not_across_edges(
    sides: tuple[int, ...],
) -> None:
    half = sides[-1] // 2
    image_CS = 0.1 * torch.randn(1, *sides, generator=torch.Generator().manual_seed(0))
    image_CS[..., half:] += 3

    def penalty(border: int) -> float:
        shares_BKS = torch.zeros(1, 2, *sides)
        shares_BKS[:, 0, ..., :border], shares_BKS[:, 1, ..., border:] = 1, 1
        return float(smoothness(image_CS[None], shares_BKS, usual_difference([image_CS])))

    assert penalty(half) < 0.4 * penalty(half - 8)
    assert penalty(0) == pytest.approx(0, abs=1e-6)
