import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets import build
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


def test_padding_before_the_first_token_is_not_looked_at():
    net, row = decoder(positions="rotary"), tokens(1, 8)
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
