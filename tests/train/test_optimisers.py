import copy
import math

import pytest
import torch
from torch import nn

from pearlite.nets.mlp import MLP
from pearlite.task import Task
from pearlite.train.losses import mse
from pearlite.train.optimisers import Muon, adam, adamw, muon, orthogonalise, sgd
from pearlite.train.trainer import Trainer

MAKERS = [sgd, adam, adamw, muon]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def parameters():
    return [nn.Parameter(torch.tensor([3.0])), nn.Parameter(torch.tensor([4.0]))]


def matrices(*shapes):
    return [
        nn.Parameter(torch.randn(shape, generator=generator(i))) for i, shape in enumerate(shapes)
    ]


def descend(optimiser, parameters, steps=5):
    """Steps on gradients that depend on the weights and on the step."""
    for step in range(steps):
        for i, p in enumerate(parameters):
            noise = torch.randn(p.shape, generator=generator(100 * step + i))
            p.grad = p.detach() + noise
        optimiser.step()


def test_adam_forgets_as_fast_as_it_is_told():
    ours, theirs = parameters(), parameters()
    descend(adam(0.1, betas=(0.0, 0.9))(ours), ours)
    descend(torch.optim.Adam(theirs, lr=0.1, betas=(0.0, 0.9)), theirs)
    torch.testing.assert_close(ours, theirs)
    usual = parameters()
    descend(adam(0.1)(usual), usual)
    assert not torch.allclose(usual[0], ours[0])


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(("clip", "expected"), [(math.inf, (3.0, 4.0)), (1.0, (0.6, 0.8))])
def test_long_gradients_are_shortened_together(make, clip, expected):
    both = parameters()
    optimiser = make(clip=clip)(both)
    sum(p.square().sum() / 2 for p in both).backward()
    optimiser.step()
    assert [p.grad.item() for p in both] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("make", [adamw, muon])
def test_weights_decay_without_a_gradient(make):
    both = parameters()
    optimiser = make(rate=0.1, decay=0.5)(both)
    for p in both:
        p.grad = torch.zeros_like(p)
    optimiser.step()
    assert [p.item() for p in both] == pytest.approx([3 * 0.95, 4 * 0.95])


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_sgd_follows_its_formula(momentum, nesterov):
    (p,) = matrices((2, 3))
    expected, total = p.detach().clone(), torch.zeros(2, 3)
    optimiser = sgd(0.1, momentum, nesterov)([p])
    for step in range(4):
        gradient = torch.randn(2, 3, generator=generator(step))
        p.grad = gradient
        optimiser.step()
        total = momentum * total + gradient
        expected -= 0.1 * (gradient + momentum * total if nesterov else total)
    torch.testing.assert_close(p.detach(), expected)


def test_orthogonalise_levels_the_singular_values_and_keeps_their_vectors():
    for shape in [(20, 20), (8, 30), (30, 8)]:
        matrix = torch.randn(3, *shape, generator=generator())
        before, after = torch.linalg.svd(matrix), torch.linalg.svdvals(orthogonalise(matrix))
        share = before.S / before.S[:, :1]
        assert after[share > 0.1].min() > 0.6
        assert after.max() < 1.3
        polar = before.U[:, :, : min(shape)] @ before.Vh[:, : min(shape)]
        moved = orthogonalise(matrix).flatten(1)
        assert torch.cosine_similarity(moved, polar.flatten(1)).min() > 0.95


def test_muon_is_that_of_torch_on_matrices_and_adamw_on_the_rest():
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("torch before 2.9")
    ours = matrices((6, 4), (6, 6), (6, 12), (3, 6), (6,))
    theirs = copy.deepcopy(ours)
    hidden, rest = [theirs[1], theirs[2]], [theirs[0], theirs[3], theirs[4]]
    descend(muon(0.02, 0.1)(ours), ours)
    options = {"lr": 0.02, "weight_decay": 0.1}
    first = torch.optim.Muon(hidden, momentum=0.95, adjust_lr_fn="match_rms_adamw", **options)
    second = torch.optim.AdamW(rest, betas=(0.9, 0.95), **options)
    both = type("Both", (), {"step": lambda self: (first.step(), second.step())})()
    descend(both, theirs)
    for p, q in zip(ours, theirs, strict=True):
        # torch multiplies in bfloat16 everywhere
        torch.testing.assert_close(
            p, q, atol=0.02 if q.shape[0] == 6 and q.ndim == 2 else 1e-5, rtol=0
        )


def test_muon_chooses_hidden_weights_and_leaves_the_rest_to_adamw():
    first, positions, kernel, inner, bias, head = all_ = matrices(
        (10, 4), (5, 4), (4, 2, 3, 3), (4, 4), (4,), (10, 4)
    )
    hidden, rest = muon(rest=[positions])(all_).param_groups
    assert {id(p) for p in hidden["params"]} == {id(kernel), id(inner)}
    assert [id(p) for p in rest["params"]] == [id(first), id(positions), id(bias), id(head)]


def test_muon_moves_every_direction_equally_far():
    first, kernel, head = matrices((2, 2), (8, 2, 3, 3), (2, 2))
    before = kernel.detach().clone()
    optimiser = muon(0.1, decay=0.0)([first, kernel, head])
    for p in (first, kernel, head):
        p.grad = torch.randn(p.shape, generator=generator(3))
    optimiser.step()
    lengths = torch.linalg.svdvals((kernel.detach() - before).flatten(1))
    expected = 0.1 * 0.2 * 18**0.5
    assert lengths.min() > 0.5 * expected
    assert lengths.max() < 1.3 * expected


def test_muon_goes_on_exactly_from_its_state():
    whole, parts = matrices((4, 4), (4, 4), (4, 4), (4,)), matrices((4, 4), (4, 4), (4, 4), (4,))
    make = muon(0.1)
    optimiser = make(whole)
    descend(optimiser, whole, 3)
    descend(optimiser, whole, 3)
    first = make(parts)
    descend(first, parts, 3)
    second = make(parts)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    descend(second, parts, 3)
    assert all(torch.equal(p, q) for p, q in zip(whole, parts, strict=True))


def test_muon_leaves_alone_what_has_no_gradient():
    all_ = matrices((4, 4), (4, 4), (4, 4), (4,))
    before = copy.deepcopy(all_)
    Muon(all_[1:2], all_[2:], 0.1, 0.1, 0.9).step()
    assert all(torch.equal(p, q) for p, q in zip(all_, before, strict=True))


class Wave(Task):
    def __init__(self):
        super().__init__()
        self.net = MLP([1, 16, 16, 1], generator=generator())

    def f(self, x):
        return self.net(x)

    def L(self, y_hat, y):
        return mse(y_hat, y)


@pytest.mark.parametrize("make", [sgd(0.05, 0.9), sgd(0.05, 0.9, True), adam(0.01), muon(0.01)])
def test_every_optimiser_learns(make):
    def stream(step):
        x = 4 * torch.rand(32, 1, generator=generator(step)) - 2
        return x, torch.sin(2 * x)

    history = Trainer(Wave(), optimiser=make, every=100).fit(stream, steps=300)
    assert history[-1]["loss"] < 0.1 * history[0]["loss"] or history[-1]["loss"] < 0.02


def test_the_rest_beside_muon_may_have_a_rate_of_its_own():
    same, own = matrices((3, 4), (4, 4), (4, 2)), matrices((3, 4), (4, 4), (4, 2))
    before = matrices((3, 4), (4, 4), (4, 2))
    descend(muon(1e-2)(same), same, steps=1)
    descend(muon(1e-2, rest_rate=3e-2)(own), own, steps=1)
    assert torch.equal(own[1], same[1])
    for i in (0, 2):
        moved = (own[i] - before[i]).norm() / (same[i] - before[i]).norm()
        assert moved.item() == pytest.approx(3, rel=1e-3)
