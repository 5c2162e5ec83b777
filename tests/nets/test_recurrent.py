import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pearlite.nets.recurrent import GRUCell, LSTMCell, Recurrent, RNNCell

CELLS = [(RNNCell, nn.RNN), (GRUCell, nn.GRU), (LSTMCell, nn.LSTM)]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def twins(cell, torchs, inputs=3, width=4):
    """A cell of ours and torch's layer with its weights."""
    ours, reference = (
        cell(inputs, width, generator=seeded()),
        torchs(inputs, width, batch_first=True),
    )
    weights = [ours.from_input.weight, ours.from_state.weight]
    biases = [ours.from_input.bias, ours.from_state.bias]
    with torch.no_grad():
        for theirs, mine in zip(reference.parameters(), weights + biases, strict=True):
            theirs.copy_(mine)
    return ours, reference


@pytest.mark.parametrize(("cell", "torchs"), CELLS)
def test_equals_torch_with_the_same_weights(cell, torchs):
    ours, reference = twins(cell, torchs)
    x_BTD = torch.randn(2, 9, 3, generator=seeded(1))
    expected, _ = reference(x_BTD)
    torch.testing.assert_close(Recurrent(ours)(x_BTD), expected)


@pytest.mark.parametrize(("cell", "torchs"), CELLS)
def test_gradients_equal_torch(cell, torchs):
    ours, reference = twins(cell, torchs)
    x_BTD = torch.randn(2, 9, 3, generator=seeded(1))
    Recurrent(ours)(x_BTD).square().sum().backward()
    reference(x_BTD)[0].square().sum().backward()
    expected = dict(reference.named_parameters())["weight_hh_l0"].grad
    torch.testing.assert_close(ours.from_state.weight.grad, expected)


@pytest.mark.parametrize(("cell", "torchs"), CELLS)
def test_the_state_after_all_steps_equals_torch(cell, torchs):
    ours, reference = twins(cell, torchs)
    x_BTD = torch.randn(2, 5, 3, generator=seeded(1))
    state = ours.begin(x_BTD)
    for x_BD in x_BTD.unbind(1):
        state = ours(x_BD, state)
    last = reference(x_BTD)[1]
    expected = last if isinstance(last, tuple) else (last,)
    torch.testing.assert_close(state, tuple(part[0] for part in expected))


@pytest.mark.parametrize("cell", [RNNCell, GRUCell, LSTMCell])
def test_a_step_does_not_see_those_after_it(cell):
    layer = Recurrent(cell(3, 4, generator=seeded()))
    x_BTD = torch.randn(2, 8, 3, generator=seeded(1))
    changed = x_BTD.clone()
    changed[:, 5:] += 1
    before, after = layer(x_BTD), layer(changed)
    assert torch.equal(before[:, :5], after[:, :5])
    assert not torch.isclose(before[:, 5:], after[:, 5:]).any()


@settings(deadline=None)
@given(
    st.sampled_from([RNNCell, GRUCell, LSTMCell]),
    st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4)),
    st.integers(1, 4),
)
def test_one_output_a_step(cell, shape_BTD, width):
    y_BTW = Recurrent(cell(shape_BTD[2], width, generator=seeded()))(torch.zeros(shape_BTD))
    assert y_BTW.shape == (*shape_BTD[:2], width)


def test_weights_come_from_the_generator_alone():
    state = torch.get_rng_state()
    first, again = (LSTMCell(3, 4, generator=seeded(1)).state_dict() for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], again[name]) for name in first)
