import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets import build
from pearlite.nets.cache import KVCache, window_start

CONTEXT = 10
KINDS = {
    "plain": {},
    "gpt2": {"positions": "learned", "mlp": "gelu_tanh", "tied": True},
    "llama": {
        "positions": "rotary",
        "rotary_pairing": "halves",
        "norm": "rms",
        "mlp": "swiglu",
        "bias": False,
        "groups": 1,
    },
    "own": {
        "positions": "rotary",
        "query_key_norm": True,
        "mlp": "relu_squared",
        "bias": False,
        "ngrams": [144, 50],
        "shift": 2,
    },
}


def decoder(kind="plain", seed=0):
    sizes = {"vocabulary": 11, "context": CONTEXT, "width": 16, "depth": 2, "heads": 2}
    net = build("transformer-decoder", seed=seed, **sizes, **KINDS[kind]).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():  # so that n-grams and the shift, which begin at 0, say something
        for parameter in net.get_submodule("embed").parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return net


def tokens(*shape, seed=0):
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(seed))


def greedy(net, row, count):
    """Continue one row, every step reading its whole window."""
    row = row.clone()
    for _ in range(count):
        window = row[window_start(len(row), net.context) :]
        row = torch.cat([row, net(window[None])[0, -1:].argmax(-1)])
    return row


def cached(net, prompts, count):
    """Continue rows of unequal length together, filled up on the left, reading each token once."""
    longest = max(len(row) for row in prompts)
    filled = torch.stack([torch.nn.functional.pad(r, (longest - len(r), 0)) for r in prompts])
    real = torch.stack([torch.arange(longest) >= longest - len(row) for row in prompts])
    cache = KVCache(net.context)
    logits = net(filled, padding_BT=None if real.all() else real, cache=cache)
    said = [logits[:, -1].argmax(-1)]
    for _ in range(count - 1):
        said.append(net(said[-1][:, None], cache=cache)[:, -1].argmax(-1))
    return [torch.cat([row, *(s[b : b + 1] for s in said)]) for b, row in enumerate(prompts)]


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_greedy_text_is_the_same_with_and_without_far_past_the_context(kind):
    for seed in range(3):
        net, row = decoder(kind, seed), tokens(4, seed=seed)
        assert cached(net, [row], 30)[0].tolist() == greedy(net, row, 30).tolist()


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_rows_of_unequal_length_are_continued_as_if_each_were_alone(kind):
    net = decoder(kind)
    prompts = [tokens(n, seed=n) for n in (1, 7, 4, 10)]
    together = cached(net, prompts, 25)
    assert [row.tolist() for row in together] == [greedy(net, p, 25).tolist() for p in prompts]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(list(KINDS)), st.lists(st.integers(1, 4), min_size=1, max_size=6))
@torch.no_grad()
def test_pieces_of_any_size_give_the_logits_of_the_whole(kind, sizes):
    net, row = decoder(kind), tokens(2, min(sum(sizes), CONTEXT))
    cache, said, at = KVCache(CONTEXT), [], 0
    for size in sizes:
        piece = row[:, at : at + size]
        if piece.numel():
            said.append(net(piece, cache=cache))
        at += size
    torch.testing.assert_close(torch.cat(said, 1), net(row), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_what_was_rewound_was_never_read():
    net, row = decoder("own"), tokens(2, 8)
    cache = KVCache(CONTEXT)
    net(row[:, :5], cache=cache)
    net((row[:, 5:] + 1) % 11, cache=cache)
    cache.rewind(3)
    assert cache.length == 5
    torch.testing.assert_close(net(row[:, 5:], cache=cache), net(row)[:, 5:], atol=1e-5, rtol=1e-5)
    with pytest.raises(InputError, match="holds 8 tokens; 9 cannot be forgotten"):
        cache.rewind(9)


@torch.no_grad()
def test_selected_rows_go_on_alone():
    net, row = decoder("own"), tokens(3, 8)
    cache = KVCache(CONTEXT)
    net(row[:, :5], cache=cache)
    cache.select(torch.tensor([2, 0]))
    expected = net(row[[2, 0]])[:, 5:]
    torch.testing.assert_close(net(row[[2, 0], 5:], cache=cache), expected, atol=1e-5, rtol=1e-5)


@given(st.integers(1, 40), st.integers(1, 200))
def test_a_window_fits_and_is_at_least_half_full(context, length):
    start = window_start(length, context)
    assert 0 <= start < length
    assert min(length, context // 2 + 1) <= length - start <= context


@torch.no_grad()
def test_what_does_not_fit_is_refused():
    net, cache = decoder(), KVCache(CONTEXT)
    with pytest.raises(InputError, match="the cache is empty"):
        _ = cache.tokens_BS
    with pytest.raises(InputError, match="11 tokens at once, but a window holds 10"):
        net(tokens(1, 11), cache=cache)
    net(tokens(2, 3), cache=cache)
    with pytest.raises(InputError, match="1 rows were given to a cache of 2"):
        net(tokens(1, 1), cache=cache)
