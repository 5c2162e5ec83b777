"""The bar of a training with a budget."""

import io
import sys
from itertools import pairwise

import pytest
import torch

from pearlite.nets.dense import Dense
from pearlite.see.budget_bar import budget_bar
from pearlite.task import Task
from pearlite.train.budget import Budget
from pearlite.train.rows import Rows
from pearlite.train.trainer import Trainer


class Mean(Task):
    def __init__(self):
        super().__init__()
        self.net = Dense(1, 1, generator=torch.Generator().manual_seed(0))

    def f(self, x):
        return self.net(x)

    def L(self, y_hat, y):
        return (y_hat - y).square().mean()


def train(steps, show=True):
    budget = Budget(1.0, steps)
    rows, bar = Rows(budget), budget_bar(budget, "Learning", show)
    trainer = Trainer(
        Mean(),
        validate=lambda _: {"val_loss": 0.125},
        every=2**62,
        events={
            "start": [budget.follow, rows.begin, *bar["start"]],
            "step": [budget.follow, rows.follow, *bar["step"]],
            "end": bar["end"],
        },
    )
    return trainer.fit(lambda _: (torch.ones(2, 1), torch.zeros(2, 1)))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("show", [True, False])
def test_a_terminal_sees_how_far_it_is_and_the_newest_loss(monkeypatch, show):
    monkeypatch.setattr(sys, "stderr", Terminal())
    train(10, show)
    written = sys.stderr.getvalue()
    assert ("Learning" in written) == show
    assert ("0.125" in written) == show


def test_a_file_sees_nothing(capsys):
    train(5)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("steps", "rows"), [(7, 7), (20, 20), (100, 20)])
def test_rows_lie_at_equal_shares_of_the_budget(steps, rows):
    history = train(steps, show=False)
    assert len(history) == rows
    assert history[-1]["step"] == steps
    gaps = {b["step"] - a["step"] for a, b in pairwise(history)}
    assert gaps == {steps // rows}
