import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets import build
from pearlite.nets.language import RecurrentLanguageModel
from pearlite.nets.sample import ENDED, Sampling, Writing, filled_up, generate

CONTEXT, GREEDY = 8, Sampling(temperature=0)
PROMPTS = [[1], [4, 2, 9, 3, 0], list(range(11))]  # the last is longer than the context


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def decoder(seed=0):
    options = {"vocabulary": 11, "context": CONTEXT, "width": 16, "depth": 2, "heads": 2}
    return build("transformer-decoder", seed=seed, positions="rotary", **options).eval()


def texts(network, prompts=PROMPTS, count=25, **options):
    return generate(network, prompts, count, **{"generator": seeded(), **options})


@pytest.mark.parametrize(
    "sampling",
    [GREEDY, Sampling(0.8), Sampling(top_k=3), Sampling(top_p=0.7), Sampling(0, repetition=1.5)],
)
def test_the_cache_changes_no_text(sampling):
    net = decoder()
    with_cache = texts(net, sampling=sampling)
    assert with_cache == texts(net, sampling=sampling, cached=False)
    assert [len(text) for text in with_cache] == [25, 25, 25]


def test_greedy_rows_are_as_if_each_were_alone():
    net = decoder()
    together = texts(net, sampling=GREEDY)
    assert together == [texts(net, [prompt], sampling=GREEDY)[0] for prompt in PROMPTS]


def test_a_row_that_ends_leaves_the_others_as_they_were():
    net = decoder()
    whole = texts(net, sampling=GREEDY)
    end = whole[0][3]
    expected = [text[: text.index(end) + 1] if end in text else text for text in whole]
    assert texts(net, sampling=GREEDY, ends=[end]) == expected
    assert texts(net, sampling=GREEDY, ends=[end], cached=False) == expected
    writing = Writing(net, PROMPTS, sampling=GREEDY)
    next(writing)
    writing.end(1)
    said = [next(writing) for _ in range(10)]
    assert all(tokens_B[1] == ENDED for tokens_B in said)
    assert [int(tokens_B[2]) for tokens_B in said] == whole[2][1:11]
    for row in (0, 2):
        writing.end(row)
    assert list(writing) == []


def test_the_seed_determines_the_text_and_it_comes_token_by_token():
    net = decoder()
    assert texts(net) == texts(net)
    assert texts(net) != texts(net, generator=seeded(1))
    stream = itertools.islice(Writing(net, PROMPTS, generator=seeded()), 25)
    assert torch.stack(list(stream), 1).tolist() == texts(net)


def test_tokens_are_drawn_as_often_as_they_are_likely():
    logits = torch.tensor([0.1, 0.2, 0.7]).log().expand(20_000, 3)
    drawn = Sampling().draw(logits, generator=seeded()).bincount(minlength=3) / 20_000
    torch.testing.assert_close(drawn, torch.tensor([0.1, 0.2, 0.7]), atol=0.01, rtol=0)


@settings(deadline=None)
@given(st.integers(1, 12), st.floats(0.05, 1), st.floats(0.5, 5), st.integers(0, 99))
def test_what_is_drawn_is_what_was_left_of_the_likeliest(top_k, top_p, temperature, seed):
    logits = 3 * torch.randn(4, 10, generator=seeded(seed))
    shares = (logits / temperature).softmax(-1)
    few = Sampling(temperature, top_k=top_k).probabilities(logits)
    assert ((few > 0).sum(-1) == min(top_k, 10)).all()
    nucleus = Sampling(temperature, top_p=top_p).probabilities(logits)
    held = shares.masked_fill(nucleus == 0, 0)
    assert (held.sum(-1) >= top_p - 1e-5).all()
    smallest = held.masked_fill(nucleus == 0, 2).amin(-1)
    assert (held.sum(-1) - smallest < top_p + 1e-5).all()
    for kept in (few, nucleus):
        torch.testing.assert_close(kept.sum(-1), torch.ones(4))
        best = shares.argmax(-1, keepdim=True)
        assert (kept.gather(-1, best) > 0).all()


def test_a_penalty_makes_seen_tokens_less_likely_and_no_others():
    logits, seen = torch.tensor([[2.0, -1.0, 1.0]]), torch.tensor([[True, True, False]])
    kept = Sampling(repetition=2.0).penalised(logits, seen)
    assert kept.tolist() == [[1.0, -2.0, 1.0]]
    assert texts(decoder(), [[1]], sampling=Sampling(0, repetition=1e6), count=10)[0] != 10 * [1]


def test_a_recurrent_network_writes_as_well():
    net = RecurrentLanguageModel(11, context=CONTEXT, width=8, generator=seeded()).eval()
    assert [len(text) for text in texts(net, count=12)] == [12, 12, 12]


def test_texts_are_filled_up_on_the_left():
    tokens_BT, padding_BT = filled_up([torch.tensor([5]), torch.tensor([1, 2, 3])])
    assert tokens_BT.tolist() == [[0, 0, 5], [1, 2, 3]]
    assert padding_BT is not None
    assert padding_BT.tolist() == [[False, False, True], [True, True, True]]
    assert filled_up([torch.tensor([5, 6])])[1] is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"temperature": -1}, "temperature of -1"),
        ({"top_k": 0}, "top_k=0 leaves no token"),
        ({"top_p": 0}, "top_p=0 is no share"),
        ({"repetition": 0}, "repetition penalty of 0"),
    ],
)
def test_impossible_sampling_is_refused(options, says):
    with pytest.raises(InputError, match=says):
        Sampling(**options)


def test_nothing_to_go_on_from_is_refused():
    with pytest.raises(InputError, match="at least one token"):
        Writing(decoder(), [[1], []], sampling=GREEDY)
    with pytest.raises(InputError, match="give a generator"):
        Writing(decoder(), [[1]])


def test_tokens_that_are_never_written_are_not():
    net = decoder()
    [[likeliest]] = texts(net, [[1, 2]], 1, sampling=GREEDY)
    [text] = texts(net, [[1, 2]], 20, sampling=Sampling(0, repetition=1.5), never={likeliest})
    assert likeliest not in text
    assert len(text) == 20
