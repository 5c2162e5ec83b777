import dataclasses
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets import attention, build
from pearlite.nets.transformer import TransformerDecoder, TransformerEncoder

POSITIONS = ["sinusoidal", "learned", "rotary"]
SMALL = {"vocabulary": 11, "context": 12, "width": 16, "depth": 2, "heads": 2}


def encoder(**options):
    return build("transformer-encoder", **{**SMALL, **options}).eval()


def decoder(**options):
    return build("transformer-decoder", **{**SMALL, **options}).eval()


def tokens(*shape, seed=0):
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(seed))


def changed(before, after):
    """Tokens whose row is another."""
    return (before - after).abs().amax((0, 2)) > 1e-6


@given(
    st.integers(1, 3),
    st.integers(1, 12),
    st.integers(0, 3),
    st.sampled_from([(8, 1), (12, 3), (16, 4)]),
    st.sampled_from(POSITIONS),
    st.sampled_from(["layer", "rms"]),
)
@settings(max_examples=20, deadline=None)
def test_any_size_gives_a_row_for_each_token(batch, length, depth, shape, positions, norm):
    width, heads = shape
    options = {"width": width, "heads": heads, "depth": depth, "positions": positions, "norm": norm}
    given_tokens = tokens(batch, length)
    assert encoder(**options)(given_tokens).shape == (batch, length, width)
    assert decoder(**options)(given_tokens).shape == (batch, length, 11)


@pytest.mark.parametrize("positions", POSITIONS)
def test_a_decoder_never_looks_ahead(positions):
    net, row = decoder(positions=positions), tokens(1, 9)
    for place in range(9):
        other = row.clone()
        other[0, place] = (row[0, place] + 1) % 11
        assert changed(net(row), net(other)).tolist() == [t >= place for t in range(9)]


@pytest.mark.parametrize("positions", POSITIONS)
def test_an_encoder_looks_everywhere(positions):
    net, row = encoder(positions=positions), tokens(1, 6)
    other = row.clone()
    other[0, 3] = (row[0, 3] + 1) % 11
    assert changed(net(row), net(other)).all()


@pytest.mark.parametrize("positions", POSITIONS)
def test_order_matters(positions):
    net, row = encoder(positions=positions), tokens(1, 6)
    turned = net(row.flip(1)).flip(1)
    assert changed(net(row), turned).all()


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("make", [encoder, decoder])
def test_padding_is_as_if_it_were_not_there(make, positions):
    net, row = make(positions=positions), tokens(2, 8)
    padding = torch.ones(2, 8, dtype=torch.bool)
    padding[0, 5:] = False
    said = net(row, padding_BT=padding)
    torch.testing.assert_close(said[:1, :5], net(row[:1, :5]))
    torch.testing.assert_close(said[1:], net(row[1:]))
    row[0, 5:] = (row[0, 5:] + 3) % 11
    assert torch.equal(net(row, padding_BT=padding)[0, :5], said[0, :5])


@pytest.mark.parametrize("positions", POSITIONS)
def test_padding_before_the_first_token_is_not_looked_at(positions):
    net, row = decoder(positions=positions), tokens(1, 8)
    padding = torch.arange(8)[None] >= 3
    said = net(row, padding_BT=padding)
    assert torch.isfinite(said).all()
    torch.testing.assert_close(said[:, 3:], net(row[:, 3:]))


def test_a_decoder_looks_at_all_of_its_memory_but_the_padding():
    net, row = decoder(cross=True), tokens(1, 4)
    memory = torch.randn(1, 6, 16, generator=torch.Generator().manual_seed(1)).requires_grad_()
    padding = torch.tensor([[True, True, True, True, False, False]])
    net(row, memory, memory_padding_BS=padding)[0, 0].square().sum().backward()
    assert memory.grad is not None
    assert (memory.grad[0].abs().amax(-1) > 0).tolist() == padding[0].tolist()
    shorter = net(row, memory[:, :4])
    torch.testing.assert_close(net(row, memory, memory_padding_BS=padding), shorter)


def test_encoder_and_decoder_learn_to_turn_a_row_round():
    generator = torch.Generator().manual_seed(0)
    small = {**SMALL, "width": 32, "depth": 1}
    reader = TransformerEncoder(**small, generator=generator)
    writer = TransformerDecoder(**small, cross=True, generator=generator)
    optimiser = torch.optim.Adam([*reader.parameters(), *writer.parameters()], 5e-3)

    def loss(step):
        row = 1 + tokens(32, 5, seed=step) % 10  # 0 is the sign to begin
        begun = torch.nn.functional.pad(row.flip(1)[:, :-1], (1, 0))
        logits = writer(begun, reader(row))
        right = (logits.argmax(-1) == row.flip(1)).float().mean()
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), row.flip(1).flatten()), right

    for step in range(100):
        optimiser.zero_grad()
        loss(step)[0].backward()
        optimiser.step()
    assert loss(10_000)[1] > 0.9  # chance is 0.1, and without the memory no more is possible


EVERYTHING = {
    "positions": "rotary",
    "rotary_pairing": "halves",
    "rotary_base": 500.0,
    "groups": 1,
    "norm": "rms",
    "epsilon": 1e-6,
    "bias": False,
    "query_key_norm": True,
    "mlp": "swiglu",
    "mlp_width": 20,
    "ngrams": [200, 30],
    "shift": 2,
}


@pytest.mark.parametrize("name", ["transformer-encoder", "transformer-decoder"])
def test_options_as_json_rebuild_the_network(name):
    net = build(name, **SMALL, **EVERYTHING)
    options = json.loads(json.dumps(dataclasses.asdict(net.options)))
    again = build(name, **options)
    assert options["mlp_width"] == 20
    assert torch.equal(again.eval()(tokens(2, 6)), net.eval()(tokens(2, 6)))


@pytest.mark.parametrize("options", [{}, EVERYTHING])
def test_the_maps_of_a_decoder_give_what_its_fused_attention_gives(options, monkeypatch):
    net, row = decoder(**options), tokens(1, 9)
    maps_LHTT = net.attention_maps(row[0])
    assert maps_LHTT.shape == (2, 2, 9, 9)
    torch.testing.assert_close(maps_LHTT.sum(-1), torch.ones(2, 2, 9))
    assert not maps_LHTT.triu(1).any()
    fused, shown = net(row), iter(maps_LHTT)
    monkeypatch.setattr(attention, "scaled_dot_product", lambda q, k, v, **_: next(shown)[None] @ v)
    torch.testing.assert_close(net(row), fused, atol=1e-5, rtol=0)


def test_one_group_of_keys_is_as_many_equal_heads():
    few, many = decoder(groups=1), decoder()
    weights = few.state_dict()
    for name in weights:
        if ".key." in name or ".value." in name:
            weights[name] = torch.cat([weights[name], weights[name]])
    many.load_state_dict(weights)
    torch.testing.assert_close(few(tokens(2, 7)), many(tokens(2, 7)))


def test_a_tied_head_is_the_table_of_the_embedding():
    net = decoder(tied=True)
    assert not any(name.startswith("head") for name in net.state_dict())
    said = net(tokens(1, 5))
    with torch.no_grad():
        net.embed.weight[7] = 0
    assert said[..., 7].all()
    assert not net(tokens(1, 5) % 7)[..., 7].any()


def test_without_biases_there_is_none():
    net = decoder(bias=False)
    assert not any(name.endswith("bias") for name in net.state_dict())


def test_blocks_that_begin_at_zero_change_nothing_and_all_tokens_are_as_likely():
    net, row = decoder(zero_init=True, positions="rotary"), tokens(2, 6)
    assert not net(row).any()
    x = net.embed(row)
    assert torch.equal(net.trunk(x), net.trunk.norm(x))


def test_an_ngram_sees_the_tokens_right_before_and_none_at_the_beginning():
    net = decoder(ngrams=[144, 40], depth=0, positions="rotary")
    with torch.no_grad():
        for table in net.embed.ngrams:
            table.weight.normal_(generator=torch.Generator().manual_seed(0))
    row = tokens(1, 8)
    other = row.clone()
    other[0, 3] = (row[0, 3] + 1) % 11
    assert changed(net(row), net(other)).tolist() == [t in (3, 4, 5) for t in range(8)]
    pair = net.embed.ngrams[0]
    seen = {tuple(v) for v in pair(torch.cartesian_prod(*2 * [torch.arange(12)]), 1)[:, 0].tolist()}
    assert len(seen) == 144  # a row for each pair where the table has as many


def test_the_shift_adds_the_token_before():
    net = decoder(shift=1, depth=0, positions="rotary")
    with torch.no_grad():
        net.embed.shift_ND.fill_(0.5)
    row = tokens(1, 6)
    x, table = net.embed(row), net.embed.weight
    torch.testing.assert_close(x[0, 1:], table[row[0, 1:]] + 0.5 * table[row[0, :-1]])
    torch.testing.assert_close(x[0, 0], table[row[0, 0]])


def test_tokens_that_know_those_before_ignore_padding():
    net, row = decoder(**EVERYTHING), tokens(1, 8)
    with torch.no_grad():
        for parameter in net.embed.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator())
    padding = torch.arange(8)[None] >= 3
    torch.testing.assert_close(net(row, padding_BT=padding)[:, 3:], net(row[:, 3:]))


def test_logits_in_sixteen_bits_are_near_those_in_32_and_come_in_32():
    net, row = decoder(**EVERYTHING), tokens(2, 8)
    exact = net(row)
    with torch.autocast("cpu", torch.bfloat16):
        near = net(row)
    assert near.dtype == torch.float32
    torch.testing.assert_close(near, exact, atol=0.05, rtol=0.05)
    exact.square().sum().backward()
    gradient = {name: p.grad.clone() for name, p in net.named_parameters()}
    net.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        net(row).square().sum().backward()
    for name, p in net.named_parameters():
        error = (p.grad - gradient[name]).norm()
        assert error <= 0.1 * gradient[name].norm() + 1e-3, name


def test_dropout_acts_in_training_only():
    net, row = decoder(dropout=0.5), tokens(1, 5)
    assert torch.equal(net(row), net(row))
    net.train()
    assert not torch.equal(net(row), net(row))


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match=r"13 tokens in a row.*context of 12"):
        encoder(positions="rotary")(tokens(1, 13))
    with pytest.raises(InputError, match="'alibi' must be one of sinusoidal, learned, rotary"):
        encoder(positions="alibi")
    with pytest.raises(InputError, match="norm='batch' must be one of layer, rms"):
        encoder(norm="batch")
    with pytest.raises(InputError, match="pairing='thirds' must be one of neighbours, halves"):
        decoder(positions="rotary", rotary_pairing="thirds")
    with pytest.raises(InputError, match="2 heads do not fall into 3 equal groups"):
        decoder(groups=3)
    with pytest.raises(InputError, match="table of 3-grams with 0 rows"):
        decoder(ngrams=[9, 0])
    with pytest.raises(InputError, match=r"tokens from 3 to 11 were given.*has 0 to 10"):
        decoder()(torch.tensor([[3, 11]]))
    with pytest.raises(InputError, match="no option 'tied'"):
        encoder(tied=True)
