import numpy as np
import pytest
import torch
from torch import nn

from pearlite.errors import InputError
from pearlite.nets import build
from pearlite.see.attention import attention_maps, draw_maps, draw_on_image


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_every_attention_layer_of_a_vit_gives_its_map():
    net = build("vit", image=(8, 8), patch=2, depth=3, heads=2, width=16).train()
    maps = attention_maps(net, noise(2, 1, 8, 8))
    assert len(maps) == 3
    for path, map_BHTS in maps.items():
        assert hasattr(net.get_submodule(path), "attention_map")
        assert map_BHTS.shape == (2, 2, 16, 16)
        torch.testing.assert_close(map_BHTS.sum(-1), torch.ones(2, 2, 16))
    assert net.training
    assert not any(module._forward_pre_hooks for module in net.modules())


def test_a_decoder_does_not_look_ahead():
    net = build("transformer-decoder", vocabulary=9, context=6, width=16, depth=2, heads=2)
    for map_BHTS in attention_maps(net, torch.tensor([[1, 2, 3, 4, 5]])).values():
        assert not map_BHTS.triu(1).any()


def test_maps_of_torchs_own_layers_are_those_that_make_the_output():
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2, enable_nested_tensor=False
    ).eval()
    x = noise(3, 5, 16)
    maps = attention_maps(encoder, x)
    assert list(maps) == ["layers.0.self_attn", "layers.1.self_attn"]
    attention = encoder.layers[0].self_attn
    _, mean_BTS = attention(x, x, x)
    torch.testing.assert_close(maps["layers.0.self_attn"].mean(1), mean_BTS)


def test_a_layer_that_is_called_twice_gives_two_maps():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.look = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            return self.look(*[self.look(x, x, x)[0]] * 3)[0]

    assert list(attention_maps(Twice(), noise(1, 4, 8))) == ["look", "look, call 2"]


def test_without_attention_there_is_nothing_to_show():
    with pytest.raises(InputError, match="no attention layer"):
        attention_maps(nn.Linear(2, 2), noise(1, 2))


def test_pictures(tmp_path):
    maps = {"a": noise(1, 2, 4, 4).softmax(-1), "b": noise(1, 3, 4, 4).softmax(-1)}
    assert draw_maps(maps, tmp_path / "maps.png").stat().st_size > 2000
    image = np.arange(64.0).reshape(8, 8)
    draw_on_image(image, maps["b"][0], (2, 2), tmp_path / "image.png")
    assert (tmp_path / "image.png").stat().st_size > 2000
    with pytest.raises(InputError, match="patches down and across"):
        draw_on_image(image, maps["b"][0], (3, 2), tmp_path / "no.png")
