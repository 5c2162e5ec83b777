"""Small real problems on which optimisers, rates and diagnoses are tried; nothing is downloaded.

Axes: B batch, C channels, H rows, W columns, D features, T time.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read when torch is imported

import torch
from skimage import data, filters, transform
from sklearn import datasets
from torch import Tensor, nn

from pearlite.data.stream import Stream, in_order
from pearlite.errors import InputError
from pearlite.nets.classifier import CNNClassifier
from pearlite.nets.cnn import CNN
from pearlite.nets.convolution import Convolution
from pearlite.nets.lstm import LSTM
from pearlite.nets.mlp import MLP
from pearlite.nets.vit import ViT
from pearlite.task import Task
from pearlite.train.losses import Loss, cross_entropy, l1, mse
from pearlite.train.optimisers import MakeOptimiser
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Trainer
from pearlite.train.validate import mean_loss

torch.set_num_threads(1)
Pair = tuple[Tensor, Tensor]


class Fit(Task):
    """A network and a loss."""

    def __init__(self, net: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.net, self.measure = net, loss

    def f(self, x: Tensor) -> Tensor:
        """Apply the network."""
        return self.net(x)

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Apply the loss."""
        return self.measure(y_hat, y)


@dataclass(frozen=True)
class Problem:
    """Training and validation part, the network from its seed, the loss, batch size and steps."""

    train: Pair
    withheld: Pair
    net: Callable[[torch.Generator], nn.Module]
    loss: Loss
    batch: int
    steps: int

    def task(self, seed: int) -> Fit:
        """Make the untrained task of a seed."""
        return Fit(self.net(generator(seed)), self.loss)

    def stream(self, seed: int) -> Stream:
        """Make the training batches in the order of a seed."""
        return Stream(self.train, self.batch, seed=seed)

    def fit(self, make: MakeOptimiser, seed: int, every: int | None = None) -> tuple[Fit, Trainer]:
        """Train with a rate that decays to 0; without `every`, nothing is validated on the way."""
        task = self.task(seed)
        decay = cosine(steps=self.steps, warm_up=10)
        trainer = Trainer(
            task,
            optimiser=make,
            validate=mean_loss(in_order(self.withheld, 512)) if every else None,
            every=every or self.steps + 1,
            keep="last",
            seed=seed,
            events={"start": [decay], "step": [decay]},
        )
        trainer.fit(self.stream(seed), steps=self.steps)
        return task, trainer

    @torch.no_grad()
    def errors(self, task: Task) -> tuple[float, float]:
        """Mean loss on the training and on the validation part."""
        parts = (self.train, self.withheld)
        return tuple(mean_loss(in_order(part, 512))(task)["val_loss"] for part in parts)  # type: ignore[return-value]

    def errors_at(self, make: MakeOptimiser, seed: int) -> tuple[float, float]:
        """Errors after a training; infinite where its loss was not finite."""
        try:
            return self.errors(self.fit(make, seed)[0])
        except InputError:
            return math.inf, math.inf


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def shuffled(x: Tensor, y: Tensor, share: float = 0.7) -> tuple[Pair, Pair]:
    order = torch.randperm(len(x), generator=generator(0))
    count = int(share * len(x))
    train, withheld = order[:count], order[count:]
    return (x[train], y[train]), (x[withheld], y[withheld])


def standardised(values: Tensor) -> Tensor:
    return (values - values.mean(0)) / (values.std(0) + 1e-9)


def table(bunch: tuple, classes: bool) -> tuple[Pair, Pair]:
    x = standardised(torch.tensor(bunch[0], dtype=torch.float32))
    if classes:
        return shuffled(x, torch.tensor(bunch[1]).long())
    return shuffled(x, standardised(torch.tensor(bunch[1], dtype=torch.float32))[:, None])


def digit_images() -> tuple[Pair, Pair]:
    x, y = datasets.load_digits(return_X_y=True)
    images_BCHW = torch.tensor(x, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    return shuffled(images_BCHW, torch.tensor(y), 2 / 3)


def edge_images() -> tuple[Pair, Pair]:
    def pair(image) -> Pair:
        small = transform.resize(image, (64, 64), anti_aliasing=True)
        return tuple(  # type: ignore[return-value]
            torch.tensor(a, dtype=torch.float32)[None, None]
            for a in (small, filters.sobel_v(small))
        )

    return pair(data.camera()), pair(data.coins())


def noisy_patches(image) -> tuple[Pair, Pair]:
    clean = torch.tensor(image, dtype=torch.float32) / 255
    patches_BCHW = clean.unfold(0, 32, 32).unfold(1, 32, 32).reshape(-1, 1, 32, 32)
    noise = 0.1 * torch.randn(patches_BCHW.shape, generator=generator(1))
    return shuffled(patches_BCHW + noise, patches_BCHW)


def square() -> Problem:
    x = 4 * torch.rand(400, 1, generator=generator(0)) - 2
    return Problem(*shuffled(x, x**2), lambda g: MLP((1, 32, 32, 1), generator=g), mse, 32, 400)


def wine() -> Problem:
    parts = table(datasets.load_wine(return_X_y=True), classes=True)
    return Problem(*parts, lambda g: MLP((13, 32, 3), generator=g), cross_entropy, 32, 200)


def cancer() -> Problem:
    parts = table(datasets.load_breast_cancer(return_X_y=True), classes=True)
    return Problem(*parts, lambda g: MLP((30, 64, 64, 2), generator=g), cross_entropy, 32, 200)


def diabetes() -> Problem:
    parts = table(datasets.load_diabetes(return_X_y=True), classes=False)
    return Problem(*parts, lambda g: MLP((10, 64, 64, 1), generator=g), mse, 32, 200)


def edges() -> Problem:
    parts = edge_images()
    return Problem(*parts, lambda g: Convolution(1, 1, 3, bias=False, generator=g), l1, 1, 500)


def camera() -> Problem:
    parts = noisy_patches(data.camera())
    return Problem(*parts, lambda g: CNN(1, 1, width=8, depth=3, generator=g), mse, 16, 150)


def digits(widths: tuple[int, ...] = (8, 16, 32), steps: int = 150) -> Problem:
    def net(g: torch.Generator) -> nn.Module:
        return CNNClassifier(1, 10, widths=widths, generator=g)

    return Problem(*digit_images(), net, cross_entropy, 64, steps)


def digits_vit() -> Problem:
    def net(g: torch.Generator) -> nn.Module:
        return ViT((8, 8), 2, 10, width=32, depth=2, heads=4, generator=g)

    return Problem(*digit_images(), net, cross_entropy, 32, 150)


def friedman() -> Problem:
    parts = table(datasets.make_friedman1(1000, noise=1.0, random_state=0), classes=False)
    return Problem(*parts, lambda g: MLP((10, 64, 64, 1), generator=g), mse, 32, 200)


def waves() -> Problem:
    """Go on with a sum of two sines of random phase, one step ahead."""
    phases = 2 * math.pi * torch.rand(400, 2, 1, generator=generator(0))
    times = torch.arange(17)
    series_BT1 = (torch.sin(0.3 * times + phases[:, 0]) + torch.sin(0.7 * times + phases[:, 1]))[
        ..., None
    ]
    parts = shuffled(series_BT1[:, :-1], series_BT1[:, 1:])
    return Problem(*parts, lambda g: LSTM(1, 1, width=24, generator=g), mse, 32, 150)


CHOSEN_ON = [square, wine, cancer, edges, diabetes, digits, camera]  # the finder's rule
MEASURED_ON = [digits_vit, friedman, waves]  # seen only after the rule stood
