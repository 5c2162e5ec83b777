"""Crops drawn anew from their labels, and photographed under other conditions."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from pearlite.recipes.segment.network.render import blurred, class_means, rendered
from pearlite.recipes.segment.network.vary import photographed, unlike

pytestmark = pytest.mark.usefixtures("one_thread")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def discs(count: int, dims: int = 2, side: int = 32) -> tuple[Tensor, Tensor]:
    """Dark discs (balls) in a bright ground: images (B, 1, *S), labels (B, *S)."""
    axis = torch.arange(side) - side / 2
    distance = sum(part**2 for part in torch.meshgrid(*dims * [axis], indexing="ij"))
    truth_S = (torch.as_tensor(distance) < (side / 4) ** 2).long()
    truth_BS = truth_S.expand(count, *dims * [side]).clone()
    noise = 0.1 * torch.randn(truth_BS.shape, generator=generator(9))
    return (1 - 2.0 * truth_BS + noise)[:, None], truth_BS


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("channels", [1, 3])
def test_keeps_shape_and_labels_and_follows_the_generator(dims: int, channels: int):
    x, y = discs(4, dims)
    x = x.expand(-1, channels, *dims * [-1])
    first, labels = unlike(x, y, generator(1))
    again, _ = unlike(x, y, generator(1))
    other, _ = unlike(x, y, generator(2))
    assert first.shape == x.shape
    assert first.dtype == torch.float32
    assert torch.isfinite(first).all()
    assert torch.equal(labels, y)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_does_not_write_into_the_crops():
    x, y = discs(4)
    before = x.clone()
    unlike(x, y, generator())
    assert torch.equal(x, before)


def test_contrast_between_classes_changes_from_image_to_image_and_turns_over_at_times():
    x, y = discs(64)
    drawn = rendered(x, y, generator(), inverted=0.3)
    contrast = [
        float(image[0, truth == 0].mean() - image[0, truth == 1].mean())
        for image, truth in zip(drawn, y, strict=True)
    ]
    assert min(contrast) < -0.5
    assert max(contrast) > 2.5


def test_without_inversion_the_training_s_contrast_is_the_rule():
    x, y = discs(64)
    drawn = rendered(x, y, generator(), inverted=0.0)
    pairs = list(zip(drawn[:, 0], y, strict=True))
    brighter = [image[truth == 0].mean() > image[truth == 1].mean() for image, truth in pairs]
    assert sum(brighter) > 55


def test_pixels_without_label_stay_as_they_are():
    x, y = discs(8)
    y[:] = -1
    assert torch.equal(rendered(x, y, generator()), x)
    y[:, :, 16:] = 0
    drawn = rendered(x, y, generator(), inverted=0.0)
    far = drawn[:, :, :, 0]  # farther from the labels than a rim is wide
    assert torch.allclose(far, x[:, :, :, 0], atol=0.2)
    assert not torch.allclose(drawn[..., 16:], x[..., 16:], atol=0.2)


def test_scribbles_are_never_drawn_anew():
    x, y = discs(8)
    strokes = torch.full_like(y, -1)
    strokes[:, 14:18] = y[:, 14:18]
    varied, labels = unlike(x, strokes, generator())
    assert torch.equal(labels, strokes)
    for image, truth in zip(varied, y, strict=True):  # what is dark in the original stays darker
        assert image[0, truth == 0].mean() > image[0, truth == 1].mean()


def test_a_photograph_has_a_mean_near_0_and_a_deviation_near_1():
    x, _ = discs(64)
    taken = photographed(0.5 * x + 1, generator())
    assert abs(float(taken.mean((1, 2, 3)).mean())) < 0.15
    assert 0.8 < float(taken.std((1, 2, 3)).mean()) < 1.3


def test_blur_is_scipy_s_gaussian_with_a_width_for_each_image():
    x = torch.randn(2, 1, 24, 24, 24, generator=generator())
    found = blurred(x, torch.tensor([0.7, 2.0]))
    for image, own, sigma in zip(found, x[:, 0].numpy(), (0.7, 2.0), strict=True):
        expected = gaussian_filter(own, sigma, mode="nearest", radius=6)
        np.testing.assert_allclose(image[0].numpy(), expected, atol=1e-5)


def test_class_means_are_those_of_the_labelled_pixels():
    x, y = discs(3)
    truth = torch.stack([y == 0, y == 1, y == 2], 1).float()
    means = class_means(x, truth)
    assert means.shape == (3, 1)
    assert float(means[0]) == pytest.approx(float(x[:, 0][y == 0].mean()), abs=1e-5)
    assert means[2] == 0
