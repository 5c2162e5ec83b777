"""What every process of tests/train/test_distribute.py does: python two_processes.py FOLDER."""

import os
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.distributed.tensor import DTensor

from pearlite.data.stream import Stream, in_order, rank, world
from pearlite.nets.mlp import MLP
from pearlite.task import Player, Task
from pearlite.train.adversarial import frozen, r1
from pearlite.train.distribute import joined, replicate, shard
from pearlite.train.optimisers import adam, muon, sgd
from pearlite.train.state import State
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss

STEPS = 12
x = torch.rand(64, 3, generator=torch.Generator().manual_seed(0))
DATA = (x, x.sum(1, keepdim=True).sin())


class Curve(Task):
    def __init__(self):
        super().__init__()
        self.net = MLP([3, 16, 16, 1], generator=torch.Generator().manual_seed(1))

    def f(self, x):
        return self.net(x)

    def L(self, y_hat, y):
        return F.mse_loss(y_hat, y)


class Rivals(Task):
    """Two players with losses of their own, of which one goes through both networks."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(2)
        self.one = MLP([3, 8, 1], generator=generator)
        self.other = MLP([1, 8, 1], generator=generator)

    def players(self):
        return [
            Player("one", list(self.one.parameters()), self.through_both),
            Player("other", list(self.other.parameters()), self.against, 2, self.steepness, lazy=3),
        ]

    def through_both(self, batch):
        with frozen(self.other):
            return self.other(self.one(batch[0])).square().mean()

    def steepness(self, batch):
        return r1(self.other, batch[1])

    def against(self, batch):
        return (
            -self.other(self.one(batch[0]).detach()).mean() + self.other(batch[1]).square().mean()
        )


def whole(task):
    weights = {name: w.detach() for name, w in task.state_dict().items()}
    return {
        name: (w.full_tensor() if isinstance(w, DTensor) else w).clone()
        for name, w in weights.items()
    }


def trained(task, optimiser=None, steps=STEPS, **options):
    trainer = Trainer(task, optimiser=optimiser or sgd(0.1, momentum=0.9), keep="last", **options)
    trainer.fit(Stream(DATA, batch=16, seed=3), steps=steps, resume="state" in options)
    return trainer


def apart():
    """Train on this process's share alone: what happens without any exchange."""
    return whole(trained(Curve()).task)


def sharded(folder, steps, optimiser):
    validate = mean_loss(in_order(DATA))
    return trained(shard(Curve()), optimiser, steps=steps, state=State(folder), validate=validate)


def main(folder):
    with joined():
        found = {
            "replicated": whole(trained(replicate(Curve())).task),
            "accumulated": whole(trained(replicate(Curve()), accumulate=2).task),
            "sharded": whole(trained(shard(Curve())).task),
            "rivals": whole(trained(replicate(Rivals())).task),
            "apart": apart(),
        }
        for name, optimiser in (("adam", adam(0.01)), ("muon", muon(0.01, clip=1.0))):
            found[name] = whole(sharded(folder / name, STEPS, optimiser).task)
            sharded(folder / "broken" / name, 5, optimiser)
            resumed = sharded(folder / "broken" / name, STEPS, optimiser)
            found[f"{name} resumed"] = whole(resumed.task)

        def stop_here(trainer):
            if (trainer.rank, trainer.step) == (1, 4):
                trainer.stopped = "tired"

        trainer = trained(replicate(Curve()), events={"step": [stop_here]})
        steps = torch.tensor([trainer.step] * world())
        flat = {f"{case}/{name}": w for case, net in found.items() for name, w in net.items()}
        save_file({**flat, "stopped": steps}, folder / f"{rank()}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    os._exit(0)  # torch's caches of shards keep gloo's threads, which may abort an ending Python
