import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pearlite.errors import InputError
from pearlite.nets.convolution import Convolution, TransposedConvolution, cross_correlate

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 1, 1), (2, 0, 2), (3, 2, 4)])
def test_equals_torch_with_the_same_weights(dims, bias, stride, padding, groups):
    options = {"stride": stride, "padding": padding, "groups": groups, "bias": bias}
    layer = Convolution(4, 8, 3, dims=dims, generator=seeded(), **options)
    reference = CONVOLUTIONS[dims](4, 8, 3, **options)
    reference.load_state_dict(layer.state_dict())
    x = torch.randn(2, 4, *range(7, 7 + dims), generator=seeded(1))
    assert torch.equal(layer(x), reference(x))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (4, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_transposed_equals_torch_with_the_same_weights(dims, kernel, stride, bias):
    layer = TransposedConvolution(
        3, 2, kernel, stride=stride, dims=dims, bias=bias, generator=seeded()
    )
    reference = TRANSPOSED[dims](3, 2, kernel, stride=stride, bias=bias)
    reference.load_state_dict(layer.state_dict())
    x = torch.randn(2, 3, *range(4, 4 + dims), generator=seeded(1))
    assert torch.equal(layer(x), reference(x))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_convolution_is_a_cross_correlation(dims, stride):
    layer = Convolution(3, 4, stride=stride, padding=0, bias=False, dims=dims, generator=seeded())
    x = torch.randn(2, 3, *range(6, 6 + dims), generator=seeded(1))
    torch.testing.assert_close(layer(x), cross_correlate(x, layer.weight, stride))


def test_a_cross_correlation_is_a_sum_of_products_at_every_place():
    x = torch.randn(1, 2, 5, 6, generator=seeded())
    kernel = torch.randn(3, 2, 2, 3, generator=seeded(1))
    sums = cross_correlate(x, kernel, stride=2)
    assert sums.shape == (1, 3, 2, 2)
    for o, i, j in itertools.product(range(3), range(2), range(2)):
        window = x[0, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 3]
        torch.testing.assert_close(sums[0, o, i, j], (window * kernel[o]).sum())


def test_the_kernel_is_not_mirrored():
    layer = Convolution(1, 1, bias=False, dims=1, generator=seeded())
    point = torch.tensor([[[0.0, 0.0, 1.0, 0.0, 0.0]]])
    assert torch.equal(layer(point)[0, 0, 1:4], layer.weight[0, 0].flip(0))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_the_transposed_one_is_the_transpose_of_the_matrix(dims):
    forward = Convolution(2, 3, 2, stride=2, padding=0, bias=False, dims=dims, generator=seeded())
    back = TransposedConvolution(3, 2, bias=False, dims=dims, generator=seeded())
    back.load_state_dict(forward.state_dict())
    x = torch.randn(1, 2, *dims * [6], generator=seeded(1))
    y = torch.randn(1, 3, *dims * [3], generator=seeded(2))
    torch.testing.assert_close((forward(x) * y).sum(), (x * back(y)).sum())


@settings(deadline=None)
@given(
    st.integers(1, 3),
    st.sampled_from([1, 3, 5]),
    st.integers(1, 3),
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
)
def test_sizes_follow_the_formula_and_stay_at_stride_1(dims, kernel, stride, sizes):
    layer = Convolution(1, 2, kernel, stride=stride, dims=dims, generator=seeded())
    expected = [(size - 1) // stride + 1 for size in sizes[:dims]]
    assert layer(torch.zeros(2, 1, *sizes[:dims])).shape == (2, 2, *expected)


@settings(deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.lists(st.integers(1, 5), min_size=3, max_size=3),
)
def test_transposed_sizes_follow_the_formula(dims, kernel, stride, sizes):
    layer = TransposedConvolution(1, 2, kernel, stride=stride, dims=dims, generator=seeded())
    expected = [(size - 1) * stride + kernel for size in sizes[:dims]]
    assert layer(torch.zeros(2, 1, *sizes[:dims])).shape == (2, 2, *expected)


@pytest.mark.parametrize("layer", [Convolution, TransposedConvolution])
def test_weights_come_from_the_generator_alone(layer):
    state = torch.get_rng_state()
    first, again, other = (
        layer(2, 3, 3, generator=seeded(seed)).state_dict() for seed in (1, 1, 2)
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], again[name]) for name in ("weight", "bias"))
    assert not any(torch.equal(first[name], other[name]) for name in ("weight", "bias"))


def test_vertical_edges_of_an_image_take_9_weights():
    layer = Convolution(1, 1, bias=False, generator=seeded())
    assert sum(p.numel() for p in layer.parameters()) == 9


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kernel": 4}, "say how much by padding="),
        ({"groups": 3}, "take a divisor of both"),
        ({"groups": 0}, "take a divisor of both"),
        ({"dims": 4}, "3 for volumes"),
    ],
)
def test_impossible_options_are_refused(options, says):
    with pytest.raises(InputError, match=says):
        Convolution(4, 8, **options, generator=seeded())


def test_impossible_dims_of_a_transposed_one_are_refused():
    with pytest.raises(InputError, match="3 for volumes"):
        TransposedConvolution(4, 8, dims=0, generator=seeded())
