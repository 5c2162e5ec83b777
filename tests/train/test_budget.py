"""A budget of steps: how far the schedule is, hurried or not, and what a state keeps of it."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from pearlite.task import Task
from pearlite.train.budget import Budget
from pearlite.train.optimisers import adam
from pearlite.train.trainer import Trainer


class Slope(Task):
    """A number that goes down."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def f(self, x: Tensor) -> Tensor:
        return self.weight * x

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        return (y_hat - y).mean()


def trained(budget: Budget, hurry_at: int | None = None) -> list[float]:
    """Return the rate after each step."""
    rates: list[float] = []

    def note(trainer: Trainer) -> None:
        if trainer.step == hurry_at:
            budget.hurry(trainer.step)
        rates.append(trainer.optimisers[0].param_groups[0]["lr"])

    trainer = Trainer(
        Slope(),
        optimiser=adam(1.0),
        every=10**9,
        keep="last",
        events={"start": [budget.follow], "step": [budget.follow, note]},
    )
    trainer.fit(lambda _: (torch.ones(1), torch.ones(1)))
    return rates


def test_hurried_the_rate_still_falls_to_nothing_within_another_tenth():
    usual, hurried = trained(Budget(1, 100)), trained(Budget(1, 100), hurry_at=60)

    assert len(usual) == 100
    assert len(hurried) == 70
    assert hurried[:60] == usual[:60]
    assert all(after < before for before, after in pairwise(hurried[60:]))
    assert hurried[-1] < 1e-3


def test_late_in_a_budget_there_is_nothing_to_hurry():
    assert len(trained(Budget(1, 100), hurry_at=95)) == 100


def test_a_state_keeps_the_hurry_but_not_for_a_larger_budget():
    budget = Budget(1, 100)
    budget.hurry(60)
    same, larger = Budget(1, 100), Budget(1, 200)
    for other in (same, larger):
        other.load_state_dict(budget.state_dict())

    assert same.share(65) == pytest.approx(0.8)
    assert larger.share(65) == pytest.approx(0.325)


def test_a_budget_that_is_spent_at_the_start_still_makes_a_step():
    assert len(trained(Budget(1e-9))) == 1
