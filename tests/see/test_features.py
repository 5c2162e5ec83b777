import pytest
import torch
from torch import nn

from pearlite.errors import InputError
from pearlite.nets import build
from pearlite.see.features import draw_features, draw_kernels, feature_maps, first_kernels


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_maps_are_what_the_layers_return():
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 5, 3)).train()
    x = noise(2, 1, 8, 8)
    maps = feature_maps(net, x)
    assert list(maps) == ["0", "2"]
    torch.testing.assert_close(maps["0"], net[0](x))
    torch.testing.assert_close(feature_maps(net, x, layers=["1"])["1"], net[:2](x))
    assert net.training
    assert not net[0]._forward_hooks


SMALL = {
    "cnn": {"width": 4, "depth": 2},
    "unet": {"width": 4, "depth": 1},
    "classifier": {"widths": (4, 8)},
    "autoencoder": {"widths": (4, 8)},
}


@pytest.mark.parametrize("name", SMALL)
def test_the_networks_of_the_house_show_maps_and_kernels(name, tmp_path):
    net = build(name, **SMALL[name])
    maps = feature_maps(net, noise(1, 1, 32, 32))
    assert all(map_BCYX.ndim == 4 for map_BCYX in maps.values())
    path, kernels = first_kernels(net)
    assert path == next(iter(maps))
    assert kernels.shape[1:] == (1, 3, 3)
    assert draw_features(maps, tmp_path / "maps.png").stat().st_size > 2000
    assert draw_kernels(net, tmp_path / "kernels.png").stat().st_size > 2000


def test_what_cannot_be_shown_is_said():
    dense = nn.Linear(2, 2)
    with pytest.raises(InputError, match="no layer 'head'"):
        feature_maps(dense, noise(1, 2), layers=["head"])
    with pytest.raises(InputError, match="did not call a convolution"):
        feature_maps(dense, noise(1, 2))
    with pytest.raises(InputError, match="no kernels"):
        first_kernels(dense)
    with pytest.raises(InputError, match="none of the maps"):
        draw_features({"a": noise(1, 2)}, "never.png")
