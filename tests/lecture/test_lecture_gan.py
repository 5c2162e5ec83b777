import json
import math

import pytest
import torch
from torch import nn

from pearlite.lecture import gan, rivals
from pearlite.lecture.two_numbers import STEPS, orbit
from pearlite.train.adversarial import WASSERSTEIN
from pearlite.train.optimisers import sgd


def lengths(path_N2):
    return path_N2.norm(dim=1)


def test_the_smallest_game_circles_and_r1_brings_it_in_and_momentum_out():
    plain, out, inwards = orbit(sgd(0.1)), orbit(sgd(0.02, 0.5)), orbit(sgd(0.1), steepness=0.3)
    assert plain.shape == (STEPS + 1, 2)
    assert lengths(plain).min() > 0.9 * math.sqrt(2)
    assert lengths(plain).max() < 1.1 * math.sqrt(2)
    assert plain.mean(0).norm() < 0.1
    assert lengths(out)[-1] > 1.5 * math.sqrt(2)
    assert lengths(inwards)[-1] < 0.05


def test_gradient_steps_in_turn_are_those_on_paper():
    path = orbit(sgd(0.1)).double()
    slope = 1 - 0.1 * 1  # the critic descends on θψ first
    made = 1 + 0.1 * slope  # then the generator on -θψ
    torch.testing.assert_close(path[1], torch.tensor([made, slope]).double(), atol=1e-6, rtol=0)


def test_real_samples_cover_the_ring_and_a_collapsed_generator_one_mode():
    random = torch.Generator().manual_seed(0)
    real = rivals.ring(4000, random)
    covered, share = rivals.judged(real)
    assert covered == 8
    assert share == pytest.approx(1 - math.exp(-(rivals.NEAR**2) / 2), abs=0.01)
    one = rivals.centres()[2] + rivals.SPREAD * torch.randn(1000, 2, generator=random)
    assert rivals.judged(one) == (1, pytest.approx(share, abs=0.02))
    assert rivals.judged(torch.zeros(100, 2)) == (0, 0.0)


def test_the_critic_follows_its_rules():
    real = rivals.ring(64, torch.Generator().manual_seed(0))

    def critic_loss(rules):
        torch.manual_seed(0)
        return rivals.ring_rivals(rules, 0).critic_loss(real)

    plain = critic_loss(rivals.Rules("", game=WASSERSTEIN))
    bounded = critic_loss(rivals.Rules("", game=WASSERSTEIN, slope=2.0))
    assert bounded > plain
    assert rivals.ring_rivals(rivals.Rules(""), 0).players()[0].penalty is None
    steep = rivals.ring_rivals(rivals.Rules("", steepness=0.5, lazy=4), 0)
    critic, generator = steep.players()
    assert critic.lazy == 4
    assert critic.penalty(real) > 0
    assert generator.penalty is None


def test_a_game_is_a_function_of_its_seed_and_its_average_is_another_net():
    def game(seed):
        players = rivals.ring_rivals(rivals.Rules("", falls=True), seed)
        seeds = torch.randn(50, 2, generator=torch.Generator().manual_seed(1))
        return rivals.play(players, rivals.ring_stream(seed), 12, seed, 4, seeds), seeds

    (one, seeds), (same, _), (other, _) = game(0), game(0), game(1)
    assert [step for step, _ in one.looks] == [4, 8, 12]
    assert [row["step"] for row in one.history] == [4, 8, 12]
    with torch.no_grad():
        made, averaged = one.last(seeds), one.average(seeds)
        assert torch.equal(made, same.last(seeds))
        assert not torch.equal(made, other.last(seeds))
        assert not torch.equal(made, averaged)


def test_the_second_half_counts():
    looks = [(k, (k, 0.5, 0, 0.0)) for k in range(4)]
    match = rivals.Match(rivals.Rules(""), nn.Identity(), nn.Identity(), [], looks)
    assert match.settled() == (2.5, 0.5, 0, 0)


@pytest.mark.slow
def test_the_page_tells_collapse_from_cure(tmp_path):
    page = gan.draw(tmp_path, seed=1)
    assert json.loads((tmp_path / "numbers.json").read_text()) == {"seed": 1, **page.numbers}
    assert list(page.pictures) == ["figure", "orbits", "losses", "seeds", "digits"]
    ring = {name: found["second_half"] for name, found in page.numbers["ring"].items()}
    ill, well = ring["as usual"], ring["all together"]
    assert ill["share"] < 0.4 < 0.6 < well["share"]
    assert ill["modes"] < 5
    assert well["modes"] > 7.5
    assert ring["R1"]["average_share"] > ring["R1"]["share"]
    assert min(page.numbers["digit_shares"]) > 0.01
    assert page.numbers["nearest_made"] > 0.5 * page.numbers["nearest_real"]
