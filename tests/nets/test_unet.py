import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pearlite.errors import InputError
from pearlite.nets import build
from pearlite.nets.unet import ConvEncoder, UNet


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@given(
    st.lists(st.integers(1, 19), min_size=1, max_size=3),
    st.integers(0, 4),
    st.sampled_from(["append", "add"]),
    st.integers(1, 3),
    st.integers(1, 3),
)
@settings(max_examples=30, deadline=None)
def test_the_result_has_exactly_the_size_of_the_image(
    space, depth, skip, channels_in, channels_out
):
    net = build(
        "unet",
        channels_in=channels_in,
        channels_out=channels_out,
        width=2,
        depth=depth,
        dims=len(space),
        skip=skip,
    ).eval()
    assert net(torch.zeros(1, channels_in, *space)).shape == (1, channels_out, *space)


def test_the_encoder_halves_the_image_and_doubles_the_channels():
    encoder = ConvEncoder(3, width=4, depth=3, generator=seeded())
    maps = encoder(torch.zeros(2, 3, 16, 24))
    assert [tuple(m.shape[1:]) for m in maps] == [(4, 16, 24), (8, 8, 12), (16, 4, 6), (32, 2, 3)]
    assert encoder.channels == (4, 8, 16, 32)
    assert encoder.strides == (1, 2, 4, 8)


def test_padding_repeats_the_border():
    net = build("unet", width=4, depth=2).eval()
    x = torch.rand(1, 1, 13, 10, generator=seeded())
    padded = nn.functional.pad(x, (0, 2, 0, 3), mode="replicate")
    torch.testing.assert_close(net(x), net(padded)[..., :13, :10])


def reach(net):
    """Columns on each side of a pixel that its result depends on."""
    x = torch.rand(1, 1, 1, 129, generator=seeded()).requires_grad_()
    net.eval()(x)[0, 0, 0, 64].backward()
    return int((x.grad[0, 0, 0].nonzero() - 64).abs().max())


@pytest.mark.parametrize("skip", ["append", "add"])
def test_details_pass_by_the_skips_and_surroundings_by_the_coarse_scales(skip):
    net = build("unet", width=8, depth=3, skip=skip)
    assert reach(net) > 30
    for parameter in net.way_back[-1].enlarge.parameters():
        nn.init.zeros_(parameter)
    assert reach(net) == 4  # of the four 3x3 convolutions at full resolution


@pytest.mark.parametrize("skip", ["append", "add"])
def test_both_skips_feed_every_scale_into_the_result(skip):
    net = build("unet", width=4, depth=3, skip=skip)
    net(torch.rand(2, 1, 16, 16, generator=seeded())).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters())


def test_tiles_give_what_the_whole_image_gives():
    net = build("unet", width=4, depth=2).eval()
    x = torch.rand(1, 1, 96, 96, generator=seeded())
    tile = net(x[..., 16:80, 16:80])
    torch.testing.assert_close(tile[..., 24:40, 24:40], net(x)[..., 40:56, 40:56])


class Coarse(nn.Module):
    """An encoder of another kind: no full resolution, a jump by 4, and two maps of one size."""

    channels = (3, 5, 5)
    strides = (2, 8, 8)

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(tuple(x.shape))
        half = nn.functional.avg_pool2d(x, 2)
        eighth = nn.functional.avg_pool2d(x, 8)
        return [half.repeat(1, 3, 1, 1), eighth.repeat(1, 5, 1, 1), eighth.repeat(1, 5, 1, 1)]


@pytest.mark.parametrize("skip", ["append", "add"])
def test_the_encoder_can_be_exchanged(skip):
    encoder = Coarse()
    net = UNet(1, 2, encoder=encoder, skip=skip, generator=seeded())
    assert net(torch.rand(2, 1, 21, 30, generator=seeded())).shape == (2, 2, 21, 30)
    assert encoder.seen == [(2, 1, 24, 32)]
    assert net.encoder is encoder


def test_full_resolution_is_seen_beside_a_coarse_encoder():
    net = UNet(1, 2, encoder=Coarse(), fine=6, generator=seeded()).eval()
    x = torch.rand(1, 1, 21, 30, generator=seeded())
    checks = (torch.arange(21)[:, None] + torch.arange(30)) % 2 - 0.5
    same_to_the_encoder = x + checks  # blocks of 8 have the same means
    blind = UNet(1, 2, encoder=Coarse(), generator=seeded()).eval()
    inner = (0, 0, slice(16), slice(24))
    unseen = blind(x)[inner], blind(same_to_the_encoder)[inner]
    torch.testing.assert_close(*unseen, atol=2e-4, rtol=0)
    assert (net(x)[inner] - net(same_to_the_encoder)[inner]).abs().max() > 1e-3
    assert net(x).shape == (1, 2, 21, 30)


def test_a_second_look_at_full_resolution_is_refused():
    encoder = ConvEncoder(width=2, depth=1, generator=seeded())
    with pytest.raises(InputError, match=r"without full resolution.*strides=\(1, 2\)"):
        UNet(encoder=encoder, fine=2, generator=seeded())


@pytest.mark.parametrize(
    ("channels", "strides"), [((2, 4), (1,)), ((), ()), ((2, 4), (2, 3)), ((2, 4), (2, 1))]
)
def test_an_encoder_whose_scales_do_not_fit_is_refused(channels, strides):
    encoder = Coarse()
    encoder.channels, encoder.strides = channels, strides
    with pytest.raises(InputError, match=r"a U-Net needs one of each.*multiple"):
        UNet(encoder=encoder, generator=seeded())


def test_an_unknown_skip_is_refused():
    with pytest.raises(InputError, match='skip=\'concat\' must be "append" or "add"'):
        build("unet", skip="concat")
