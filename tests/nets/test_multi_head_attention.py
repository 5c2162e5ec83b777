import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pearlite.errors import InputError
from pearlite.nets.attention import MultiHeadAttention, attention_map, scaled_dot_product


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed))


def layer(width=8, heads=2, **options):
    return MultiHeadAttention(width, heads, **options, generator=seeded())


PADDING = torch.tensor([[True] * 4 + [False] * 2, [False] + [True] * 5])


def test_a_query_takes_from_each_value_by_its_likeness_to_the_key():
    q, k, v = random(1, 1, 1, 4), random(1, 1, 3, 4, seed=1), random(1, 1, 3, 4, seed=2)
    likeness = [math.exp((q[0, 0, 0] @ k[0, 0, s]).item() / math.sqrt(4)) for s in range(3)]
    expected = sum(likeness[s] * v[0, 0, s] for s in range(3)) / sum(likeness)
    torch.testing.assert_close(scaled_dot_product(q, k, v)[0, 0, 0], expected)


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
    st.booleans(),
    st.sampled_from(["none", "full", "row"]),
    st.integers(0, 100),
)
def test_the_map_times_the_values_is_what_the_fused_kernel_gives(shape_BHTS, causal, kind, seed):
    B, H, T, S = shape_BHTS
    q, k, v = random(B, H, T, 4), random(B, H, S, 4, seed=1), random(B, H, S, 3, seed=2)
    masked = {"full": (B, H, T, S), "row": (B, 1, 1, S)}
    mask = random(*masked[kind], seed=seed) > 0 if kind in masked else None
    fused = scaled_dot_product(q, k, v, causal=causal, mask=mask)
    shares = attention_map(q, k, causal=causal, mask=mask)
    assert shares.shape == shape_BHTS
    torch.testing.assert_close(fused, shares @ v, atol=1e-5, rtol=0)
    rows = shares.sum(-1)
    assert torch.where(rows == 0, 1.0, rows).allclose(torch.tensor(1.0))
    if mask is not None:
        assert not shares[~mask.expand(shape_BHTS)].any()


def test_a_query_that_may_look_nowhere_gets_zeros_and_finite_gradients():
    q, k, v = (random(2, 2, 3, 4, seed=seed).requires_grad_() for seed in range(3))
    mask = torch.ones(3, 3, dtype=torch.bool)
    mask[1] = False
    for y in (
        scaled_dot_product(q, k, v, mask=mask),
        attention_map(q, k, mask=mask) @ v,
    ):
        assert not y[:, :, 1].any()
        assert y[:, :, [0, 2]].all()
        for gradient in torch.autograd.grad(y.square().sum(), (q, k, v)):
            assert gradient.isfinite().all()


def test_causal_queries_are_the_last_of_the_positions():
    q, k, v = (random(1, 2, 6, 4, seed=seed) for seed in range(3))
    whole = scaled_dot_product(q, k, v, causal=True)
    torch.testing.assert_close(scaled_dot_product(q[:, :, 4:], k, v, causal=True), whole[:, :, 4:])
    before = scaled_dot_product(q, k[:, :, :4], v[:, :, :4], causal=True)
    assert not before[:, :, :2].any()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("bias", [True, False])
def test_equals_torch_with_the_same_weights(causal, bias):
    ours, reference = (
        layer(causal=causal, bias=bias),
        nn.MultiheadAttention(8, 2, bias=bias, batch_first=True),
    )
    projections = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        reference.in_proj_weight.copy_(torch.cat([p.weight for p in projections]))
        reference.out_proj.load_state_dict(ours.out.state_dict())
        if bias:
            reference.in_proj_bias.copy_(torch.cat([p.get_parameter("bias") for p in projections]))
    x_BTD = random(2, 6, 8)
    padding_BT = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    forbidden = torch.ones(6, 6, dtype=torch.bool).triu(1) if causal else None
    expected, shares = reference(
        *3 * [x_BTD], key_padding_mask=~padding_BT, attn_mask=forbidden, average_attn_weights=False
    )
    torch.testing.assert_close(ours(x_BTD, padding_BS=padding_BT), expected)
    torch.testing.assert_close(ours.attention_map(x_BTD, padding_BS=padding_BT), shares)


def test_cross_attention_equals_torch_with_the_same_weights():
    ours = layer(context_width=5)
    reference = nn.MultiheadAttention(8, 2, kdim=5, vdim=5, batch_first=True)
    projections = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        reference.q_proj_weight.copy_(ours.query.weight)
        reference.k_proj_weight.copy_(ours.key.weight)
        reference.v_proj_weight.copy_(ours.value.weight)
        reference.in_proj_bias.copy_(torch.cat([p.get_parameter("bias") for p in projections]))
        reference.out_proj.load_state_dict(ours.out.state_dict())
    x_BTD, context_BSD = random(2, 3, 8), random(2, 6, 5, seed=1)
    expected, _ = reference(x_BTD, context_BSD, context_BSD, key_padding_mask=~PADDING)
    torch.testing.assert_close(ours(x_BTD, context_BSD, PADDING), expected)


@pytest.mark.parametrize("padding", [None, PADDING])
@pytest.mark.parametrize("options", [{}, {"causal": True}, {"rotary": True, "causal": True}])
def test_the_map_on_request_gives_what_the_layer_gives(options, padding):
    attend, x_BTD = layer(**options), random(2, 6, 8)
    map_BHTS = attend.attention_map(x_BTD, padding_BS=padding)
    v_BHSD = attend.value(x_BTD).reshape(2, 6, 2, 4).transpose(1, 2)
    y_BTD = attend.out((map_BHTS @ v_BHSD).transpose(1, 2).reshape(2, 6, 8))
    torch.testing.assert_close(attend(x_BTD, padding_BS=padding), y_BTD, atol=1e-5, rtol=0)


def test_a_causal_token_does_not_see_those_after_it():
    attend, x_BTD = layer(causal=True, rotary=True), random(2, 6, 8)
    changed = x_BTD.clone()
    changed[:, 4:] += 1
    torch.testing.assert_close(attend(changed)[:, :4], attend(x_BTD)[:, :4])
    assert not attend(changed)[:, 4:].allclose(attend(x_BTD)[:, 4:], atol=0.01)


def test_tokens_that_fill_up_are_not_seen():
    attend, x_BTD = layer(), random(2, 6, 8)
    changed = torch.where(PADDING[..., None], x_BTD, 100.0)
    torch.testing.assert_close(
        attend(changed, padding_BS=PADDING)[PADDING], attend(x_BTD, padding_BS=PADDING)[PADDING]
    )


def test_without_positions_the_order_does_not_matter_and_rotary_makes_it_matter():
    order, x_BTD = torch.tensor([3, 1, 5, 0, 2, 4]), random(2, 6, 8)
    without, rotary = layer(), layer(rotary=True)
    torch.testing.assert_close(without(x_BTD[:, order]), without(x_BTD)[:, order])
    assert not rotary(x_BTD[:, order]).allclose(rotary(x_BTD)[:, order], atol=0.01)


def test_dropout_changes_the_result_in_training_only():
    attend, x_BTD = layer(dropout=0.5), random(2, 6, 8)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.equal(attend(x_BTD), attend(x_BTD))
    assert torch.equal(attend.eval()(x_BTD), layer()(x_BTD))


def test_weights_come_from_the_generator_alone():
    state = torch.get_rng_state()
    first, again = layer().state_dict(), layer().state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"heads": 3}, "does not fall into 3 equal heads"),
        ({"heads": 0}, "does not fall into 0 equal heads"),
        ({"width": 6, "rotary": True}, "take an even width per head"),
        ({"rotary": True, "context_width": 4}, "rotary"),
        ({"dropout": 1.0}, "from 0 up to, but not, 1"),
    ],
)
def test_impossible_options_are_refused(options, says):
    with pytest.raises(InputError, match=says):
        layer(**options)


def test_a_context_for_a_rotary_layer_is_refused():
    with pytest.raises(InputError, match="leave out one of the two"):
        layer(rotary=True)(random(1, 3, 8), random(1, 4, 8))


def test_a_mask_of_numbers_is_refused():
    with pytest.raises(InputError, match="give bool"):
        layer()(random(1, 3, 8), padding_BS=torch.ones(1, 3, dtype=torch.int64))
