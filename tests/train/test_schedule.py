import pytest
import torch
from torch import nn

from pearlite.errors import InputError
from pearlite.task import Task
from pearlite.train.optimisers import adam
from pearlite.train.schedule import constant, cosine, linear
from pearlite.train.trainer import Trainer


class Weight(Task):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def loss(self, batch):
        return self.weight * batch


def rates(schedule, seconds=None, steps=9):
    """Rates of the updates, as the optimiser had them."""
    seen = []
    trainer = Trainer(
        Weight(), optimiser=adam(0.5), events={"start": [schedule], "step": [schedule]}
    )

    def stream(step):
        seen.append(trainer.optimisers[0].param_groups[0]["lr"])
        if seconds is not None:
            trainer.seconds = seconds[step]
        return torch.ones(())

    trainer.fit(stream, steps=steps)
    return seen


def test_rises_then_falls_to_nothing():
    seen = rates(cosine(steps=8, warm_up=2), steps=9)
    assert seen[0] == pytest.approx(0.25)
    assert seen[2] == pytest.approx(0.5 * (1 + 2**-0.5) / 2)
    assert seen[4] == pytest.approx(0.25)
    assert seen[2:] == sorted(seen[2:], reverse=True)
    assert seen[8] == pytest.approx(0)


def test_a_budget_of_minutes_counts_the_time_spent():
    trainer = Trainer(Weight(), optimiser=adam(0.5))
    schedule, rate = cosine(minutes=2, warm_up=0), trainer.optimisers[0].param_groups[0]
    for seconds, expected in [(0, 0.5), (60, 0.25), (120, 0), (300, 0)]:
        trainer.seconds = seconds
        schedule(trainer)
        assert rate["lr"] == pytest.approx(expected)


def test_of_two_budgets_the_one_nearer_its_end_counts():
    trainer = Trainer(Weight(), optimiser=adam(0.5))
    trainer.step, trainer.seconds = 1, 60
    cosine(steps=100, minutes=2, warm_up=0)(trainer)
    assert trainer.optimisers[0].param_groups[0]["lr"] == pytest.approx(0.25)


def test_linear_falls_along_a_line():
    seen = rates(linear(steps=8, warm_up=2), steps=9)
    assert seen == pytest.approx([0.25, *(0.5 * (1 - step / 8) for step in range(1, 9))])


def test_constant_rises_and_stays():
    assert rates(constant(warm_up=4), steps=6) == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5, 0.5])


def test_groups_keep_their_own_rates():
    trainer = Trainer(Weight(), optimiser=adam(0.5))
    trainer.optimisers[0].add_param_group({"params": [torch.zeros(())], "lr": 0.1})
    linear(steps=10, warm_up=0)(trainer)
    trainer.step = 5
    linear(steps=10, warm_up=0)(trainer)
    assert [g["lr"] for g in trainer.optimisers[0].param_groups] == pytest.approx([0.25, 0.05])


@pytest.mark.parametrize("schedule", [cosine, linear])
def test_without_a_budget_there_is_no_schedule(schedule):
    with pytest.raises(InputError, match="steps or minutes"):
        schedule()
