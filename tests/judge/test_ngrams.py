"""Counting as a language model."""

import itertools

import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.ngrams import NGrams

TOKENS = np.array([0, 1, 2, 0, 1, 1, 2, 3, 0, 1, 2, 0])


@pytest.mark.parametrize("order", [1, 2, 3])
def test_probabilities_sum_to_one_after_every_context(order):
    model = NGrams(TOKENS, 5, 3)
    for context in itertools.product(range(5), repeat=2):
        likely = [np.exp(-model.losses([*context, token], order)[-1]) for token in range(5)]
        assert sum(likely) == pytest.approx(1)


def test_witten_bell_by_hand():
    model = NGrams([0, 1, 0, 0], 2, 2)
    alone = (3 + 2 * 0.5) / (4 + 2)  # 0 was seen 3 times of 4, two kinds
    after = (1 + 2 * alone) / (2 + 2)  # after 0 came 1 and 0
    assert model.losses([0, 0]) == pytest.approx([-np.log(alone), -np.log(after)])


def test_more_context_helps_where_there_is_something_to_know():
    random = np.random.default_rng(0)
    steps = random.integers(1, 3, 4000)
    tokens = np.cumsum(steps) % 20  # the next is one of two
    model = NGrams(tokens[:3000], 20)
    means = [model.losses(tokens[3000:], order).mean() for order in range(1, 6)]
    assert means[0] == pytest.approx(np.log(20), abs=0.1)
    assert means[1] == pytest.approx(np.log(2), abs=0.1)
    assert model.best_order(tokens[3000:]) in (2, 3)


def test_nothing_to_count_is_said():
    with pytest.raises(InputError, match="0 tokens"):
        NGrams([], 5)
