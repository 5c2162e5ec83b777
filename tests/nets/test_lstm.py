import pytest
import torch

from pearlite.errors import InputError
from pearlite.nets import build


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_equals_torch_with_the_same_weights(layers):
    net = build("lstm", inputs=3, outputs=2, width=5, layers=layers)
    reference = torch.nn.LSTM(3, 5, layers, batch_first=True)
    for i, layer in enumerate(net.layers):
        for ours, theirs in (("from_input", "ih"), ("from_state", "hh")):
            for kind in ("weight", "bias"):
                parameter = reference.get_parameter(f"{kind}_{theirs}_l{i}")
                parameter.data = layer.get_parameter(f"cell.{ours}.{kind}").data
    x = torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(0))
    expected = reference(x)[0] @ net.head.weight.T + net.head.bias
    torch.testing.assert_close(net(x), expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_a_moment_sees_itself_and_the_past(length):
    net = build("lstm", inputs=3, outputs=2, width=4, layers=2)
    x = torch.randn(1, length, 3, generator=torch.Generator().manual_seed(0))
    y = net(x)
    assert y.shape == (1, length, 2)
    x[:, -1] += 1
    changed = (net(x) - y).abs().amax((0, 2))
    assert changed[-1] > 0
    assert not changed[:-1].any()


def test_without_a_layer_is_refused():
    with pytest.raises(InputError, match="layers=0: an LSTM needs at least 1"):
        build("lstm", inputs=3, outputs=2, layers=0)
