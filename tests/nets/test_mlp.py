from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets import build


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.lists(st.integers(0, 3), max_size=3))
@settings(max_examples=25, deadline=None)
def test_maps_the_last_axis_through_its_widths(widths, before):
    net = build("mlp", widths=widths)
    assert net(torch.zeros(*before, widths[0])).shape == (*before, widths[-1])
    weights = sum(a * b + b for a, b in pairwise(widths))
    assert sum(p.numel() for p in net.parameters()) == weights


def test_is_its_formula():
    net = build("mlp", widths=[3, 5, 4, 2], activation="tanh")
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    W1, b1, W2, b2, W3, b3 = net.parameters()
    expected = torch.tanh(torch.tanh(x @ W1.T + b1) @ W2.T + b2) @ W3.T + b3
    torch.testing.assert_close(net(x), expected)


def test_dropout_acts_in_training_only_and_leaves_the_names_of_the_weights():
    net, x = build("mlp", widths=[3, 50, 2], dropout=0.5), torch.ones(1, 3)
    assert not torch.equal(net(x), net(x))
    net.eval()
    assert torch.equal(net(x), net(x))
    assert net.state_dict().keys() == build("mlp", widths=[3, 50, 2]).state_dict().keys()


def test_without_a_layer_is_refused():
    with pytest.raises(InputError, match=r"widths=\[3\].*at least"):
        build("mlp", widths=[3])
