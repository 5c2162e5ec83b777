import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pearlite.errors import InputError
from pearlite.train import adversarial

GAMES = [adversarial.MINIMAX, adversarial.NON_SATURATING, adversarial.WASSERSTEIN]
SCORES = st.lists(st.floats(-30, 30), min_size=1, max_size=8).map(torch.tensor)


@settings(deadline=None)
@given(SCORES, SCORES)
def test_the_losses_are_those_of_their_papers(real, made):
    real, made = real.double(), made.double()
    d_real, d_made = real.sigmoid(), made.sigmoid()
    critic = -d_real.log().mean() - (-made).sigmoid().log().mean()
    for game in GAMES[:2]:
        torch.testing.assert_close(game.critic(real, made), critic)
    minimax, unsaturated, wasserstein = (game.generator(made) for game in GAMES)
    torch.testing.assert_close(minimax, (-made).sigmoid().log().mean())
    torch.testing.assert_close(unsaturated, -d_made.log().mean())
    torch.testing.assert_close(wasserstein, -made.mean())
    distance = -adversarial.WASSERSTEIN.critic(real, made)
    torch.testing.assert_close(distance, real.mean() - made.mean())


def test_a_draw_costs_the_critic_two_bits_in_nats():
    zeros = torch.zeros(3, 5)
    assert adversarial.NON_SATURATING.critic(zeros, zeros).item() == pytest.approx(2 * math.log(2))


@pytest.mark.parametrize("game", GAMES)
def test_the_players_pull_at_the_made_samples_in_opposite_directions(game):
    made = torch.zeros(4, requires_grad=True)
    (for_critic,) = torch.autograd.grad(game.critic(torch.ones(4), made), made)
    (for_generator,) = torch.autograd.grad(game.generator(made), made)
    assert (for_critic > 0).all()
    assert (for_generator < 0).all()


def test_only_the_minimax_generator_loses_its_gradient_to_a_sure_critic():
    sure = torch.full((1,), -20.0, requires_grad=True)
    pull = [torch.autograd.grad(game.generator(sure), sure)[0].abs().item() for game in GAMES]
    assert pull[0] < 1e-6
    assert pull[1] == pytest.approx(1)
    assert pull[2] == pytest.approx(1)


@settings(deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 100))
def test_penalties_of_a_plane_are_known(a, b, seed):
    slope = torch.tensor([a, b])
    real, made = torch.randn(2, 6, 2, generator=torch.Generator().manual_seed(seed))

    def plane(x):
        return x @ slope + 7

    length = math.hypot(a, b)
    penalty = adversarial.gradient_penalty(plane, real, made, generator=torch.Generator())
    assert penalty.item() == pytest.approx((length - 1) ** 2, abs=1e-4)
    assert adversarial.r1(plane, real).item() == pytest.approx(length**2 / 2, abs=1e-4)


def test_the_gradient_penalty_looks_between_real_and_made_and_its_generator_says_where():
    seen = []

    def critic(x):
        seen.append(x.detach().clone())
        return x.sum((1, 2))

    real, made = torch.zeros(5, 2, 3), torch.ones(5, 2, 3)
    for seed in (0, 0, 1):
        generator = torch.Generator().manual_seed(seed)
        adversarial.gradient_penalty(critic, real, made, generator=generator)
    first, again, other = seen
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert (first >= 0).all()
    assert (first <= 1).all()
    assert torch.equal(first, first[:, :1, :1].expand_as(first))  # one place a sample
    assert len(first[:, 0, 0].unique()) == 5


def test_penalties_teach_the_critic_and_nobody_else():
    generator = torch.Generator().manual_seed(0)
    critic, maker = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)), nn.Linear(3, 3)
    real, seeds = torch.randn(2, 4, 3, generator=generator)
    penalty = adversarial.gradient_penalty(critic, real, maker(seeds), generator=generator)
    (penalty + adversarial.r1(critic, real)).backward()
    assert critic[0].weight.grad.abs().sum() > 0
    assert maker.weight.grad is None


def test_penalties_of_a_flat_critic_are_finite_down_to_their_gradient():
    critic = nn.Linear(3, 1)
    nn.init.zeros_(critic.weight)
    real = torch.ones(4, 3)
    penalty = adversarial.gradient_penalty(critic, real, -real) + adversarial.r1(critic, real)
    penalty.backward()
    assert penalty.item() == pytest.approx(1)
    assert critic.weight.grad.isfinite().all()


def test_a_gradient_penalty_of_unequal_shapes_is_refused():
    with pytest.raises(InputError, match=r"\(4, 2\), made ones \(3, 2\)"):
        adversarial.gradient_penalty(lambda x: x, torch.zeros(4, 2), torch.zeros(3, 2))


def test_frozen_networks_pass_gradients_on_and_take_none():
    critic, maker = nn.Linear(2, 1), nn.Linear(2, 2)
    critic.bias.requires_grad_(False)
    with adversarial.frozen(critic):
        critic(maker(torch.ones(1, 2))).sum().backward()
    assert critic.weight.grad is None
    assert maker.weight.grad.abs().sum() > 0
    assert critic.weight.requires_grad
    assert not critic.bias.requires_grad
