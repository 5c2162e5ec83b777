"""Several processes that train one model: torch's DDP and FSDP2, started by ``torchrun``.

Each process runs the same program. It joins the others, takes its share of every batch (see
`pearlite.data.stream.Stream`), and the gradients are averaged before every update, so that all
processes make the update that one would have made with the whole batch.
"""

import atexit
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from torch.nn.parallel import DistributedDataParallel

from pearlite.data.stream import world
from pearlite.errors import InputError
from pearlite.task import Player, Task


@contextmanager
def joined() -> Iterator[torch.device]:
    """Join the processes that ``torchrun`` has started, and leave them at the end.

    Yields
    ------
    torch.device
        Where this process computes: a GPU of its own where there are GPUs, else the CPU. Without
        ``torchrun`` the process is alone, and nothing else is different.
    """
    gpu = torch.cuda.is_available()
    if not dist.is_torchelastic_launched():
        yield torch.device("cuda" if gpu else "cpu")
        return
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if gpu else torch.device("cpu")
    if gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if gpu else "gloo")
    atexit.register(gc.collect)  # or gloo's threads live on and may abort an ending Python
    try:
        yield device
    finally:
        dist.destroy_process_group()


def is_first() -> bool:
    """Whether this process is the first of those that ``torchrun`` has started, or alone."""
    return os.environ.get("RANK", "0") == "0"


def replicate(task: Task) -> Task:
    """Keep the whole task in every process and average the gradients: DDP.

    Li et al., PyTorch Distributed, VLDB 2020 (arXiv 2006.15704). The task itself is returned; in a
    process that is alone it is unchanged. Buffers, such as the statistics of a batch norm, are the
    first process's.
    """
    if world() == 1:
        return task
    players = list(task.players())
    together = _Losses(task, players)
    several = len(together.losses) > 1
    losses = DistributedDataParallel(together, find_unused_parameters=several)
    moves = [
        replace(p, loss=partial(losses, i, 0), penalty=p.penalty and partial(losses, i, 1))
        for i, p in enumerate(players)
    ]
    task.players = lambda: moves
    return task


def shard(task: Task) -> Task:
    """Cut every parameter into pieces, one a process, and gather a layer when it is used: FSDP2.

    For networks that do not fit into one device. The task itself is returned; in a process that is
    alone it is unchanged. Its layers are gathered one after the other: each child of a network, or
    each element of its lists, is one.

    Raises
    ------
    InputError
        If the task has several players.
    """
    if world() == 1:
        return task
    if len(task.players()) > 1:
        raise InputError("a task with several players cannot be sharded; use replicate")
    for layer in _layers(task):
        fully_shard(layer)
    fully_shard(task)
    register_fsdp_forward_method(task, "loss")
    register_fsdp_forward_method(task, "f")
    return task


def agreed(choice: int) -> int:
    """Return the largest of what the processes chose, so that they all do the same."""
    if world() == 1:
        return choice
    chosen = torch.tensor(choice, device="cuda" if dist.get_backend() == "nccl" else "cpu")
    dist.all_reduce(chosen, dist.ReduceOp.MAX)
    return int(chosen)


class _Losses(nn.Module):
    """All players' losses and penalties behind one forward: DDP sees when gradients are ready."""

    def __init__(self, task: Task, players: list[Player]) -> None:
        super().__init__()
        self.task = task
        self.losses = {(i, 0): player.loss for i, player in enumerate(players)}
        self.losses |= {(i, 1): p.penalty for i, p in enumerate(players) if p.penalty}

    def forward(self, player: int, which: int, batch: Any) -> Tensor:
        return self.losses[player, which](batch)


def _layers(task: Task) -> Iterator[nn.Module]:
    """Yield the modules with parameters two floors below the task, whole lists opened."""
    for network in task.children():
        for child in network.children():
            lists = isinstance(child, nn.ModuleList | nn.Sequential)
            for layer in child.children() if lists else [child]:
                if any(True for _ in layer.parameters()) and not isinstance(layer, nn.ModuleList):
                    yield layer
