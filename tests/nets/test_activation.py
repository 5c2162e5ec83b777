import math

import pytest
import torch
from torch import nn

from pearlite.errors import InputError
from pearlite.nets.activation import ACTIVATIONS, activation
from pearlite.nets.dense import Dense

X = torch.linspace(-4, 4, 33, dtype=torch.float64)
FORMULAS = {
    "relu": lambda x: max(0, x),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "relu_squared": lambda x: max(0, x) ** 2,
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "gelu_tanh": lambda x: x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "softplus": lambda x: math.log(1 + math.exp(x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_equals_its_formula(name):
    expected = torch.tensor([FORMULAS[name](x) for x in X.tolist()], dtype=X.dtype)
    torch.testing.assert_close(activation(name)(X), expected)


def test_softmax_shares_1_among_the_values_of_the_last_axis():
    x = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(activation("softmax")(x), x.exp() / x.exp().sum(-1, keepdim=True))


def test_every_activation_has_its_formula_tested():
    assert set(ACTIVATIONS) == {*FORMULAS, "softmax"}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_keeps_the_shape_and_has_a_gradient_but_no_weights(name):
    layer = activation(name)
    x = torch.arange(1.0, 25.0).reshape(2, 3, 4).div(24).requires_grad_()
    y = layer(x)
    (slope,) = torch.autograd.grad(y.square().sum(), x)
    assert y.shape == x.shape
    assert slope.all()
    assert not list(layer.parameters())


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match=r"'rleu'.*relu, leaky_relu.*softmax"):
        activation("rleu")


def test_two_dense_layers_without_one_are_a_single_linear_map():
    generator = torch.Generator().manual_seed(0)
    first, second = (Dense(*sizes, generator=generator).double() for sizes in [(1, 8), (8, 1)])
    straight = nn.Sequential(first, second)
    bent = nn.Sequential(first, activation("relu"), second)
    x = X[:, None]
    torch.testing.assert_close(straight(x).diff(n=2, dim=0), torch.zeros(31, 1).double())
    assert bent(x).diff(n=2, dim=0).abs().max() > 1e-3
