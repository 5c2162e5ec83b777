import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets.pool import GlobalMeanPool, MaxPool, MeanPool

IMAGE = torch.tensor([[[[1.0, 5.0, 2.0, 0.0, 9.0], [3.0, -1.0, 2.0, 8.0, 9.0]]]])


def test_one_value_of_each_block_remains_and_the_rest_is_left_out():
    assert MaxPool(2)(IMAGE).tolist() == [[[[5.0, 8.0]]]]
    assert MeanPool(2)(IMAGE).tolist() == [[[[2.0, 3.0]]]]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("size", [2, 3])
def test_equals_the_formula_in_any_number_of_dimensions(dims, size):
    x = torch.randn(2, 3, *dims * [2 * size], generator=torch.Generator().manual_seed(0))
    blocks = x
    for axis in range(2, 2 + dims):
        blocks = blocks.unfold(axis, size, size)
    blocks = blocks.flatten(x.ndim)
    assert torch.equal(MaxPool(size, dims)(x), blocks.amax(-1))
    torch.testing.assert_close(MeanPool(size, dims)(x), blocks.mean(-1))


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.lists(st.integers(3, 8), min_size=3, max_size=3))
def test_sizes_are_divided_and_floored(dims, size, sizes):
    x = torch.zeros(1, 2, *sizes[:dims])
    expected = (1, 2, *(length // size for length in sizes[:dims]))
    assert MaxPool(size, dims)(x).shape == MeanPool(size, dims)(x).shape == expected


@settings(deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_the_global_mean_is_one_number_a_channel_whatever_the_size(sizes):
    x = torch.randn(2, 3, *sizes, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([torch.stack([c.mean() for c in sample]) for sample in x])
    torch.testing.assert_close(GlobalMeanPool()(x), expected)


@pytest.mark.parametrize("pool", [MaxPool, MeanPool])
def test_impossible_dims_are_refused(pool):
    with pytest.raises(InputError, match="dims is 4"):
        pool(2, 4)
