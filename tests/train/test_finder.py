import math

import numpy as np
import pytest
import torch
from torch import nn

from pearlite.data.stream import Stream
from pearlite.errors import InputError
from pearlite.nets.norm import BatchNorm
from pearlite.task import Player, Task
from pearlite.train.finder import find_rate
from pearlite.train.losses import mse
from pearlite.train.optimisers import adam, muon, sgd
from pearlite.train.schedule import linear
from pearlite.train.trainer import Trainer


class Bowl(Task):
    """Loss ½ k w²: gradient descent at a rate above 2/k diverges, at 1/k it is done in a step."""

    def __init__(self, k=1.0, floor=0.0):
        super().__init__()
        self.w, self.k, self.floor = nn.Parameter(torch.tensor(1.0)), k, floor

    def loss(self, batch):
        return self.k * self.w**2 / 2 + self.floor


class Net(Task):
    def __init__(self, *between):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(3, 8), *between, nn.Linear(8, 1))

    def f(self, x):
        return self.net(x)

    def L(self, y_hat, y):
        return mse(y_hat, y)


def data(seed=0):
    x = torch.randn(128, 3, generator=torch.Generator().manual_seed(seed))
    return x, x.sum(1, keepdim=True)


@pytest.mark.parametrize("floor", [0.0, -20.0])
@pytest.mark.parametrize("k", [0.1, 1.0, 100.0])
def test_the_suggestion_follows_the_curvature(k, floor):
    scan = find_rate(Bowl(k, floor), lambda step: None, optimiser=sgd(), highest=1e3)
    assert 0.1 / k < scan.suggestion < 2 / k


def test_the_scan_rises_and_ends_where_the_loss_explodes():
    scan = find_rate(
        Bowl(), lambda step: None, optimiser=sgd(), lowest=1e-3, highest=1e3, steps=120
    )
    assert len(scan.rates) == len(scan.losses) == len(scan.smooth) < 120
    assert np.allclose(np.diff(np.log(scan.rates)), math.log(1e6) / 119)
    assert scan.losses[0] == pytest.approx(0.5)
    assert scan.losses.max() == scan.losses[-1]
    assert 2 < scan.rates[-1] < 100


@pytest.mark.parametrize("make", [None, sgd(0.1, 0.9), adam(), muon()])
def test_nothing_of_the_task_changes(make):
    task = Net(BatchNorm(8), nn.Dropout(0.2))
    before = {name: tensor.clone() for name, tensor in task.state_dict().items()}
    state = torch.get_rng_state()
    scan = find_rate(task, Stream(data(), batch=16), optimiser=make)
    assert all(torch.equal(tensor, before[name]) for name, tensor in task.state_dict().items())
    assert all(p.grad is None for p in task.parameters())
    assert task.training
    assert torch.equal(torch.get_rng_state(), state)
    again = find_rate(task, Stream(data(), batch=16), optimiser=make)
    assert np.array_equal(scan.losses, again.losses)


def test_training_at_the_suggestion_learns():
    task = Net(nn.ReLU())
    stream = Stream(data(), batch=16)
    rate = find_rate(task, stream).suggestion
    decay = linear(steps=200)
    events = {"start": [decay], "step": [decay]}
    history = Trainer(task, optimiser=adam(rate), every=50, events=events).fit(stream, steps=200)
    assert history[-1]["loss"] < 0.1  # of 3, the variance of y


def test_an_error_puts_the_weights_back_too():
    def broken(step):
        if step == 5:
            raise OSError("disk gone")

    task = Bowl()
    with pytest.raises(OSError, match="disk gone"):
        find_rate(task, broken, lowest=1e-2)
    assert float(task.w.detach()) == 1


class Flat(Bowl):
    def loss(self, batch):
        return 1 + 0 * self.w


class Duel(Bowl):
    def players(self):
        return [Player(name, [self.w], self.loss) for name in "ab"]


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        (Bowl(), {"lowest": 1.0, "highest": 0.1}, "0 < lowest < highest"),
        (Flat(), {}, "the loss never fell"),
        (Duel(), {}, "several players"),
    ],
)
def test_what_cannot_be_scanned_is_refused(task, options, message):
    with pytest.raises(InputError, match=message):
        find_rate(task, lambda step: None, **options)
