import pytest
import torch
from torch import nn

from pearlite.nets.efficientnet import EfficientNetLite0
from pearlite.nets.pretrained import encoder
from pearlite.nets.unet import UNet


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_maps_have_the_strides_and_channels_that_are_told():
    net = EfficientNetLite0(2, generator=seeded()).eval()
    maps = net(torch.zeros(1, 2, 64, 96))
    for map_BCHW, channels, stride in zip(maps, net.channels, net.strides, strict=True):
        assert map_BCHW.shape == (1, channels, 64 // stride, 96 // stride)


def test_the_imagenet_weights_give_what_the_published_network_gives():
    """Mean and first value of each map, printed by efficientnet_lite_pytorch 0.1.0."""
    net = encoder("lite0", 3, generator=seeded()).eval()
    image = torch.linspace(-1, 1, 3 * 64 * 96).reshape(1, 3, 64, 96).sin()
    expected = [
        (-0.558603048, 3.544599295),
        (1.625527501, -4.106515408),
        (0.396704584, -10.066830635),
        (-0.365675207, 2.041785479),
        (0.014425217, -0.058140092),
    ]
    with torch.no_grad():
        for map_BCHW, (mean, first) in zip(net(image), expected, strict=True):
            assert map_BCHW.mean().item() == pytest.approx(mean, abs=1e-4)
            assert map_BCHW[0, 0, 0, 0].item() == pytest.approx(first, abs=1e-3)


@pytest.mark.parametrize("channels_in", [1, 2, 5])
def test_channels_that_are_all_the_same_are_a_grey_image(channels_in):
    colour = encoder("lite0", 3, generator=seeded()).eval()
    other = encoder("lite0", channels_in, generator=seeded()).eval()
    grey = torch.rand(1, 1, 64, 64, generator=seeded())
    with torch.no_grad():
        wanted, got = (
            colour(grey.expand(-1, 3, -1, -1)),
            other(grey.expand(-1, channels_in, -1, -1)),
        )
    for one, two in zip(wanted, got, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_offsets_tell_where_the_maps_are_centred(level):
    net = EfficientNetLite0(generator=seeded()).eval()
    for name, parameter in net.named_parameters():
        if "convolution" in name:
            nn.init.constant_(parameter, 1 / parameter[0].numel())  # nothing is bent
    image = torch.full((1, 1, 128, 256), 0.5, requires_grad=True)
    net(image)[level][0, 0, 4, 14].backward()
    columns = image.grad[0, 0].sum(0).nonzero()
    centre = (columns.min() + columns.max()).item() / 2
    assert centre == 14 * net.strides[level] + net.offsets[level]


def test_the_same_seed_gives_the_same_weights():
    one, two = (EfficientNetLite0(generator=seeded(3)) for _ in range(2))
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_unet_takes_it_for_any_size_and_learns_all_of_it():
    net = UNet(1, 3, encoder=EfficientNetLite0(generator=seeded()), generator=seeded())
    out = net(torch.rand(2, 1, 70, 45, generator=seeded()))
    assert out.shape == (2, 3, 70, 45)
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters())
