"""The two small trainings that every engine makes: the same data, first weights and batches.

Letters: N samples, C channels, Y rows, X columns.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

from pearlite.data.stream import Stream

BATCH, STEPS_AN_EPOCH, WITHHELD, RATE = 32, 64, 512, 1e-3


@dataclass(frozen=True)
class Problem:
    """Samples, a network, its loss, and the order of the samples in every epoch."""

    name: str
    train: tuple[Tensor, Tensor]
    withheld: tuple[Tensor, Tensor]
    network: Callable[[], nn.Module]
    criterion: Callable[[], nn.Module]
    orders: list[list[int]]

    def net(self) -> nn.Module:
        """Return the network with the same first weights every time."""
        with torch.random.fork_rng(devices=()):
            torch.default_generator.manual_seed(0)
            return self.network()

    def loader(self) -> DataLoader:
        """Return torch's loader; its batches are those of `stream`."""
        return DataLoader(TensorDataset(*self.train), BATCH, sampler=Order(self.orders))

    def stream(self) -> Stream:
        """Return pearlite's stream of batches."""
        return Stream(self.train, BATCH, seed=0)

    @torch.inference_mode()
    def judge(self, net: nn.Module) -> float:
        """Return the loss on the withheld samples."""
        x, y = self.withheld
        net.eval()
        loss = float(self.criterion()(net(x), y))
        net.train()
        return loss


class Order(Sampler[int]):
    """Goes through the samples in the next of some orders, drawn beforehand, every time."""

    def __init__(self, orders: list[list[int]]) -> None:
        self.orders, self.epoch = orders, 0

    def __len__(self) -> int:
        return len(self.orders[0])

    def __iter__(self) -> Iterator[int]:
        self.epoch += 1
        yield from self.orders[self.epoch - 1]


def problem(name: str, epochs: int) -> Problem:
    """Draw the data of ``"mlp"`` or ``"cnn"``, and the orders of so many epochs."""
    draw = torch.Generator().manual_seed(0)
    count = BATCH * STEPS_AN_EPOCH
    if name == "mlp":
        x = torch.randn(count + WITHHELD, 32, generator=draw)
        y = x[:, :1].sin()
        network, criterion = _mlp, nn.MSELoss
    else:
        y = torch.randint(10, (count + WITHHELD,), generator=draw)
        bars_NCYX = F.one_hot(y, 16).float()[:, None, :, None].expand(-1, 1, 16, 16)
        x = bars_NCYX + torch.randn(bars_NCYX.shape, generator=draw)
        network, criterion = _cnn, nn.CrossEntropyLoss
    stream = Stream((x[:count], y[:count]), BATCH, seed=0)
    steps = torch.arange(epochs * STEPS_AN_EPOCH).view(epochs, -1).tolist()
    orders = [torch.cat([stream.indices(step) for step in epoch]).tolist() for epoch in steps]
    return Problem(name, (x[:count], y[:count]), (x[count:], y[count:]), network, criterion, orders)


def _mlp() -> nn.Module:
    hidden = [nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Linear(64, 1))


def _cnn() -> nn.Module:
    first = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(16 * 4 * 4, 10))
