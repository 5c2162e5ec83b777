import pytest
import torch
from torch import nn

from pearlite.errors import InputError
from pearlite.nets.convolution import Convolution
from pearlite.nets.skip import Add, Append


def conv(inputs, outputs, **options):
    return Convolution(inputs, outputs, **options, generator=torch.Generator().manual_seed(0))


X = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(1))


def test_add_gives_the_input_plus_what_the_body_makes_of_it():
    body = conv(3, 3)
    assert torch.equal(Add(body)(X), X + body(X))


def test_append_gives_both_side_by_side():
    body = conv(3, 4)
    y = Append(body)(X)
    assert torch.equal(y[:, :3], X)
    assert torch.equal(y[:, 3:], body(X))


def test_the_gradient_finds_a_way_around_a_body_that_blocks_it():
    body = conv(3, 3)
    nn.init.zeros_(body.weight)
    x = X.clone().requires_grad_()
    (around,) = torch.autograd.grad(Add(body)(x).sum(), x)
    (blocked,) = torch.autograd.grad(body(x).sum(), x)
    assert torch.equal(around, torch.ones_like(x))
    assert not blocked.any()


@pytest.mark.parametrize("body", [conv(3, 1), conv(3, 3, stride=5), nn.Flatten()])
def test_add_refuses_a_body_that_changes_the_shape_even_where_torch_would_repeat_it(body):
    with pytest.raises(InputError, match=r"\(2, 3, 5, 5\).*the body must keep the shape"):
        Add(body)(X)
