import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets.position import Learned, rotate, sinusoidal, sinusoidal_2d


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_sinusoidal_equals_its_formula():
    table_TD = sinusoidal(50, 8)
    for t in (0, 1, 17, 49):
        for i in range(4):
            angle = t / 10_000 ** (2 * i / 8)
            assert table_TD[t, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-5)
            assert table_TD[t, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 16))
def test_every_position_has_a_vector_of_the_same_length(length, pairs):
    table_TD = sinusoidal(length, 2 * pairs)
    assert table_TD.shape == (length, 2 * pairs)
    torch.testing.assert_close(table_TD.norm(dim=1), torch.full((length,), pairs**0.5))


def test_no_two_of_a_thousand_positions_look_alike():
    assert torch.pdist(sinusoidal(1000, 16)).min() > 0.1


def test_2d_tells_rows_in_the_first_half_and_columns_in_the_second():
    table = sinusoidal_2d(3, 5, 8).reshape(3, 5, 8)
    assert torch.equal(table[..., :4], sinusoidal(3, 4)[:, None].expand(3, 5, 4))
    assert torch.equal(table[..., 4:], sinusoidal(5, 4)[None].expand(3, 5, 4))


def test_learned_adds_a_trained_vector_to_each_position():
    layer = Learned(10, 4, generator=seeded())
    x_BTD = torch.randn(2, 6, 4, generator=seeded(1))
    torch.testing.assert_close(layer(x_BTD) - x_BTD, layer.weight[:6].expand(2, 6, 4))
    layer(x_BTD).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad[:, 0].tolist() == 6 * [2.0] + 4 * [0.0]


def test_learned_begins_small_from_the_generator_alone():
    state = torch.get_rng_state()
    first, again, other = (Learned(200, 64, generator=seeded(s)).weight for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.std().item() == pytest.approx(0.02, rel=0.05)


def test_rotate_turns_each_pair_by_its_angle():
    x_BHTD = torch.randn(1, 1, 7, 6, generator=seeded())
    turned = rotate(x_BHTD, torch.arange(7))
    points = torch.view_as_complex(x_BHTD.reshape(1, 1, 7, 3, 2))
    angles = torch.tensor([[t / 10_000 ** (2 * i / 6) for i in range(3)] for t in range(7)])
    expected = torch.view_as_real(points * torch.polar(torch.ones(7, 3), angles)).flatten(-2)
    torch.testing.assert_close(turned, expected)


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_the_product_of_turned_vectors_depends_on_their_distance_only(first, second, shift):
    q, k = torch.randn(2, 1, 1, 1, 16, generator=seeded(), dtype=torch.float64)

    def product(*positions):
        turned = [rotate(x, torch.tensor([p])) for x, p in zip((q, k), positions, strict=True)]
        return (turned[0] * turned[1]).sum()

    torch.testing.assert_close(
        product(first, second), product(first + shift, second + shift), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_rotate_keeps_dtype_and_length_and_leaves_position_0_alone(dtype):
    x_BHTD = torch.randn(2, 3, 9, 8, generator=seeded()).to(dtype)
    turned = rotate(x_BHTD, torch.arange(9))
    assert turned.dtype == dtype
    assert torch.equal(turned[:, :, 0], x_BHTD[:, :, 0])
    tolerance = 0.05 if dtype == torch.bfloat16 else 1e-5
    torch.testing.assert_close(turned.norm(dim=-1), x_BHTD.norm(dim=-1), atol=tolerance, rtol=0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: sinusoidal(4, 5),
        lambda: rotate(torch.zeros(1, 1, 4, 5), torch.arange(4)),
        lambda: sinusoidal_2d(2, 2, 6),
        lambda: Learned(4, 6, generator=seeded())(torch.zeros(1, 5, 6)),
    ],
    ids=["odd width", "odd head", "2-D width", "too many tokens"],
)
def test_impossible_sizes_are_refused(call):
    with pytest.raises(InputError):
        call()
