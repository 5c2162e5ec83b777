"""The network that gives an image the look of another, and adaptive instance normalisation."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.nets.pretrained import blank
from pearlite.nets.stylist import Look, Stylist, adain


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def halves(rows: int, columns: int) -> torch.Tensor:
    """Two classes, left and right: (1, 2, rows, columns)."""
    left = (torch.arange(columns) < columns // 2).float().expand(rows, -1)
    return torch.stack([left, 1 - left])[None]


@pytest.fixture(scope="module")
def network() -> Stylist:
    return Stylist(blank("lite0", generator=generator()), generator=generator(1)).eval()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(-5, 5), st.floats(0.5, 3))
def test_adain_gives_each_class_the_mean_and_deviation_of_the_look(seed, mean, deviation):
    maps = [torch.randn(1, 4, 16, 16, generator=generator(seed))]
    classes = halves(16, 16)
    wanted = torch.tensor([[[mean] * 4, [-mean] * 4]])
    look = Look([wanted], [torch.full((1, 2, 4), deviation)])
    (styled,) = adain(maps, classes, look)
    left, right = styled[..., :8], styled[..., 8:]
    assert torch.allclose(left.mean((2, 3)), torch.full((1, 4), mean), atol=1e-4)
    assert torch.allclose(right.mean((2, 3)), torch.full((1, 4), -mean), atol=1e-4)
    assert left.flatten(2).std(2, correction=0).sub(deviation).abs().max() < 0.05 * deviation


def test_an_image_with_its_own_look_stays_as_it_is(network):
    image, classes = torch.randn(1, 1, 32, 32, generator=generator(2)), halves(32, 32)
    with torch.inference_mode():
        maps = network.encode(image)
        for one, other in zip(adain(maps, classes, Look.of(maps, classes)), maps, strict=True):
            assert torch.allclose(one, other, atol=1e-3)


def test_strength_0_leaves_the_features_alone(network):
    image, classes = torch.randn(1, 1, 32, 32, generator=generator(2)), halves(32, 32)
    other = 3 * torch.randn(1, 1, 32, 32, generator=generator(3)) + 1
    with torch.inference_mode():
        own, far = (network.look([(one, classes)]) for one in (image, other))
        kept = network(image, classes, far, 0.0)
        assert torch.allclose(kept, network(image, classes, own, 1.0), atol=1e-2)
        assert not torch.allclose(kept, network(image, classes, far, 1.0), atol=1e-2)


def test_any_size_comes_back_in_its_size(network):
    image, classes = torch.randn(2, 1, 19, 45, generator=generator(2)), halves(19, 45)
    with torch.inference_mode():
        look = network.look([(image[:1], classes)])
        assert network(image, classes.expand(2, -1, -1, -1), look).shape == image.shape


def test_a_look_of_two_images_is_that_of_their_pixels_together(network):
    one, two = (torch.randn(1, 1, 32, 32, generator=generator(seed)) for seed in (2, 3))
    classes = torch.ones(1, 1, 32, 32)
    with torch.inference_mode():
        looks = [network.look([(image, classes)]).means_BKC[0] for image in (one, two)]
        both = network.look([(one, classes), (two, classes)]).means_BKC[0]
    assert torch.allclose(both, (looks[0] + looks[1]) / 2, atol=1e-5)


def test_only_the_decoder_learns(network):
    assert all(not p.requires_grad for p in network.encoder.parameters())
    assert all(p.requires_grad for p in network.decoder.parameters())
    assert not network.train().encoder.training
    network.eval()
