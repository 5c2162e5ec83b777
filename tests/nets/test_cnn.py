import pytest
import torch

from pearlite.nets.cnn import CNN


def make(seed, *channels, **shape):
    return CNN(*channels, **shape, generator=torch.Generator().manual_seed(seed))


def test_default_is_the_network_of_noise2fast():
    shapes = [tuple(p.shape) for p in make(0).parameters() if p.ndim == 4]
    assert shapes == [(64, 1, 3, 3)] + 7 * [(64, 64, 3, 3)] + [(1, 64, 1, 1)]


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 4)])
def test_keeps_the_size_and_maps_the_channels(size):
    assert make(0, 2, 3, width=4, depth=2)(torch.zeros(5, 2, *size)).shape == (5, 3, *size)


def test_a_pixel_sees_one_row_further_for_each_layer():
    image = torch.zeros(1, 1, 1, 21, requires_grad=True)
    make(0, width=4, depth=3)(image)[0, 0, 0, 10].backward()
    assert image.grad is not None
    seen = image.grad[0, 0, 0].nonzero().flatten()
    assert (seen.min(), seen.max()) == (7, 13)


def test_weights_depend_on_the_seed_only():
    state = torch.get_rng_state()
    first, again, other = (make(seed, width=4, depth=2).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)
    assert torch.equal(torch.get_rng_state(), state)


def test_weights_follow_the_law_that_torch_uses():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        reference = torch.nn.Conv2d(64, 64, 3).weight
    weight = make(0).layers[2].get_parameter("weight")
    assert torch.isclose(weight.std(), reference.std(), rtol=0.02)
    assert torch.isclose(weight.abs().max(), reference.abs().max(), rtol=0.001)
