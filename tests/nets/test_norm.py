import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pearlite.errors import InputError
from pearlite.nets.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

SPACES = [(), (9,), (5, 6), (3, 4, 5)]


def values(*shape, seed=0):
    return 3 + 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def scaled(layer):
    """The layer with a scale and a shift that differ by channel."""
    with torch.no_grad():
        for seed, parameter in enumerate(layer.parameters()):
            parameter.copy_(values(*parameter.shape, seed=seed))
    return layer


def normalised(x, axes):
    """(x - mean) / √(variance + 10⁻⁵) over these axes."""
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def by_channel(vector_C, x):
    return vector_C.reshape(1, -1, *[1] * (x.ndim - 2))


@pytest.mark.parametrize("space", SPACES)
def test_batch_norm_takes_statistics_over_the_batch_and_all_places(space):
    layer, x = scaled(BatchNorm(4)), values(8, 4, *space)
    expected = normalised(x, [0, *range(2, x.ndim)])
    expected = expected * by_channel(layer.weight, x) + by_channel(layer.bias, x)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("space", SPACES[1:])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_norm_takes_statistics_over_the_places_of_a_group(space, groups):
    layer, x = scaled(GroupNorm(groups, 4)), values(2, 4, *space)
    expected = normalised(x.reshape(2, groups, -1), [2]).reshape(x.shape)
    expected = expected * by_channel(layer.weight, x) + by_channel(layer.bias, x)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("space", SPACES[1:])
def test_instance_norm_takes_statistics_over_the_places_of_a_channel(space):
    layer, x = scaled(InstanceNorm(4)), values(2, 4, *space)
    expected = normalised(x, list(range(2, x.ndim)))
    expected = expected * by_channel(layer.weight, x) + by_channel(layer.bias, x)
    torch.testing.assert_close(layer(x), expected)


def test_layer_norm_takes_statistics_over_the_last_axis():
    layer, x = scaled(LayerNorm(6)), values(2, 3, 6)
    torch.testing.assert_close(layer(x), normalised(x, [-1]) * layer.weight + layer.bias)


def test_rms_norm_divides_by_the_root_of_the_mean_square():
    layer, x = scaled(RMSNorm(6)), values(2, 3, 6)
    root = (x.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(layer(x), x / root * layer.weight)


@pytest.mark.parametrize(
    ("layer", "reference"),
    [
        (LayerNorm(4), nn.LayerNorm(4)),
        (GroupNorm(2, 4), nn.GroupNorm(2, 4)),
        (RMSNorm(4), nn.RMSNorm(4, eps=1e-5)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_equals_torch_with_the_same_weights(layer, reference):
    reference.load_state_dict(scaled(layer).state_dict())
    x = values(3, 4, 4)
    assert torch.equal(layer(x), reference(x))


def test_batch_norm_equals_torch_in_training_and_in_evaluation():
    layer, reference = scaled(BatchNorm(3)), nn.BatchNorm2d(3)
    reference.load_state_dict(
        {
            "weight": layer.weight,
            "bias": layer.bias,
            "running_mean": layer.mean,
            "running_var": layer.variance,
        },
        strict=False,
    )
    for x in values(5, 4, 3, 5, 5):
        assert torch.equal(layer(x), reference(x))
    assert torch.equal(layer.mean, reference.get_buffer("running_mean"))
    assert torch.equal(layer.variance, reference.get_buffer("running_var"))
    x = values(4, 3, 5, 5, seed=1)
    assert torch.equal(layer.eval()(x), reference.eval()(x))


def test_batch_norm_in_evaluation_does_not_look_at_the_batch():
    layer, x = BatchNorm(3), values(4, 3, 5)
    layer(x)
    state = {name: value.clone() for name, value in layer.state_dict().items()}
    alone, together = layer.eval()(x[:1]), layer(x)
    assert torch.equal(alone, together[:1])
    assert all(torch.equal(state[name], value) for name, value in layer.state_dict().items())


@settings(deadline=None)
@given(st.sampled_from([1, 2, 3, 6]), st.lists(st.integers(1, 4), min_size=2, max_size=3))
def test_every_norm_keeps_the_shape(groups, space):
    x = values(2, 6, *space)
    for layer in (BatchNorm(6), GroupNorm(groups, 6), InstanceNorm(6)):
        assert layer(x).shape == x.shape
    for layer in (LayerNorm(space[-1]), RMSNorm(space[-1])):
        assert layer(x).shape == x.shape


def test_a_new_layer_gives_mean_0_and_variance_1():
    y = GroupNorm(2, 8)(100 * values(3, 8, 16, 16)).reshape(3, 2, -1)
    torch.testing.assert_close(y.mean(-1), torch.zeros(3, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.var(-1, correction=0), torch.ones(3, 2))


@pytest.mark.parametrize("groups", [0, 4])
def test_groups_that_do_not_divide_the_channels_are_refused(groups):
    with pytest.raises(InputError, match=f"6 channels do not fall into {groups}"):
        GroupNorm(groups, 6)
