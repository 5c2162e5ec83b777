import pytest
import torch

from pearlite.data.samples import grains
from pearlite.recipes.denoise import refine as module
from pearlite.recipes.denoise.estimator import QUALITIES
from pearlite.recipes.denoise.refine import refine, refiner
from pearlite.recipes.denoise.ridge import combine_patches


def noisy_and_denoised(*shape, seed=0):
    random = torch.Generator().manual_seed(seed)
    denoised = torch.randn(shape, generator=random).cumsum(-1)
    return denoised + torch.randn(shape, generator=random), denoised


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 1), (15, 16), (17, 20)])
@pytest.mark.parametrize("views", [1, 8])
def test_frames_and_channels_of_any_size_are_refined_one_by_one(shape, views):
    noisy, denoised = noisy_and_denoised(2, 3, *shape)
    refined = refine(noisy, denoised, views)
    assert refined.shape == noisy.shape
    assert torch.isfinite(refined).all()
    alone = refine(noisy[1:, 2:], denoised[1:, 2:], views)
    assert torch.allclose(refined[1:, 2:], alone, atol=1e-5)


def test_refining_lessens_the_error():
    truth = torch.from_numpy(grains((128, 128), seed=1))[None, None] * 12
    noisy = truth + torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    denoised = combine_patches(noisy, QUALITIES["balanced"].passes)

    def error(image):
        return float((image - truth).square().mean())

    one, eight = (error(refine(noisy, denoised, views)) for views in (1, 8))
    assert one < 0.97 * error(denoised)
    assert eight < one


@pytest.mark.parametrize("tile", [32, 50, 64])
def test_tiles_equal_the_whole(monkeypatch, tile):
    images = noisy_and_denoised(1, 1, 101, 130)
    whole = refine(*images)
    monkeypatch.setattr(module, "TILE", tile)
    assert torch.allclose(refine(*images), whole, atol=1e-4)


@pytest.mark.parametrize(
    "turn", [lambda i: i.mT, lambda i: i.flip(-1), lambda i: i.rot90(1, (2, 3))]
)
def test_eight_views_have_no_preferred_direction(turn):
    images = noisy_and_denoised(1, 1, 24, 24)
    turned = refine(*(turn(image).contiguous() for image in images), views=8)
    assert torch.allclose(turned, turn(refine(*images, views=8)), atol=1e-4)
    once = refine(*(turn(image).contiguous() for image in images))
    assert not torch.allclose(once, turn(refine(*images)), atol=1e-4)


@pytest.mark.parametrize("constant", [-100.0, 1000.0])
def test_a_constant_goes_through(constant):
    images = noisy_and_denoised(1, 1, 20, 30)
    shifted = refine(*(image + constant for image in images))
    assert torch.allclose(shifted, refine(*images) + constant, atol=3e-3)


def test_the_network_is_loaded_once_and_is_not_trained():
    assert refiner("cpu") is refiner("cpu")
    assert not refiner("cpu").training
    assert not any(p.requires_grad for p in refiner("cpu").parameters())
