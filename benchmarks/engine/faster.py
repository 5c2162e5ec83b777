"""What 16-bit products and torch.compile bring on this machine: CPU time of a step, by network.

    python -m benchmarks.engine.faster

Prints milliseconds a step in float32, and the ratios to it, paired and interleaved; and how long
the compiler took, with the number of steps after which that has paid.
"""

import time
from statistics import median

import torch

from pearlite.nets import build
from pearlite.task import Task
from pearlite.train import losses
from pearlite.train.precision import has_fast_bfloat16
from pearlite.train.trainer import Trainer

ROUNDS, SECONDS = 5, 2.0
WAYS = {
    "float32": {},
    "bfloat16": {"precision": "bfloat16"},
    "compiled": {"compile": True},
    "both": {"precision": "bfloat16", "compile": True},
}


class Fit(Task):
    """Any network and any loss."""

    def __init__(self, net: torch.nn.Module, loss: losses.Loss) -> None:
        super().__init__()
        self.net, self.loss_of = net, loss

    def f(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the network."""
        return self.net(x)

    def L(self, y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Apply the loss."""
        return self.loss_of(y_hat, y)


def problems() -> dict[str, tuple]:
    """Return network, loss and batch by name."""
    tokens = torch.randint(0, 65, (16, 64), generator=torch.Generator().manual_seed(0))
    images, digits = torch.rand(32, 1, 16, 16), torch.arange(32) % 10
    scenes = torch.rand(4, 1, 128, 128)
    words = {"context": 64, "width": 128, "depth": 4, "heads": 4}
    over_tokens = lambda y_hat, y: losses.cross_entropy(y_hat.transpose(1, 2), y)  # noqa: E731
    return {
        "MLP 32-64-64-1, batch 32": (
            lambda: build("mlp", widths=[32, 64, 64, 1]),
            losses.mse,
            (torch.rand(32, 32), torch.rand(32, 1)),
        ),
        "CNN classifier, 32 images of 16 x 16": (
            lambda: build("classifier"),
            losses.cross_entropy,
            (images, digits),
        ),
        "U-Net, 4 images of 128 x 128": (
            lambda: build("unet", width=16, depth=3),
            losses.mse,
            (scenes, scenes),
        ),
        "transformer, 16 x 64 tokens": (
            lambda: build("transformer-decoder", vocabulary=65, **words),
            over_tokens,
            (tokens, tokens),
        ),
    }


def main() -> None:
    torch.set_num_threads(1)
    print(f"bfloat16 in hardware here: {has_fast_bfloat16('cpu')}")
    for name, (make, loss, batch) in problems().items():
        trainers, first = {}, {}
        for way, options in WAYS.items():
            trainers[way] = Trainer(Fit(make(), loss), keep="last", **options)
            began = time.perf_counter()
            trainers[way].fit(lambda step, b=batch: b, steps=2)
            first[way] = time.perf_counter() - began
        times = {way: [] for way in WAYS}
        steps = 2
        plain = paces(trainers["float32"], batch, steps, 5)
        count = max(3, int(SECONDS / plain))
        steps += 5
        for _ in range(ROUNDS):
            for way, trainer in trainers.items():
                times[way].append(paces(trainer, batch, trainer.step, count))
        base = median(times["float32"])
        parts = [
            f"{way} {median(a / b for a, b in zip(times[way], times['float32'], strict=True)):.2f}"
            for way in WAYS
            if way != "float32"
        ]
        saved = base - median(times["compiled"])
        pays = f"{first['compiled'] / saved:,.0f} steps" if saved > 0 else "never"
        print(
            f"{name}: float32 {1e3 * base:.2f} ms a step; {', '.join(parts)}; compiling "
            f"{first['compiled']:.0f} s, pays after {pays}",
            flush=True,
        )


def paces(trainer: Trainer, batch: tuple, done: int, count: int) -> float:
    """Return CPU seconds a step over the next `count` steps."""
    began = time.process_time()
    trainer.fit(lambda step: batch, steps=done + count)
    return (time.process_time() - began) / count


if __name__ == "__main__":
    main()
