import pytest
import torch

from pearlite.nets.refiner import BASE, REACH, Refiner


def make(seed=0, **shape):
    """A small network that corrects something, unlike a new one."""
    generator = torch.Generator().manual_seed(seed)
    network = Refiner(**{"width": 8, "blocks": 2, **shape}, generator=generator)
    torch.nn.init.normal_(network.tail.weight, std=0.1, generator=generator)
    return network.requires_grad_(False)


def pair(*shape, seed=0):
    random = torch.Generator().manual_seed(seed)
    denoised = 5 * torch.randn(1, 1, *shape, generator=random)
    return denoised + torch.randn(1, 1, *shape, generator=random), denoised


def test_a_new_network_changes_nothing():
    noisy, denoised = pair(12, 9)
    network = Refiner(generator=torch.Generator().manual_seed(0))
    assert torch.equal(network(noisy, denoised), denoised)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (6, 1), (2, 2), (8, 10), (9, 11), (7, 8)])
def test_any_size_keeps_its_size(shape):
    refined = make()(*pair(*shape))
    assert refined.shape == (1, 1, *shape)
    assert torch.isfinite(refined).all()


@pytest.mark.parametrize(("rows", "columns"), [(1, 0), (0, 1), (1, 1)])
def test_odd_sizes_give_what_the_next_even_one_gives_by_repetition(rows, columns):
    network, images = make(), pair(16 - rows, 20 - columns)
    longer = [torch.nn.functional.pad(i, (0, columns, 0, rows), mode="replicate") for i in images]
    expected = network(*longer)[..., : 16 - rows, : 20 - columns]
    assert torch.equal(network(*images), expected)


@pytest.mark.parametrize("constant", [-300.0, 0.5, 4000.0])
def test_a_constant_added_to_both_images_is_added_to_the_result(constant):
    network, (noisy, denoised) = make(), pair(20, 22)
    expected = network(noisy, denoised) + constant
    shifted = network(noisy + constant, denoised + constant)
    assert torch.allclose(shifted, expected, atol=2e-6 * max(1000, abs(constant)), rtol=0)


def test_detail_of_a_constant_is_zero_and_of_a_point_is_all_but_its_blur():
    network = make()
    assert network.detail(torch.full((1, 1, 5, 6), 3.0)).abs().max() < 1e-5
    point = torch.zeros(1, 1, 41, 41)
    point[0, 0, 20, 20] = 1
    blur = (point - network.detail(point))[0, 0]
    seen = blur.nonzero()
    assert (seen.min(), seen.max()) == (20 - REACH, 20 + REACH)
    assert blur.sum() == pytest.approx(1, abs=1e-5)
    ratio = float(blur[20, 21] / blur[20, 20])
    assert ratio == pytest.approx(2.718281828 ** (-1 / (2 * BASE**2)), abs=1e-5)


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_pixel_depends_on_no_more_than_its_reach(blocks):
    network, size = make(width=4, blocks=blocks), 71
    noisy, denoised = (image.requires_grad_() for image in pair(size, size))
    for centre in (34, 35):
        gradients = torch.autograd.grad(
            network(noisy, denoised)[0, 0, centre, centre], (noisy, denoised)
        )
        seen = torch.cat([g[0, 0].nonzero() for g in gradients]) - centre
        assert seen.abs().max() <= network.reach
        assert seen.abs().max() >= network.reach - 2


def test_both_images_matter():
    network, (noisy, denoised) = make(), pair(16, 16)
    refined = network(noisy, denoised)
    assert not torch.allclose(network(noisy + pair(16, 16, seed=1)[0], denoised), refined)
    assert not torch.allclose(network(noisy, denoised / 2) - denoised / 2, refined - denoised)


def test_weights_depend_on_the_seed_only():
    state = torch.get_rng_state()
    first, again, other = (
        Refiner(4, 1, generator=torch.Generator().manual_seed(seed)).state_dict()
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[n], other[n]) for n in first if not n.startswith("tail"))
    assert torch.equal(torch.get_rng_state(), state)
