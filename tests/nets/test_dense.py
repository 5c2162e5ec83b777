import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pearlite.nets.dense import Dense


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_output_is_a_weighted_sum_of_all_inputs():
    layer, x = Dense(3, 2, generator=seeded()), torch.randn(3, generator=seeded(1))
    assert layer.bias is not None
    expected = [sum(layer.weight[o, i] * x[i] for i in range(3)) + layer.bias[o] for o in range(2)]
    torch.testing.assert_close(layer(x), torch.stack(expected))


@pytest.mark.parametrize("bias", [True, False])
def test_equals_torch_with_the_same_weights(bias):
    layer, reference = Dense(5, 4, bias=bias, generator=seeded()), nn.Linear(5, 4, bias=bias)
    reference.load_state_dict(layer.state_dict())
    x = torch.randn(2, 7, 5, generator=seeded(1))
    assert torch.equal(layer(x), reference(x))


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), max_size=3), st.integers(1, 6), st.integers(1, 6))
def test_only_the_last_axis_changes(leading, inputs, outputs):
    layer = Dense(inputs, outputs, generator=seeded())
    assert layer(torch.zeros(*leading, inputs)).shape == (*leading, outputs)


def test_an_image_to_an_image_of_64_by_64_takes_16_781_312_parameters():
    layer = Dense(64 * 64, 64 * 64, generator=seeded())
    assert sum(p.numel() for p in layer.parameters()) == 16_781_312


def test_weights_come_from_the_generator_alone_and_by_the_law_of_torch():
    state = torch.get_rng_state()
    first, again, other = (Dense(400, 300, generator=seeded(seed)).weight for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.abs().max().item() == pytest.approx(400**-0.5, rel=1e-3)
    assert first.std().item() == pytest.approx((3 * 400) ** -0.5, rel=0.01)
