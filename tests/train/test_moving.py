import torch
from torch import nn

from pearlite.task import Task
from pearlite.train.moving import MovingWeights
from pearlite.train.trainer import Trainer


class Counted(Task):
    """Its weight and its buffers are the number of the step."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def loss(self, batch):
        return self.weight * 0


def train(memory, steps):
    task = Counted()
    moving = MovingWeights(task, memory)

    def count(trainer):
        task.weight.data.fill_(trainer.step)
        task.seen.fill_(trainer.step)

    events = {"step": [count, moving.follow], "end": [moving.settle]}
    Trainer(task, keep="last", events=events).fit(lambda step: None, steps=steps)
    return task, moving


def test_is_the_recursive_mean():
    task, moving = train(memory=5, steps=60)
    expected = 0.0
    for step in range(1, 61):
        expected += max(1 / 5, 10 / (step + 10)) * (step - expected)
    torch.testing.assert_close(moving.task.weight, torch.tensor(expected))
    assert abs(expected - 60) < 5
    torch.testing.assert_close(task.weight.detach(), torch.tensor(expected))


def test_one_network_of_a_task_can_be_averaged_alone():
    class Pair(Task):
        def __init__(self):
            super().__init__()
            self.calm, self.wild = Counted(), Counted()

        def loss(self, batch):
            return self.calm.weight * 0

    task = Pair()
    moving = MovingWeights(task, 5, part="calm")

    def count(trainer):
        for one in (task.calm, task.wild):
            one.weight.data.fill_(trainer.step)

    events = {"step": [count, moving.follow], "end": [moving.settle]}
    Trainer(task, keep="last", events=events).fit(lambda step: None, steps=20)
    alone, _ = train(memory=5, steps=20)
    assert moving.state_dict().keys() == {"weight", "seen"}
    assert task.calm.weight.item() == alone.weight.item() < 20
    assert task.wild.weight.item() == 20


def test_what_cannot_be_averaged_is_copied():
    task, moving = train(memory=100, steps=7)
    assert int(moving.task.seen) == int(task.seen) == 7


def test_the_average_is_apart_from_the_task():
    task, moving = train(memory=100, steps=3)
    before = moving.task.weight.clone()
    task.weight.data.fill_(50)
    assert torch.equal(moving.task.weight, before)
    assert not moving.task.weight.requires_grad
    assert not moving.task.training
