import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets.slicegan import HALO, SliceCritic, SliceGenerator

TINY = (3, 6, 4)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tiny(end="linear", dims=3, outputs=2, seed=0):
    return SliceGenerator(outputs, widths=TINY, end=end, dims=dims, generator=seeded(seed)).eval()


def noise(*cells, seed=1, batch=1):
    return torch.randn(batch, TINY[0], *cells, generator=seeded(seed))


def count(net):
    return sum(w.numel() for w in net.parameters())


def test_the_published_widths_have_the_published_sizes():
    generator = SliceGenerator(3, generator=seeded())
    assert count(generator) == 13_121_408
    assert generator.grain == 32
    critic = SliceCritic(3, generator=seeded())
    assert count(critic) == 2_763_776
    assert critic.field == 64
    assert critic(torch.zeros(2, 3, 64, 64)).shape == (2, 1, 1, 1)


@settings(deadline=None, max_examples=10)
@given(st.tuples(st.integers(3, 6), st.integers(3, 6), st.integers(3, 6)))
def test_a_volume_of_any_shape_has_a_grain_for_each_cell_but_two(cells):
    generator = tiny()
    with torch.no_grad():
        made = generator(noise(*cells))
    assert made.shape == (1, 2, *((n - HALO) * generator.grain for n in cells))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_noise_that_moves_by_a_cell_moves_the_volume_by_a_grain(axis):
    generator = tiny()
    cells = noise(5, 5, 5)
    with torch.no_grad():
        whole = generator(cells)
        part = generator(cells.narrow(2 + axis, 1, 4))
    moved = whole.narrow(2 + axis, generator.grain, part.shape[2 + axis])
    torch.testing.assert_close(part, moved)


def test_noise_that_recurs_makes_a_volume_that_fits_to_itself():
    generator = tiny()
    once = noise(4, 3, 3)
    twice = torch.cat([once, once], dim=2)
    with torch.no_grad():
        made = generator(torch.cat([twice, once[:, :, :HALO]], dim=2))[:, :, :, :4, :4]
    period = 4 * generator.grain
    torch.testing.assert_close(made[:, :, :period], made[:, :, period:])
    steps = (made[:, :, 1:] - made[:, :, :-1]).square().mean((0, 1, 3, 4)).sqrt()
    seam = steps[period - 1]
    assert seam < 3 * steps.mean()
    assert made[:, :, 0].sub(made[:, :, period - 1]).abs().max() > 0  # neighbours, not equals


def test_voxels_at_the_border_have_the_law_of_those_inside():
    generator = tiny(dims=2)
    with torch.no_grad():
        made = generator(noise(6, 3, batch=4000))[:, 0, :, 4]
    grain = generator.grain
    blocks = made.unflatten(1, (-1, grain))  # sample, cell, place in the cell
    spread = blocks.std(0)
    mean = blocks.mean(0)
    for border in (0, -1):
        ratio = spread[border] / spread[1:-1].mean(0)
        assert ratio.sub(1).abs().max() < 0.08
        assert (mean[border] - mean[1:-1].mean(0)).abs().max() < 0.1 * spread.mean()


def test_ends_bound_the_values():
    shares = tiny("softmax", outputs=3)(noise(4, 4, 4))
    torch.testing.assert_close(shares.sum(1), torch.ones_like(shares[:, 0]))
    grey = tiny("tanh", outputs=1)(noise(4, 4, 4))
    assert grey.abs().max() < 1
    assert grey.std() > 1e-3
    assert tiny("linear", outputs=1)(100 * noise(4, 4, 4)).abs().max() > 1


def test_a_larger_image_gets_a_score_at_every_field():
    critic = SliceCritic(1, widths=(4, 8), generator=seeded())
    assert critic.field == 16
    image = torch.rand(1, 1, 16, 24, generator=seeded())
    assert critic(image).shape == (1, 1, 1, 2)


def test_the_seed_decides_the_weights():
    one, same, other = tiny(seed=0), tiny(seed=0), tiny(seed=1)
    first = [net.layers[0].weight for net in (one, same, other)]
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])


def test_wrong_options_are_refused():
    with pytest.raises(InputError, match="softmax"):
        SliceGenerator(2, end="sigmoid", generator=seeded())
    with pytest.raises(InputError, match="channels of the noise"):
        SliceGenerator(2, widths=(), generator=seeded())
