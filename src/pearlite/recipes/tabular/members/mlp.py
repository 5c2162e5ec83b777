"""A few multilayer perceptrons from pearlite's engine, averaged.

Axes: N rows, B rows of a batch, F features, K outputs.
"""

import math
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from pearlite.nets.mlp import MLP
from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.members import Matrix
from pearlite.recipes.tabular.members.arrays import load_arrays, save_arrays
from pearlite.seeds import derived_seed
from pearlite.task import Task
from pearlite.train.optimisers import adamw
from pearlite.train.schedule import cosine
from pearlite.train.trainer import Trainer


class NeuralNetwork:
    """The mean of MLPs that differ in their seeds (Lakshminarayanan et al., NeurIPS 30, 2017).

    Each has a hidden layer of rectifiers on top of another, is trained on absolute errors, squares,
    pinball losses or cross-entropy, as the aim asks, and sees every row equally often.

    Parameters
    ----------
    networks
        How many.
    width
        Features of the hidden layers.
    epochs, batch
        How often every row is seen; how many at once.
    rate, decay, dropout
        Of AdamW; share of hidden features left out.
    """

    amount: ClassVar[str] = "epochs"

    def __init__(
        self,
        networks: int = 4,
        width: int = 128,
        epochs: int = 60,
        batch: int = 64,
        rate: float = 3e-3,
        decay: float = 0.03,
        dropout: float = 0.1,
    ) -> None:
        self.networks, self.width, self.epochs, self.batch = networks, width, epochs, batch
        self.rate, self.decay, self.dropout = rate, decay, dropout
        self.effort = 1.0
        self.of_classes = False
        self.centre, self.scale = 0.0, 1.0
        self.sizes = (0, 0)
        self.nets: list[MLP] = []

    def fit(
        self,
        x_NF: Matrix,
        y_N: NDArray[Any],
        weight_N: NDArray[np.float64] | None,
        aim: Aim,
        *,
        seed: int,
        threads: int,
        seconds: float,
    ) -> Self:
        """Train one network after the other, each for its part of the time."""
        self.of_classes, self.sizes = aim.of_classes, (x_NF.shape[1], aim.outputs)
        if not aim.of_classes:
            self.centre = float(np.median(y_N) if aim.absolute else y_N.mean())
            self.scale = float(y_N.std()) or 1.0
            y_N = (y_N - self.centre) / self.scale
        share_N = np.ones(len(y_N)) if weight_N is None else weight_N / weight_N.mean()
        x, weight = (torch.from_numpy(each.astype(np.float32)) for each in (x_NF, share_N))
        y = torch.from_numpy(np.asarray(y_N, np.int64 if aim.of_classes else np.float32))
        batch = min(self.batch, len(y))
        steps = math.ceil(self.epochs * len(y) / batch)
        longest = seconds / self.networks / 60 if math.isfinite(seconds) else None
        before, taken = torch.get_num_threads(), 0
        torch.set_num_threads(threads)
        try:
            for number in range(self.networks):
                own = derived_seed(seed, number)
                generator = torch.Generator().manual_seed(own % 2**63)
                net = self._net(generator)
                trainer = Trainer(
                    Supervised(net, aim),
                    optimiser=adamw(self.rate, self.decay),
                    seed=own,
                    keep="last",
                    every=steps,
                    events=_scheduled(steps, longest),
                )
                trainer.fit(_Batches((x, y, weight), batch, own), steps=steps, minutes=longest)
                self.nets.append(net.eval())
                taken += trainer.step
        finally:
            torch.set_num_threads(before)
        self.effort = taken / (steps * self.networks)
        return self

    def _net(self, generator: torch.Generator) -> MLP:
        inputs, outputs = self.sizes
        widths = (inputs, self.width, self.width, outputs)
        return MLP(widths, dropout=self.dropout, generator=generator)

    @torch.inference_mode()
    def predict(self, x_NF: Matrix) -> Matrix:
        """Return numbers, probabilities or quantiles, (N, K)."""
        x = torch.from_numpy(x_NF.astype(np.float32))
        answers_NK = [net(x).double() for net in self.nets]
        if self.of_classes:
            answers_NK = [answer.softmax(1) for answer in answers_NK]
        mean_NK = torch.stack(answers_NK).mean(0).numpy()
        return mean_NK if self.of_classes else np.sort(mean_NK, axis=1) * self.scale + self.centre

    def save(self, stem: Path) -> dict[str, Any]:
        """Write the weights."""
        save_arrays(
            stem.with_suffix(".safetensors"),
            {
                f"{number}.{name}": tensor.numpy()
                for number, net in enumerate(self.nets)
                for name, tensor in net.state_dict().items()
            },
        )
        return {
            "of_classes": self.of_classes,
            "centre": self.centre,
            "scale": self.scale,
            "networks": len(self.nets),
            "width": self.width,
            "sizes": list(self.sizes),
        }

    @classmethod
    def load(cls, stem: Path, facts: dict[str, Any]) -> Self:
        """Read what `save` wrote."""
        arrays = load_arrays(stem.with_suffix(".safetensors"))
        made = cls(networks=facts["networks"], width=facts["width"])
        made.of_classes, made.centre, made.scale = (
            facts[name] for name in ("of_classes", "centre", "scale")
        )
        made.sizes = tuple(facts["sizes"])
        for number in range(made.networks):
            net = made._net(torch.Generator())
            prefix = f"{number}."
            own = {
                name.removeprefix(prefix): torch.from_numpy(array)
                for name, array in arrays.items()
                if name.startswith(prefix)
            }
            net.load_state_dict(own)
            made.nets.append(net.eval())
        return made


class Supervised(Task):
    """A network, and the loss of its answers to weighted rows."""

    def __init__(self, net: nn.Module, aim: Aim) -> None:
        super().__init__()
        self.net, self.aim = net, aim
        self.levels = torch.tensor(aim.levels or (0.5,))

    def f(self, x: Tensor) -> Tensor:
        """Answer rows."""
        return self.net(x)

    def loss(self, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Mean over the rows of a batch, each times its weight."""
        x_BF, y_B, weight_B = batch
        answer_BK = self.f(x_BF)
        if self.aim.of_classes:
            loss_B = F.cross_entropy(answer_BK, y_B, reduction="none")
        else:
            error_BK = y_B[:, None] - answer_BK
            if self.aim.levels:
                error_BK = torch.maximum(self.levels * error_BK, (self.levels - 1) * error_BK)
            loss_B = (error_BK.abs() if self.aim.absolute or self.aim.levels else error_BK**2).mean(
                1
            )
        return (loss_B * weight_B).mean()


class _Batches:
    """The batch of each step: every epoch in an order of its own."""

    def __init__(self, tensors: tuple[Tensor, ...], batch: int, seed: int) -> None:
        self.tensors, self.batch, self.seed = tensors, batch, seed
        self.epoch, self.order = -1, np.empty(0, np.int64)

    def __call__(self, step: int) -> tuple[Tensor, ...]:
        count = len(self.tensors[0])
        epoch, start = divmod(step * self.batch, count)
        if epoch != self.epoch:
            random = np.random.default_rng(derived_seed(self.seed, epoch))
            self.epoch, self.order = epoch, random.permutation(count)
        rows = torch.from_numpy(np.take(self.order, range(start, start + self.batch), mode="wrap"))
        return tuple(tensor[rows] for tensor in self.tensors)


def _scheduled(steps: int, minutes: float | None) -> dict[str, list[Any]]:
    fall = cosine(steps=steps, minutes=minutes, warm_up=steps // 20)
    return {"start": [fall], "step": [fall]}
